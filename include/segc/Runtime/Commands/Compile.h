//===- Compile.h - Compilation of networks before a run ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// segrun links no compiler; it runs the segc that lies beside it.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_COMPILE_H
#define SEGC_RUNTIME_COMMANDS_COMPILE_H

#include "segc/Base/PrivateFolders.h"
#include "segc/Base/Status.h"

#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Returns the path of segc: beside this program, else on the PATH.
StatusOr<std::string> findCompiler();

/// Runs segc with these arguments, the command first. Its messages go to
/// standard error; `what` names the work in errors.
Status runSegc(const std::string &what,
               const std::vector<std::string> &arguments);

/// A compiled network. If it is not cached, its file is deleted with this
/// object, so load the model before.
struct CompiledNetwork {
  std::string path;
  std::optional<PrivateTemporaryFolder> folder;
};

/// Compiles `path` with `options` into the user's cache, unless the cache has
/// it. The key consists of the text, the options and the compiler. If the cache
/// is not private or not writable, it warns and compiles into a temporary
/// folder.
StatusOr<CompiledNetwork>
compileCached(const std::string &path, const std::vector<std::string> &options);

/// Returns whether the path ends in .mlir.
bool isModuleText(const std::string &path);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_COMPILE_H
