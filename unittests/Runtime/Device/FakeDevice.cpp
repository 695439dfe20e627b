//===- FakeDevice.cpp - A device with hidden memory -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeDevice.h"
#include "segc/model_tables.h"

#include <cstring>
#include <map>

using namespace segc;

/// Offset between addresses of the device and of the process. No processor maps
/// such addresses.
static constexpr uint64_t hidden = uint64_t{1} << 62;

/// Buffers may outlive the device.
struct FakeDevice::Allocations {
  std::map<uint64_t, std::pair<std::byte *, uint64_t>> byAddress;
  uint64_t bytes = 0;
};

struct FakeDevice::FakeMemory : DeviceMemory {
  FakeMemory(std::shared_ptr<Allocations> all, AlignedBuffer &&memory)
      : all(std::move(all)), buffer(std::move(memory)) {
    this->all->byAddress[address().value] = {buffer.data(), buffer.size()};
    this->all->bytes += buffer.size();
  }
  ~FakeMemory() override {
    all->byAddress.erase(address().value);
    all->bytes -= buffer.size();
  }
  DeviceAddress address() const override {
    return {DeviceAddress::of(buffer.data()).value + hidden};
  }
  bool intact() const override { return buffer.intact(); }

  std::shared_ptr<Allocations> all;
  AlignedBuffer buffer;
};

FakeDevice::FakeDevice(ThreadPool &pool)
    : Device(pool), live(std::make_shared<Allocations>()) {}

struct FakeDevice::FakeStream : Stream {
  std::vector<Operation> operations; ///< all operations that were issued
  size_t done = 0;
  Status failure; ///< the first failure
};

struct FakeDevice::FakeEvent : Event {
  FakeStream *stream = nullptr;
  size_t position = 0; ///< number of operations before the event
};

/// Keeps the operations of each stream separately, so that a stream for which
/// nobody waits is not run.
struct FakeDevice::FakeGraph : Graph {
  /// An operation, or a wait for the first `position` operations of a stream.
  struct Node {
    Operation operation;
    FakeStream *awaited;
    size_t position;
  };
  FakeStream *main = nullptr;
  std::map<FakeStream *, std::vector<Node>> nodes;

  Status run() const {
    std::map<FakeStream *, size_t> done;
    for (const auto &[stream, all] : nodes)
      done[stream] = 0;
    if (nodes.count(main))
      SEGC_RETURN_IF_ERROR(runUntil(main, nodes.at(main).size(), done));
    for (const auto &[stream, all] : nodes)
      if (done[stream] < all.size())
        return internalError("fake: a recorded stream is not waited for");
    return Status::success();
  }
  Status runUntil(FakeStream *stream, size_t position,
                  std::map<FakeStream *, size_t> &done) const {
    while (done[stream] < position) {
      const Node &node = nodes.at(stream)[done[stream]++];
      SEGC_RETURN_IF_ERROR(node.operation
                               ? node.operation()
                               : runUntil(node.awaited, node.position, done));
    }
    return Status::success();
  }
};

/// The graph is shared, because it may be destroyed before its replay is
/// executed.
struct FakeDevice::FakeRecordedGraph : Graph {
  std::shared_ptr<const FakeGraph> graph;
};

StatusOr<std::optional<uint64_t>> FakeDevice::freeBytes() const {
  return std::optional<uint64_t>(capacity - live->bytes);
}

StatusOr<DeviceBuffer> FakeDevice::allocate(uint64_t bytes, const char *what,
                                            bool guards) {
  if (bytes == 0)
    return DeviceBuffer();
  if (bytes > capacity - live->bytes)
    return Status(StatusCode::IoError,
                  std::string(what) + ": cannot allocate " +
                      std::to_string(bytes) + " bytes on the device fake: " +
                      std::to_string(capacity - live->bytes) + " are free");
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                        AlignedBuffer::create(bytes, what, guards));
  ++allocations;
  return DeviceBuffer(std::make_unique<FakeMemory>(live, std::move(buffer)),
                      bytes);
}

StatusOr<std::byte *> FakeDevice::translate(DeviceAddress address,
                                            uint64_t bytes) const {
  auto next = live->byAddress.upper_bound(address.value);
  if (next != live->byAddress.begin()) {
    auto [begin, memory] = *std::prev(next);
    uint64_t offset = address.value - begin;
    if (offset <= memory.second && bytes <= memory.second - offset)
      return memory.first + offset;
  }
  return internalError("fake: " + std::to_string(bytes) + " bytes at " +
                       std::to_string(address.value) + " lie in no buffer");
}

StatusOr<std::unique_ptr<Stream>> FakeDevice::createStream() {
  return std::unique_ptr<Stream>(new FakeStream);
}

StatusOr<std::unique_ptr<Event>> FakeDevice::createEvent() {
  return std::unique_ptr<Event>(new FakeEvent);
}

void FakeDevice::submit(Stream &stream, Operation operation) {
  if (recording)
    recording->nodes[static_cast<FakeStream *>(&stream)].push_back(
        {std::move(operation), nullptr, 0});
  else
    static_cast<FakeStream &>(stream).operations.push_back(
        std::move(operation));
}

void FakeDevice::runUntil(FakeStream &stream, size_t position) {
  while (stream.done < position) {
    Status status = stream.operations[stream.done++]();
    if (!status.ok() && stream.failure.ok())
      stream.failure = status;
  }
}

Status FakeDevice::record(Event &event, Stream &stream) {
  auto &issued = static_cast<FakeStream &>(stream);
  static_cast<FakeEvent &>(event).stream = &issued;
  static_cast<FakeEvent &>(event).position =
      recording ? recording->nodes[&issued].size() : issued.operations.size();
  return Status::success();
}

