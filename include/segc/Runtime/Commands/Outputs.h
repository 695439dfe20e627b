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

/// A kind of output file, with the test for existing files of this kind.
struct OutputKind {
  const char *name;
  bool (*holds)(const std::string &path);
};
extern const OutputKind gradientsOutput, valuesOutput, benchmarkOutput,
    profileOutput, stagesOutput, rangesOutput, traceOutput, modelOutput,
    onnxOutput, checkOutput, planOutput;

/// A file or folder and its option. Empty paths are ignored. An existing file
/// is replaced only if it is of the kind.
struct NamedPath {
  std::string option, path;
  const OutputKind *kind = nullptr;
};

/// The inputs and outputs of a command.
struct CommandPaths {
  std::vector<NamedPath> inputs;  ///< files
  std::vector<NamedPath> outputs; ///< files that are replaced
  std::vector<NamedPath> folders; ///< folders of files named after cases
  /// Folders that the user names. They must not be in a data set or a
  /// checkpoint and must not contain images or labels except masks that segrun
  /// wrote.
  std::vector<NamedPath> places;
};

/// Refuses outputs that would replace an input and two outputs in one file.
/// Files are compared by device and inode, so that links and different
/// spellings of a path are found. A folder must not contain an input under any
/// name. An existing file is replaced only if segrun wrote it for the same
/// purpose.
Status checkOutputs(const CommandPaths &paths);

/// Refuses outputs that cannot be written: in folders that do not exist or
/// belong to other users, or under the name of a folder.
Status checkOutputPlaces(const CommandPaths &paths);

/// Adds each of `files` as an input of the option.
void addInputs(CommandPaths &paths, const std::string &option,
               const std::vector<std::string> &files);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_OUTPUTS_H
