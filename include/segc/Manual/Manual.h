//===- Manual.h - Manual pages and completions ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program writes its own manual page and its completions for shells, from the
// options that it parses, so that they say what --help says.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_MANUAL_MANUAL_H
#define SEGC_MANUAL_MANUAL_H

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace segc {

struct OptionDescription {
  std::vector<std::string> names;   ///< With dashes; empty: by position alone.
  std::string position;             ///< Its name where it has no dashes.
  std::string value;                ///< "TEXT", "FLOAT"; empty: a flag.
  std::vector<std::string> choices; ///< All values that it may have.
  std::string range;                ///< "1..4096"
  std::string description, defaultValue;
  bool required = false, repeatable = false;
};

/// A program or one of its commands, and the commands below it.
struct CommandDescription {
  std::string name, summary;
  std::vector<OptionDescription> options;
  std::vector<CommandDescription> commands;
};

CommandDescription describeCommand(const CLI::App &app);

/// What a manual page says that no option does.
struct ManualText {
  std::string program, version;
  std::string description; ///< Paragraphs, with an empty line between them.
  std::vector<std::pair<std::string, std::string>> exitCodes;
  std::vector<std::string> seeAlso; ///< "segc(1)", or an address
};

/// A page for man(1), in the macros of man(7).
std::string manualPage(const CommandDescription &root, const ManualText &text);

/// Functions that a shell calls for the words of a command line.
std::string bashCompletion(const CommandDescription &root);
std::string zshCompletion(const CommandDescription &root);

/// Adds --manual and --completion to a program. They give `print` the text, and
/// end parsing with CLI::Success. `extend`, which may be empty, adds what a
/// command parses by itself.
void addManualOptions(
    CLI::App &app, ManualText text,
    std::function<void(const std::string &)> print,
    std::function<void(CommandDescription &root)> extend = {});

} // namespace segc

#endif // SEGC_MANUAL_MANUAL_H
