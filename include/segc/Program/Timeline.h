//===- Timeline.h - Modelled times of a program's commands ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_TIMELINE_H
#define SEGC_PROGRAM_TIMELINE_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Target/Link.h"
#include "segc/Target/TargetBackend.h"

namespace segc {

/// What launches take by the cost model of a target, shared by so many threads
/// on a host.
class LaunchTimes {
public:
  LaunchTimes(const Target &target, int64_t threads);
  double seconds(exec::LaunchOp launch) const;

private:
  Target target;
  double cores;
};

/// When a collective runs, in seconds from the begin of the program.
struct CollectiveTimes {
  exec::CollectiveOp op;
  int64_t bytes = 0; ///< Between ranks.
  int launches = 0;  ///< How many are in front of it.
  double ready = 0;  ///< When its operands are there.
  double start = 0;  ///< When those before it have ended, on any stream.
  double done = 0;
};

/// The times of a program: streams run side by side, as tokens allow. The
/// collectives of all streams share the link, and run on it in the order of the
/// program, as one thread or one communicator does them.
struct Timeline {
  Timeline(exec::ProgramOp program, const LaunchTimes &times, const Link &link);

  std::vector<CollectiveTimes> collectives;
  double seconds = 0; ///< Of the stream "compute".
  double exposed = 0; ///< Of those, what it waits for collectives.
};

/// The values of a collective between the ranks, in bytes.
int64_t travellingBytes(exec::CollectiveOp collective);

} // namespace segc

#endif // SEGC_PROGRAM_TIMELINE_H
