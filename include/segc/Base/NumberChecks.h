//===- NumberChecks.h - Checks of numbers in options ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Like CLI::PositiveNumber and CLI::NonNegativeNumber, whose messages name the
// range of all doubles with 309 digits.

#ifndef SEGC_BASE_NUMBERCHECKS_H
#define SEGC_BASE_NUMBERCHECKS_H

#include <CLI/CLI.hpp>
#include <string>

namespace segc {

/// A check of one number, by what it must be in words and in code.
inline CLI::Validator numberCheck(const std::string &expected,
                                  bool (*holds)(double)) {
  return CLI::Validator(
      [=](std::string &text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && holds(value)
                   ? std::string()
                   : "expected a number " + expected + ", got " + text;
      },
      expected);
}

inline CLI::Validator positiveNumber() {
  return numberCheck("above 0", [](double value) { return value > 0; });
}

inline CLI::Validator numberFromZero() {
  return numberCheck("of at least 0", [](double value) { return value >= 0; });
}

} // namespace segc

#endif // SEGC_BASE_NUMBERCHECKS_H
