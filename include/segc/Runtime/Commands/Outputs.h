//===- Outputs.h - Checks of output paths -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_OUTPUTS_H
#define SEGC_RUNTIME_COMMANDS_OUTPUTS_H

#include "segc/Base/Status.h"

#include <string>
#include <vector>

namespace segc {

/// What segrun writes under an option, and whether a file is such a thing.
struct OutputKind {
  const char *name;
  bool (*holds)(const std::string &path);
};
extern const OutputKind gradientsOutput, valuesOutput, benchmarkOutput,
    profileOutput, traceOutput, modelOutput;

/// A file or folder and the option that named it. Empty paths are not there. A
/// file that is there is replaced only if it is of the kind.
struct NamedPath {
  std::string option, path;
  const OutputKind *kind = nullptr;
};

/// What a command reads and writes.
struct CommandPaths {
  std::vector<NamedPath> inputs;  ///< files
  std::vector<NamedPath> outputs; ///< files that are replaced whole
  std::vector<NamedPath> folders; ///< where files appear by names of cases
  /// Those of them that the user names: they lie in no data set and in no
  /// checkpoint, and hold no image or label but masks that segrun wrote.
  std::vector<NamedPath> places;
};

/// Refuses what would replace an input or write two outputs to one file, over
/// links, hard or symbolic, and however the names are spelt: files are compared
/// by device and inode. A folder must not hold an input under any name. What is
/// there already is replaced only if segrun wrote it for the same purpose.
Status checkOutputs(const CommandPaths &paths);

/// Refuses outputs that cannot be written: in folders that are not there or
/// belong to others, or in the place of a folder.
Status checkOutputPlaces(const CommandPaths &paths);

/// Adds each of `files` as an input of the option.
void addInputs(CommandPaths &paths, const std::string &option,
               const std::vector<std::string> &files);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_OUTPUTS_H
