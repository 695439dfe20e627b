//===- CommandLine.h - Command line of segrun -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_COMMANDLINE_H
#define SEGC_LIB_RUNTIME_COMMANDS_COMMANDLINE_H

#include "segc/Runtime/Commands/Commands.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <set>

namespace segc {

/// Adds train, evaluate, ...; parsing one sets `command` to what runs it.
/// `commandLine` is what was typed.
void addCommands(CLI::App &app, const std::string &commandLine,
                 std::function<CommandResult()> &command);

/// @name Options that several commands have
/// @{
void addThreads(CLI::App &app, int64_t &threads);
void addSharing(CLI::App &app, std::optional<int64_t> &ranks);
void addModelOptions(CLI::App &app, ModelOptions &options);
void addDataOptions(CLI::App &app, DataOptions &options);
/// Returns the names of the options.
std::set<std::string> addOriginalGrid(CLI::App &app,
                                      OriginalGridOptions &options);
/// @}

/// Returns one of the options of these names that was given, with its dashes;
/// empty if there is none.
std::string givenOf(const CLI::App &app, const std::set<std::string> &names);

void addTrain(CLI::App &root, const std::string &commandLine,
              std::function<CommandResult()> &command);
void addCrossValidate(CLI::App &root, const std::string &commandLine,
                      std::function<CommandResult()> &command);

/// The time of each step is kept in memory, so that their number is limited.
inline constexpr int64_t maxBenchmarkSteps = 100'000'000;

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_COMMANDLINE_H
