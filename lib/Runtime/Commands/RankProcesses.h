//===- RankProcesses.h - Processes of the ranks of a job --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_RANKPROCESSES_H
#define SEGC_LIB_RUNTIME_COMMANDS_RANKPROCESSES_H

#include "segc/Runtime/Distributed/Job.h"

#include <array>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace segc {

/// How Open MPI binds ranks to cores.
inline constexpr const char *bindingVariable =
    "OMPI_MCA_hwloc_base_binding_policy";

/// Fails if --ranks asks for another number than the launcher has started.
Status checkRankCount(const Job &job, std::optional<int64_t> wanted);

/// Threads of a rank where none are asked for: its part of the cores, unless
/// the launcher has bound it to some.
int64_t threadsOfRank(const Job &job);

/// The --device of a rank where `asked` is given to all: a GPU for each rank of
/// this machine. Ranks that would share one are refused, unless they see no
/// other: a launcher may show each its own.
StatusOr<std::string> deviceOfRank(const std::string &asked, const Job &job);

/// Prints an error and ends this process, which waits in a library.
void abandonRank(const Status &failure);

/// This program, and the words of its command line without --ranks and without
/// the options of `others`, which have values.
StatusOr<std::vector<std::string>>
wordsOfRank(const std::vector<std::string> &others = {});

/// Starts a program in a process group of its own, without input: what a
/// terminal sends to this one's group would end the ranks at once. It ends with
/// this process. Its standard output and error are `outputs`.
StatusOr<pid_t> startProcess(std::vector<std::string> words,
                             const std::array<int, 2> &outputs = {1, 2});

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_RANKPROCESSES_H
