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

/// Numbers above 0.
inline CLI::Validator positiveNumber() {
  return CLI::Validator(
      [](std::string &text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && value > 0
                   ? std::string()
                   : "expected a number above 0, got " + text;
      },
      "ABOVE 0");
}

/// Numbers from 0 on.
inline CLI::Validator numberFromZero() {
  return CLI::Validator(
      [](std::string &text) {
        double value = 0;
        return CLI::detail::lexical_cast(text, value) && value >= 0
                   ? std::string()
                   : "expected a number of at least 0, got " + text;
      },
      "AT LEAST 0");
}

} // namespace segc

#endif // SEGC_BASE_NUMBERCHECKS_H
