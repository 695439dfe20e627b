//===- ConfigFile.cpp - Options from a file -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigFile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"

#include <algorithm>

using namespace segc;

static constexpr char configName[] = "--config";
static constexpr uint64_t maxConfigBytes = 1 << 20;

void segc::addConfigOption(CLI::App &root) {
  for (CLI::App *command : root.get_subcommands(nullptr))
    command->add_option(
        configName,
        "File of options (JSON), such as {\"threads\": 2}, which those on the "
        "command line override; default: none");
}

/// The file that the last --config names; empty if there is none.
static std::string configOf(const std::vector<std::string> &words) {
  const std::string assigned = std::string(configName) + "=";
  std::string path;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == configName && i + 1 < words.size())
      path = words[i + 1];
    else if (words[i].rfind(assigned, 0) == 0)
      path = words[i].substr(assigned.size());
  }
  return path;
}

/// The option of a name with dashes or underscores; null if there is none.
static const CLI::Option *optionOf(const CLI::App &command, std::string name) {
  const CLI::Option *option = command.get_option_no_throw("--" + name);
  if (option)
    return option;
  std::replace(name.begin(), name.end(), '_', '-');
  return command.get_option_no_throw("--" + name);
}

/// A value as it is typed; none of an object or a list in a list.
static std::optional<std::string> textOf(const Json &value) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    const bool typed = std::none_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ';
    });
    return typed && !text.empty() ? std::optional(text) : std::nullopt;
  }
  if (value.is_number() || value.is_boolean())
    return value.dump();
  return std::nullopt;
}

/// The words that give the option its value; none if it has no such value.
static std::optional<std::vector<std::string>>
wordsOf(const CLI::Option &option, const Json &value) {
  const std::string start = "--" + option.get_lnames()[0] + "=";
  const bool isFlag = option.get_expected_max() == 0;
  // A flag that only says yes is left out for no.
  if (value.is_null() ||
      (isFlag && value == false && option.get_fnames().empty()))
    return std::vector<std::string>();
  std::vector<std::string> words;
  for (const Json &element : value.is_array() ? value : Json::array({value})) {
    const std::optional<std::string> text = textOf(element);
    if (!text || (isFlag && !element.is_boolean()))
      return std::nullopt;
    if (words.empty() || option.get_delimiter() == '\0')
      words.push_back(start + *text);
    else
      words.back() += option.get_delimiter() + *text;
  }
  return words;
}

static StatusOr<std::vector<std::string>> readConfig(const CLI::App &command,
                                                     const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(const std::string text,
                        readTextFile(path, maxConfigBytes));
  SEGC_ASSIGN_OR_RETURN(const Json json, parseJson(text, path));
  if (!json.is_object())
    return invalidArgument(path + ": expected an object of options, such as "
                                  "{\"threads\": 2}");
  std::vector<std::string> words;
  std::string unknown;
  for (const auto &[name, value] : json.items()) {
    const CLI::Option *option = optionOf(command, name);
    if (!option || option->check_lname(configName + 2)) {
      unknown += (unknown.empty() ? "" : ", ") + name;
      continue;
    }
    const std::optional<std::vector<std::string>> more =
        wordsOf(*option, value);
    if (!more)
      return invalidArgument(path + ": field \"" + name +
                             "\": " + jsonText(value) +
                             " is no value of an option, expected a text, a "
                             "number or a list of them, of flags true or "
                             "false");
    words.insert(words.end(), more->begin(), more->end());
  }
  if (!unknown.empty())
    return invalidArgument(path + ": no options of `segrun " +
                           command.get_name() + "`: " + unknown +
                           "; leave them out (docs/Options.md says what "
                           "options of the published examples are called)");
  return words;
}

StatusOr<std::vector<std::string>>
segc::expandConfig(const CLI::App &root,
                   const std::vector<std::string> &words) {
  const std::string path = configOf(words);
  const std::vector<const CLI::App *> commands = root.get_subcommands(nullptr);
  const auto command = std::find_if(
      commands.begin(), commands.end(),
      [&](const CLI::App *known) { return known->get_name() == words[0]; });
  if (path.empty() || command == commands.end())
    return words;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> all,
                        readConfig(**command, path));
  all.insert(all.begin(), words[0]);
  all.insert(all.end(), words.begin() + 1, words.end());
  return all;
}
