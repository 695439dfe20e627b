//===- NumberChecks.h - Checks of numbers in options ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// CLI11 converts with strtoll and strtold, which accept "0x10", "010", "1e20",
// "nan" and numbers that saturate. These checks accept decimal numbers within a
// range that the message names.

#ifndef SEGC_BASE_NUMBERCHECKS_H
#define SEGC_BASE_NUMBERCHECKS_H

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

namespace segc {

/// Parses all of `text` as a decimal number of type T.
template <typename T>
bool readNumber(const std::string &text, T &value) {
  const char *end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stopped == end;
}

/// A validator of one number, from its condition in words, in the short form of
/// --help, and in code.
template <typename Holds>
CLI::Validator numberCheck(const std::string &expected,
                           const std::string &range, Holds holds) {
  return CLI::Validator(
      [=](std::string &text) {
        return holds(text) ? std::string()
                           : "expected " + expected + ", got \"" + text + "\"";
      },
      range);
}

inline CLI::Validator
integerIn(int64_t least, int64_t most = std::numeric_limits<int64_t>::max()) {
  std::string from = std::to_string(least), to = std::to_string(most);
  std::string words = "a whole number from " + from + " to " + to;
  std::string range = from + ".." + to;
  if (most == std::numeric_limits<int64_t>::max()) {
    bool any = least == std::numeric_limits<int64_t>::min();
    words = any ? "a whole number" : "a whole number of at least " + from;
    range = any ? "" : from + "..";
  }
  return numberCheck(words, range, [=](const std::string &text) {
    int64_t value = 0;
    // "010" is 8 to the conversion.
    size_t digits = text.compare(0, 1, "-") == 0;
    return readNumber(text, value) && value >= least && value <= most &&
           (text[digits] != '0' || text.size() == digits + 1);
  });
}

inline CLI::Validator numberIn(double least, double most) {
  char from[32], to[32];
  std::snprintf(from, sizeof(from), "%g", least);
  std::snprintf(to, sizeof(to), "%g", most);
  return numberCheck(
      std::string("a number from ") + from + " to " + to,
      std::string(from) + ".." + to, [=](const std::string &text) {
        double value = 0;
        return readNumber(text, value) && value >= least && value <= most;
      });
}

} // namespace segc

#endif // SEGC_BASE_NUMBERCHECKS_H
