//===- SharedJob.h - Commands whose cases several ranks share ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_SHAREDJOB_H
#define SEGC_LIB_RUNTIME_COMMANDS_SHAREDJOB_H

#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Distributed/Job.h"

#include <functional>

namespace segc {

/// Runs a command that shares its cases by SharedCases: `body` with the job
/// that this process belongs to or, where it is alone, with null. With `ranks`
/// above 1 it starts so many processes of this machine, without a launcher, and
/// waits for them: what is left by one that is killed the others do.
CommandResult
runShared(std::optional<int64_t> ranks,
          const std::function<CommandResult(const Job *job)> &body);

/// The number of threads: as asked for, or the part of a rank.
int64_t threadsOf(int64_t wanted, const Job *job);

/// The options of a model with what a rank has of its machine: its threads, and
/// a GPU of its own.
StatusOr<ModelOptions> placeOfRank(ModelOptions options, const Job *job);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_SHAREDJOB_H
