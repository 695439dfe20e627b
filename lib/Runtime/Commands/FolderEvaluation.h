//===- FolderEvaluation.h - Evaluation of label files -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_FOLDEREVALUATION_H
#define SEGC_LIB_RUNTIME_COMMANDS_FOLDEREVALUATION_H

#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Distributed/Job.h"

namespace segc {

/// Compares the label files of --predictions with those of --labels, as the
/// only process (`job` is null) or as a rank.
CommandResult evaluateFolders(const EvaluateOptions &options, const Job *job);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_FOLDEREVALUATION_H