Status FakeDevice::wait(Stream &stream, const Event &event) {
  // The position is copied, because the event may be recorded again before this
  // work is done.
  const auto &recorded = static_cast<const FakeEvent &>(event);
  if (recorded.stream && recording)
    recording->nodes[static_cast<FakeStream *>(&stream)].push_back(
        {nullptr, recorded.stream, recorded.position});
  else if (recorded.stream)
    submit(stream, [other = recorded.stream, position = recorded.position] {
      runUntil(*other, position);
      return other->failure;
    });
  return Status::success();
}

Status FakeDevice::synchronize(Stream &stream) {
  if (recording)
    return internalError("fake: waiting for a stream whose work is being "
                         "recorded");
  auto &issued = static_cast<FakeStream &>(stream);
  runUntil(issued, issued.operations.size());
  return issued.failure;
}

Status FakeDevice::copyToDevice(Stream &stream, DeviceAddress to,
                                const void *from, uint64_t bytes) {
  ++copies;
  submit(stream, [=]() -> Status {
    SEGC_ASSIGN_OR_RETURN(std::byte * target, translate(to, bytes));
    std::memcpy(target, from, bytes);
    return Status::success();
  });
  return Status::success();
}

Status FakeDevice::copyToHost(Stream &stream, void *to, DeviceAddress from,
                              uint64_t bytes) {
  ++copies;
  submit(stream, [=]() -> Status {
    SEGC_ASSIGN_OR_RETURN(std::byte * source, translate(from, bytes));
    std::memcpy(to, source, bytes);
    return Status::success();
  });
  return Status::success();
}

Status FakeDevice::copyOnDevice(Stream &stream, DeviceAddress to,
                                DeviceAddress from, uint64_t bytes) {
  ++copies;
  submit(stream, [=]() -> Status {
    SEGC_ASSIGN_OR_RETURN(std::byte * target, translate(to, bytes));
    SEGC_ASSIGN_OR_RETURN(std::byte * source, translate(from, bytes));
    std::memmove(target, source, bytes);
    return Status::success();
  });
  return Status::success();
}

Status FakeDevice::launch(Stream &stream, const KernelLaunch &launch) {
  if (!launch.command || !launch.command->function)
    return internalError("fake: a launch without a kernel");
  ++launches;
  std::vector<void *> addresses(
      launch.operands, launch.operands + launch.command->operand_count);
  submit(stream, [this, launch, addresses]() -> Status {
    std::vector<void *> operands;
    for (void *address : addresses) {
      SEGC_ASSIGN_OR_RETURN(std::byte * operand,
                            translate(DeviceAddress::of(address), 1));
      operands.push_back(operand);
    }
    std::byte *scratch = nullptr;
    if (launch.scratchBytes) {
      SEGC_ASSIGN_OR_RETURN(
          scratch, translate(launch.scratch, launch.scratchBytes * workers()));
    }
    for (int64_t task = launch.tasks(); task-- > 0;)
      launch.command->function(
          operands.data(), scratch + launch.scratchBytes * (task % workers()),
          launch.batch, task);
    return Status::success();
  });
  return Status::success();
}

Status FakeDevice::accumulate(Stream &stream,
                              const Accumulation &accumulation) {
  return call(stream, [this, accumulation]() -> Status {
    const uint64_t bytes = accumulation.count * sizeof(float);
    SEGC_ASSIGN_OR_RETURN(std::byte * to, translate(accumulation.to, bytes));
    SEGC_ASSIGN_OR_RETURN(std::byte * from,
                          translate(accumulation.from, bytes));
    SEGC_ASSIGN_OR_RETURN(std::byte * divisor,
                          translate(accumulation.divisor, sizeof(float)));
    for (uint64_t i = 0; i < accumulation.count; ++i) {
      float &sum = reinterpret_cast<float *>(to)[i];
      sum = (sum + reinterpret_cast<const float *>(from)[i]) /
            *reinterpret_cast<const float *>(divisor);
    }
    return Status::success();
  });
}

Status FakeDevice::advanceScalars(Stream &stream, DeviceAddress finite,
                                  DeviceAddress scalars) {
  return call(stream, [=]() -> Status {
    SEGC_ASSIGN_OR_RETURN(std::byte * from, translate(finite, sizeof(float)));
    SEGC_ASSIGN_OR_RETURN(std::byte * to,
                          translate(scalars, sizeof(segc_scalars)));
    segc_advance_scalars(reinterpret_cast<segc_scalars *>(to),
                         *reinterpret_cast<const float *>(from) != 0);
    return Status::success();
  });
}

Status FakeDevice::beginCapture(Stream &stream) {
  if (recording)
    return internalError("fake: a recording has begun already");
  recording = std::make_shared<FakeGraph>();
  recording->main = static_cast<FakeStream *>(&stream);
  return Status::success();
}

StatusOr<std::unique_ptr<Graph>> FakeDevice::endCapture(Stream &) {
  if (!recording)
    return internalError("fake: no recording has begun");
  auto graph = std::make_unique<FakeRecordedGraph>();
  graph->graph = std::move(recording);
  recording.reset();
  return std::unique_ptr<Graph>(std::move(graph));
}

Status FakeDevice::replay(const Graph &graph, Stream &stream) {
  ++replays;
  submit(stream,
         [recorded = static_cast<const FakeRecordedGraph &>(graph).graph] {
           return recorded->run();
         });
  return Status::success();
}
