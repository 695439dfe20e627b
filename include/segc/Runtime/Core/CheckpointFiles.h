//===- CheckpointFiles.h - Files of a checkpoint ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_CHECKPOINTFILES_H
#define SEGC_RUNTIME_CORE_CHECKPOINTFILES_H

#include "segc/Base/Status.h"

#include <string>

namespace segc {

/// The files of a checkpoint folder (Train/Checkpoint.h).
inline constexpr const char *checkpointModelFile = "model.safetensors",
                            *checkpointOptimizerFile = "optimizer.safetensors",
                            *checkpointStateFile = "state.json";

/// Returns whether a folder is a checkpoint or contains those of a run.
bool isCheckpoint(const std::string &path);

/// Returns the folder to resume from: `path`, or the previous checkpoint if a
/// crash left no other; empty if there is none.
std::string findCheckpoint(const std::string &path);

/// Returns the file of weights: the .safetensors file itself, that of a
/// checkpoint folder, or that of a results folder's best, else last checkpoint.
StatusOr<std::string> findWeights(const std::string &fileOrFolder);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_CHECKPOINTFILES_H
