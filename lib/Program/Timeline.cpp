//===- Timeline.cpp - Modelled times of a program's commands --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Program/Timeline.h"
#include "segc/Program/Programs.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace segc {

LaunchTimes::LaunchTimes(const Target &target, int64_t threads)
    : target(target),
      cores(target.backend->device() == SEGC_DEVICE_HOST && threads > 0
                ? static_cast<double>(threads)
                : 1) {}

double LaunchTimes::seconds(exec::LaunchOp launch) const {
  return target.backend->seconds(launch.getFusion().getComputation(),
                                 *target.version) /
         cores;
}

int64_t travellingBytes(exec::CollectiveOp collective) {
  auto first =
           cast<exec::BufferAttr>(collective.getBuffers().getValue().front()),
       last = cast<exec::BufferAttr>(collective.getBuffers().getValue().back());
  const int64_t bytes = last.getEnd() - first.getOffset();
  return collective.getTravels() ? bytes / 2 : bytes;
}

/// An all-reduce is a reduce-scatter and an all-gather.
static double secondsOf(exec::CollectiveOp collective, int64_t bytes,
                        const Link &link) {
  return collective.getShards() ? link.seconds(bytes) / 2 : link.seconds(bytes);
}

Timeline::Timeline(exec::ProgramOp program, const LaunchTimes &times,
                   const Link &link) {
  struct Stream {
    double now = 0, ready = 0;
  };
  llvm::StringMap<Stream> streams;
  llvm::DenseMap<Value, double> tokens;
  double linkFree = 0;
  int launches = 0;
  for (Operation &op : program.getBody().front())
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](exec::LaunchOp launch) {
          Stream &stream = streams[launch.getStream()];
          stream.ready = stream.now +=
              times.seconds(launch) /
              (launch.getSharded() ? static_cast<double>(link.ranks) : 1);
          ++launches;
        })
        .Case([&](exec::RecordOp record) {
          tokens[record.getDone()] = streams[record.getStream()].now;
        })
        .Case([&](exec::WaitOp wait) {
          Stream &stream = streams[wait.getStream()];
          double until = 0;
          for (Value token : wait.getTokens())
            until = std::max(until, tokens.lookup(token));
          if (wait.getStream() == "compute")
            exposed += std::max(0.0, until - stream.now);
          stream.ready = until;
          stream.now = std::max(stream.now, until);
        })
        .Case([&](exec::CollectiveOp collective) {
          Stream &stream = streams[collective.getStream()];
          CollectiveTimes run{collective, travellingBytes(collective),
                              launches};
          run.ready = stream.ready;
          run.start = std::max(stream.now, linkFree);
          run.done = run.start + secondsOf(collective, run.bytes, link);
          // What is on the stream of the kernels delays them, and so does what
          // it queues behind.
          if (collective.getStream() == "compute")
            exposed += run.done - stream.now;
          stream.now = linkFree = run.done;
          tokens[collective.getDone()] = run.done;
          collectives.push_back(run);
        });
  seconds = streams["compute"].now;
}

} // namespace segc
