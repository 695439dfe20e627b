//===- FakeStreams.cpp - Streams, events and graphs of the fake driver ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeState.h"

#include <algorithm>
#include <thread>

using namespace fakecuda;

Result Driver::submit(Stream &stream, Operation operation) {
  stream.endsInKernel = false;
  if (!stream.capture) {
    stream.items.push_back({std::move(operation), nullptr, 0});
    return Success;
  }
  if (stream.capture->invalid)
    return CaptureInvalidated;
  stream.capture->operations.push_back(std::move(operation));
  ++stream.capture->clocks[&stream][&stream];
  return Success;
}

void Driver::runUntil(Stream &stream, size_t position) {
  while (stream.done < position && !fault) {
    const Stream::Item item = stream.items[stream.done];
    Result result = Success;
    if (item.awaited) {
      runUntil(*item.awaited, item.position);
      if (item.awaited->done < item.position)
        return;
    } else {
      result = item.operation();
    }
    if (result == ErrorNotReady)
      return;
    ++stream.done;
    fault = result;
  }
}

void Driver::finish(Stream &stream) {
  while (stream.done < stream.items.size() && !fault) {
    runUntil(stream, stream.items.size());
    std::this_thread::yield();
  }
}

Result Driver::refuseCapture(const char *function) {
  if (!capture)
    return Success;
  capture->invalid = true;
  return misuse(std::string(function) + " while a graph is recorded",
                CaptureUnsupported);
}

/// The stream of a handle, or `null` and a misuse.
static Stream *streamOf(const char *function, StreamHandle handle) {
  Stream *stream = driver().streams.find(handle);
  if (!stream)
    driver().misuse(std::string(function) + " of an unknown stream",
                    InvalidHandle);
  return stream;
}

static Event *eventOf(const char *function, EventHandle handle) {
  Event *event = driver().events.find(handle);
  if (!event)
    driver().misuse(std::string(function) + " of an unknown event",
                    InvalidHandle);
  return event;
}

Result fakecuda::cuStreamCreate(StreamHandle *handle, unsigned flags) {
  FAKE_ENTER();
  if (flags != StreamNonBlocking)
    return driver().misuse("a stream that waits for the default stream",
                           ErrorInvalidValue);
  *handle = driver().streams.add(std::make_unique<Stream>());
  return Success;
}

Result fakecuda::cuStreamDestroy(StreamHandle handle) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  if (!stream)
    return InvalidHandle;
  driver().finish(*stream);
  driver().streams.remove(handle);
  return Success;
}

Result fakecuda::cuStreamSynchronize(StreamHandle handle) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  if (!stream)
    return InvalidHandle;
  if (stream->capture)
    return driver().refuseCapture(__func__);
  driver().finish(*stream);
  return driver().fault;
}

Result fakecuda::cuStreamQuery(StreamHandle handle) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  if (!stream)
    return InvalidHandle;
  if (stream->capture)
    return driver().refuseCapture(__func__);
  driver().runUntil(*stream, stream->items.size());
  if (driver().fault)
    return driver().fault;
  return stream->done < stream->items.size() ? Result(ErrorNotReady)
                                             : Result(Success);
}

Result fakecuda::cuStreamWaitEvent(StreamHandle handle, EventHandle awaited,
                                   unsigned) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  Event *event = eventOf(__func__, awaited);
  if (!stream || !event)
    return InvalidHandle;
  stream->endsInKernel = false;
  if (event->capture) {
    stream->capture = event->capture;
    for (auto [other, position] : event->clock) {
      size_t &known = stream->capture->clocks[stream][other];
      known = std::max(known, position);
    }
  } else if (stream->capture) {
    stream->capture->invalid = true;
    return driver().misuse("a recorded stream waits for an event outside",
                           CaptureIsolation);
  } else if (event->stream) {
    stream->items.push_back({nullptr, event->stream, event->position});
  }
  return Success;
}

Result fakecuda::cuEventCreate(EventHandle *handle, unsigned) {
  FAKE_ENTER();
  *handle = driver().events.add(std::make_unique<Event>());
  return Success;
}

Result fakecuda::cuEventDestroy(EventHandle handle) {
  FAKE_ENTER();
  return driver().events.remove(handle)
             ? Result(Success)
             : driver().misuse("cuEventDestroy of an unknown event",
                               InvalidHandle);
}

