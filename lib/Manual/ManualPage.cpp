//===- ManualPage.cpp - Pages for man(1) ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Manual/Manual.h"

#include <cctype>

using namespace segc;

/// Text as troff prints it: what begins a line must be no request, and a hyphen
/// of an option the character that a reader can search and copy.
static std::string escape(const std::string &text) {
  std::string result;
  for (const char c : text) {
    const bool begins = result.empty() || result.back() == '\n';
    if (begins && (c == '.' || c == '\''))
      result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '~')
      result += "\\(ti";
    else if (c == '^')
      result += "\\(ha";
    else
      result += c;
  }
  return result;
}

static std::string bold(const std::string &text) {
  return "\\fB" + escape(text) + "\\fR";
}

static std::string italic(const std::string &text) {
  return "\\fI" + escape(text) + "\\fR";
}

static std::string valueText(const OptionDescription &option) {
  std::string text;
  for (const std::string &choice : option.choices)
    text += (text.empty() ? "" : "|\\:") + bold(choice);
  if (option.choices.empty())
    text = option.value[0] == '[' ? escape(option.value) : italic(option.value);
  return text + (option.repeatable ? " ..." : "");
}

static std::string optionText(const OptionDescription &option) {
  std::string text = ".TP\n";
  for (const std::string &name : option.names)
    text += (text.size() == 4 ? "" : ", ") + bold(name);
  if (option.names.empty())
    text += italic(option.position) + (option.repeatable ? " ..." : "");
  else if (!option.value.empty())
    text += " " + valueText(option);
  text += "\n" + escape(option.description);
  std::string remarks;
  auto remark = [&](const std::string &what) {
    remarks += (remarks.empty() ? "" : "; ") + what;
  };
  if (option.required)
    remark("required");
  if (!option.range.empty())
    remark(option.range);
  if (!option.defaultValue.empty())
    remark("default: " + option.defaultValue);
  if (!option.names.empty() && !option.position.empty())
    remark("also without its name, as " + option.position);
  if (!remarks.empty())
    text += " (" + escape(remarks) + ")";
  return text + "\n";
}

static void appendCommand(const CommandDescription &command,
                          const std::string &path, std::string &text) {
  text += ".SS \"" + escape(path) + "\"\n" + escape(command.summary) + "\n";
  for (const OptionDescription &option : command.options)
    // The program's own says it for all commands.
    if (option.names.empty() || option.names.back() != "--help")
      text += optionText(option);
  for (const CommandDescription &below : command.commands)
    appendCommand(below, path + " " + below.name, text);
}

/// Paragraphs, with the macro between them that man(7) has for it.
static std::string paragraphs(const std::string &text) {
  std::string result = escape(text);
  for (size_t at; (at = result.find("\n\n")) != std::string::npos;)
    result.replace(at, 2, "\n.PP\n");
  return result + "\n";
}

std::string segc::manualPage(const CommandDescription &root,
                             const ManualText &text) {
  std::string title, summary = root.summary;
  for (const char c : root.name)
    title += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (!summary.empty())
    summary[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(summary[0])));
  std::string page =
      ".TH \"" + escape(title) + "\" \"1\" \"\" \"" + escape(text.version) +
      "\" \"User Commands\"\n" + ".nh\n.ad l\n.SH NAME\n" + escape(root.name) +
      " \\- " + escape(summary) + "\n.SH SYNOPSIS\n" + bold(root.name) + " " +
      italic("COMMAND") + " [" + italic("OPTION") + "]...\n.SH DESCRIPTION\n" +
      paragraphs(text.description) + ".SH OPTIONS\n";
  for (const OptionDescription &option : root.options)
    page += optionText(option);
  page += ".SH COMMANDS\n";
  for (const CommandDescription &command : root.commands)
    appendCommand(command, root.name + " " + command.name, page);
  page += ".SH EXIT STATUS\n";
  for (const auto &[code, meaning] : text.exitCodes)
    page += ".TP\n" + bold(code) + "\n" + escape(meaning) + "\n";
  page += ".SH AUTHOR\n" + escape(SEGC_MAINTAINER) + "\n.SH SEE ALSO\n";
  for (const std::string &other : text.seeAlso)
    page += escape(other) + (&other == &text.seeAlso.back() ? "\n" : ",\n");
  return page;
}
