//===- CaseProgress.h - Progress and faults of cases ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_CASEPROGRESS_H
#define SEGC_LIB_RUNTIME_COMMANDS_CASEPROGRESS_H

#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Prepare/Fingerprint.h"

namespace segc {

/// Shows how many cases are done on a terminal.
std::function<void(int64_t, int64_t)> caseProgress();

void printNotes(const std::vector<std::string> &notes);

/// Success, or a partial result that names every case with a fault; `rest`
/// says what became of the other ones.
CommandResult faultsResult(const std::vector<CaseFault> &faults, size_t cases,
                           const std::string &rest);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_CASEPROGRESS_H
