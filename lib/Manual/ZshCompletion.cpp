//===- ZshCompletion.cpp - Completions of zsh -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Manual/Manual.h"

#include <cctype>

using namespace segc;

/// Text between single quotes, where _arguments and _describe give brackets and
/// colons a meaning.
static std::string escape(const std::string &text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'')
      result += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

static std::string action(const OptionDescription &option) {
  std::string choices;
  for (const std::string &choice : option.choices)
    choices += (choices.empty() ? "(" : " ") + choice;
  return option.choices.empty() ? "_files" : choices + ")";
}

static std::string functionOf(const std::string &path) {
  std::string name = "_";
  for (const char c : path)
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

/// The lines of _arguments for an option: one for each of its names.
static std::string optionLines(const OptionDescription &option) {
  std::string lines;
  for (const std::string &name : option.names) {
    lines += " \\\n    '" + std::string(option.repeatable ? "*" : "") + name +
             "[" + escape(option.description) + "]";
    if (!option.value.empty())
      lines += ":" + escape(option.value) + ":" + action(option);
    lines += "'";
  }
  return lines;
}

static void addFunction(const CommandDescription &command,
                        const std::string &path, std::string &text) {
  for (const CommandDescription &below : command.commands)
    addFunction(below, path + " " + below.name, text);
  std::string lines;
  for (const OptionDescription &option : command.options)
    lines += optionLines(option);
  const std::string head = functionOf(path) + "() {\n";
  if (command.commands.empty()) {
    text += head + "  _arguments" + lines + " \\\n    '*:file:_files'\n}\n";
    return;
  }
  text += head + "  local state line\n  _arguments -C" + lines +
          " \\\n    '1:command:->command' '*::argument:->argument'\n"
          "  case $state in\n"
          "  command)\n    local -a commands=(";
  for (const CommandDescription &below : command.commands)
    text += "\n      '" + below.name + ":" + escape(below.summary) + "'";
  text += ")\n    _describe command commands ;;\n  argument)\n"
          "    case $line[1] in\n";
  for (const CommandDescription &below : command.commands)
    text += "    " + below.name + ") " + functionOf(path + " " + below.name) +
            " ;;\n";
  text += "    esac ;;\n  esac\n}\n";
}

std::string segc::zshCompletion(const CommandDescription &root) {
  std::string text = "#compdef " + root.name +
                     "\n# Completion for zsh, written by `" + root.name +
                     " --completion zsh`.\n";
  addFunction(root, root.name, text);
  // An autoloaded file is the function's first call.
  return text + functionOf(root.name) + " \"$@\"\n";
}
