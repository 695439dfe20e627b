//===- CommandDescription.cpp - Options of a program ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Manual/Manual.h"

#include <CLI/CLI.hpp>
#include <algorithm>

using namespace segc;

static std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(part);
  return parts;
}

/// A type is "TEXT:{a,b}", "INT:1..8", "INT:INT in [0 - 3]" or
/// "INT:SIZE [b, kb, ...]:1..99": its name and the text of its checks.
static void describeValue(const std::string &type, OptionDescription &option) {
  const size_t colon = type.find(':');
  option.value = type.substr(0, colon);
  if (colon == std::string::npos)
    return;
  const std::string check = type.substr(colon + 1);
  const size_t close = check.find('}');
  if (check[0] == '{' && close != std::string::npos)
    option.choices = split(check.substr(1, close - 1), ',');
  else if (check.rfind("SIZE", 0) == 0 || check == "FILE")
    option.value = check.substr(0, 4);
  else if (const size_t in = check.find(" in ["); in != std::string::npos)
    option.range = check.substr(in + 4);
  else
    option.range = check;
}

static std::string namesOf(const std::set<CLI::Option *> &options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const CLI::Option *option : options)
    names.push_back(option->get_name());
  // A set of pointers has another order in each process.
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

static OptionDescription describeOption(const CLI::Option &given) {
  OptionDescription option;
  for (const std::string &name : given.get_snames())
    option.names.push_back("-" + name);
  for (const std::string &name : given.get_lnames())
    option.names.push_back("--" + name);
  if (given.get_positional())
    option.position = given.get_name(/*positional=*/true);
  option.description = given.get_description();
  if (given.get_items_expected_max() > 0) {
    describeValue(given.get_type_name(), option);
    option.defaultValue = given.get_default_str();
  }
  auto remark = [&](const char *what, const std::string &names) {
    if (!names.empty())
      option.description += std::string("; ") + what + " " + names;
  };
  remark("only with", namesOf(given.get_needs()));
  remark("not with", namesOf(given.get_excludes()));
  option.required = given.get_required();
  option.repeatable = given.get_expected_max() > 1;
  return option;
}

CommandDescription segc::describeCommand(const CLI::App &app) {
  CommandDescription command;
  command.name = app.get_name();
  command.summary = app.get_description();
  for (const CLI::Option *option : app.get_options())
    if (!option->get_group().empty()) // hidden from --help
      command.options.push_back(describeOption(*option));
  for (const CLI::App *below : app.get_subcommands(nullptr))
    command.commands.push_back(describeCommand(*below));
  return command;
}

void segc::addManualOptions(
    CLI::App &app, ManualText text,
    std::function<void(const std::string &)> print,
    std::function<void(CommandDescription &root)> extend) {
  auto describe = [&app, extend = std::move(extend), name = text.program] {
    CommandDescription root = describeCommand(app);
    root.name = name; // not the path by which it was called
    if (extend)
      extend(root);
    return root;
  };
  app.add_flag_callback(
      "--manual",
      [describe, print, text = std::move(text)] {
        print(manualPage(describe(), text));
        throw CLI::Success();
      },
      "Print the manual page, for man");
  app.add_option_function<std::string>(
         "--completion",
         [describe, print = std::move(print)](const std::string &shell) {
           const CommandDescription root = describe();
           print(shell == "zsh" ? zshCompletion(root) : bashCompletion(root));
           throw CLI::Success();
         },
         "Print the completion of this program's options for a shell")
      ->check(CLI::IsMember({"bash", "zsh"}));
}
