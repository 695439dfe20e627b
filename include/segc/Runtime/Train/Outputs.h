//===- Outputs.h - No output replaces an input ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_OUTPUTS_H
#define SEGC_RUNTIME_TRAIN_OUTPUTS_H

#include "segc/Base/Status.h"

#include <string>
#include <vector>

namespace segc {

/// A file or folder and the option that named it. Empty paths are not there.
struct NamedPath {
  std::string option, path;
};

/// What a command reads and writes.
struct CommandPaths {
  std::vector<NamedPath> inputs;  ///< files
  std::vector<NamedPath> outputs; ///< files that are replaced whole
  std::vector<NamedPath> folders; ///< where files appear by names of cases
};

/// Refuses what would replace an input or write two outputs to one file, over
/// links, hard or symbolic, and however the names are spelt: files are compared
/// by device and inode. A folder must not hold an input under any name.
Status checkOutputs(const CommandPaths &paths);

/// Refuses outputs that cannot be written: in folders that are not there or
/// belong to others, or in the place of a folder.
Status checkOutputPlaces(const CommandPaths &paths);

/// Adds each of `files` as an input of the option.
void addInputs(CommandPaths &paths, const std::string &option,
               const std::vector<std::string> &files);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_OUTPUTS_H
