//===- UsageError.h - Errors of usage and reported errors -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_USAGEERROR_H
#define SEGC_DRIVER_USAGEERROR_H

#include "llvm/Support/Error.h"
#include <string>

namespace segc {

/// Options that contradict each other or lack another, whatever the input: exit
/// code 2, where an error of the input or of writing is 1.
class UsageError : public llvm::ErrorInfo<UsageError> {
public:
  static inline char ID = 0;
  explicit UsageError(std::string message) : text(std::move(message)) {}

  void log(llvm::raw_ostream &out) const override { out << text; }
  std::error_code convertToErrorCode() const override {
    return std::make_error_code(std::errc::invalid_argument);
  }

private:
  std::string text;
};

/// An error that a diagnostic has already reported. Nothing more is printed for
/// it.
class ReportedError : public llvm::ErrorInfo<ReportedError> {
public:
  static inline char ID = 0;
  void log(llvm::raw_ostream &out) const override { out << "see above"; }
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }
};

inline llvm::Error usageError(const llvm::Twine &message) {
  return llvm::make_error<UsageError>(message.str());
}

} // namespace segc

#endif // SEGC_DRIVER_USAGEERROR_H