Result fakecuda::cuEventRecord(EventHandle recorded, StreamHandle handle) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  Event *event = eventOf(__func__, recorded);
  if (!stream || !event)
    return InvalidHandle;
  *event = Event();
  stream->endsInKernel = false;
  if (stream->capture) {
    event->capture = stream->capture;
    event->clock = stream->capture->clocks[stream];
    return Success;
  }
  stream->items.push_back({[recorded]() -> Result {
                             if (Event *done = driver().events.find(recorded)) {
                               done->milliseconds = driver().milliseconds;
                               done->hasTime = true;
                             }
                             return Success;
                           },
                           nullptr, 0});
  event->stream = stream;
  event->position = stream->items.size();
  return Success;
}

Result fakecuda::cuEventElapsedTime(float *milliseconds, EventHandle first,
                                    EventHandle second) {
  FAKE_ENTER();
  Event *begin = eventOf(__func__, first), *end = eventOf(__func__, second);
  if (!begin || !end)
    return InvalidHandle;
  if (!begin->hasTime || !end->hasTime)
    return driver().misuse("the time of an event that has not happened", 600);
  *milliseconds = static_cast<float>(end->milliseconds - begin->milliseconds);
  return Success;
}

void fakecuda::enqueue(void *handle, double milliseconds,
                       std::function<int()> work) {
  if (Stream *stream =
          streamOf(__func__, reinterpret_cast<StreamHandle>(handle)))
    driver().submit(*stream, [milliseconds, work = std::move(work)] {
      driver().milliseconds += milliseconds;
      return work();
    });
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

Result fakecuda::cuStreamBeginCapture(StreamHandle handle, int mode) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, handle);
  if (!stream)
    return InvalidHandle;
  if (stream->capture || driver().capture || mode != CaptureThreadLocal)
    return driver().misuse("a second recording, or one of all threads",
                           IllegalState);
  stream->endsInKernel = false;
  stream->capture = std::make_shared<Capture>();
  stream->capture->origin = stream;
  driver().capture = stream->capture.get();
  return Success;
}

Result fakecuda::cuStreamEndCapture(StreamHandle handle, GraphHandle *graph) {
  // The recording ends with an error as well.
  const Result failed = driver().enter(__func__);
  *graph = nullptr;
  Stream *stream = streamOf(__func__, handle);
  if (!stream)
    return InvalidHandle;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (!capture || capture->origin != stream)
    return driver().misuse("the end of a recording that did not begin here",
                           CaptureUnmatched);
  driver().capture = nullptr;
  stream->endsInKernel = false;
  for (const auto &[other, owner] : driver().streams.all)
    if (other->capture == capture)
      other->capture.reset();
  for (const auto &[event, owner] : driver().events.all)
    if (event->capture == capture)
      *event = Event();
  if (failed)
    return failed;
  if (capture->invalid)
    return CaptureInvalidated;
  const Capture::Clock &known = capture->clocks[stream];
  for (const auto &[other, clock] : capture->clocks) {
    auto own = clock.find(other), seen = known.find(other);
    if (own != clock.end() &&
        (seen == known.end() || seen->second < own->second))
      return driver().misuse("a recorded stream that nobody waits for",
                             CaptureUnjoined);
  }
  auto recorded = std::make_unique<Graph>();
  recorded->operations = capture->operations;
  *graph = driver().graphs.add(std::move(recorded));
  return Success;
}

Result fakecuda::cuGraphInstantiateWithFlags(GraphExecHandle *executable,
                                             GraphHandle handle,
                                             unsigned long long) {
  FAKE_ENTER();
  const Graph *graph = driver().graphs.find(handle);
  if (!graph)
    return driver().misuse("an unknown graph", InvalidHandle);
  *executable = driver().executables.add(std::make_unique<Graph>(*graph));
  return Success;
}

Result fakecuda::cuGraphDestroy(GraphHandle handle) {
  FAKE_ENTER();
  return driver().graphs.remove(handle)
             ? Result(Success)
             : driver().misuse("an unknown graph", InvalidHandle);
}

Result fakecuda::cuGraphExecDestroy(GraphExecHandle handle) {
  FAKE_ENTER();
  return driver().executables.remove(handle)
             ? Result(Success)
             : driver().misuse("an unknown executable graph", InvalidHandle);
}

Result fakecuda::cuGraphLaunch(GraphExecHandle handle, StreamHandle on) {
  FAKE_ENTER();
  Stream *stream = streamOf(__func__, on);
  const Graph *graph = driver().executables.find(handle);
  if (!stream || !graph)
    return driver().misuse("the launch of an unknown graph", InvalidHandle);
  for (const Operation &operation : graph->operations)
    if (const Result refused = driver().submit(*stream, operation))
      return refused;
  return Success;
}
