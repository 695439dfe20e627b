//===- BashCompletion.cpp - Completions of bash ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Manual/Manual.h"

using namespace segc;

namespace {

/// The arms of three `case`s over "command" or "command word".
struct Arms {
  std::string commands; ///< Words that enter a command.
  std::string values;   ///< What follows an option.
  std::string words;    ///< Options, and the commands below.
};

} // namespace

static std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

static void addValues(const std::string &path, const OptionDescription &option,
                      Arms &arms) {
  if (option.value.empty() || option.names.empty())
    return;
  std::string pattern;
  for (const std::string &name : option.names)
    pattern += (pattern.empty() ? "'" : " | '") + path + " " + name + "'";
  // Without choices the shell completes names of files.
  arms.values += "  " + pattern + ")\n    words='" + joined(option.choices) +
                 "'; files=" + (option.choices.empty() ? "1" : "") + " ;;\n";
}

static void addCommand(const CommandDescription &command,
                       const std::string &path, Arms &arms) {
  std::vector<std::string> words;
  for (const OptionDescription &option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    addValues(path, option, arms);
  }
  std::vector<std::string> below;
  for (const CommandDescription &each : command.commands) {
    below.push_back(each.name);
    const std::string next = path + (path.empty() ? "" : " ") + each.name;
    arms.commands +=
        "    '" + path + " " + each.name + "') command='" + next + "' ;;\n";
    addCommand(each, next, arms);
  }
  arms.words += "  '" + path + "') options='" + joined(words) +
                "'; commands='" + joined(below) + "' ;;\n";
}

std::string segc::bashCompletion(const CommandDescription &root) {
  Arms arms;
  addCommand(root, "", arms);
  std::string function = "_" + root.name;
  return "# Completion of " + root.name + " for bash, written by `" +
         root.name + " --completion bash`.\n" + function +
         "() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]}\n"
         "  local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  # The \"=\" of --option=value is a word of its own.\n"
         "  if [[ $word == = ]]; then\n"
         "    word=\n"
         "  elif [[ $before == = ]]; then\n"
         "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  fi\n"
         "  local command= options= commands= words= files= i\n"
         "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
         "    case \"$command ${COMP_WORDS[i]}\" in\n" +
         arms.commands +
         "    esac\n"
         "  done\n"
         "  case \"$command\" in\n" +
         arms.words +
         "  esac\n"
         "  case \"$command $before\" in\n" +
         arms.values +
         "  *)\n"
         "    words=$commands\n"
         "    [[ $word != -* ]] || words=$options ;;\n"
         "  esac\n"
         "  COMPREPLY=()\n"
         "  if [[ -z $files ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "  fi\n"
         "}\n"
         "complete -o default -F " +
         function + " " + root.name + "\n";
}
