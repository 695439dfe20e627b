//===- ConfigFile.h - Options from a file -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_CONFIGFILE_H
#define SEGC_LIB_RUNTIME_COMMANDS_CONFIGFILE_H

#include "segc/Base/Status.h"

#include <CLI/CLI.hpp>

namespace segc {

/// Adds --config to every command.
void addConfigOption(CLI::App &root);

/// Puts the options of the file that --config names in front of those that were
/// typed, which so override them. `words` is a command line without the name of
/// the program. The file is a JSON object of names and values: a text, a
/// number, yes or no, or a list; null leaves an option as it is. Fails for
/// names that are no options of the command, all of which it lists.
StatusOr<std::vector<std::string>>
expandConfig(const CLI::App &root, const std::vector<std::string> &words);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_CONFIGFILE_H
