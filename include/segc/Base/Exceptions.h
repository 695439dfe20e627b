//===- Exceptions.h - Exceptions as errors ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our own code returns Status; the standard library throws when memory, threads
// or the file system give out. Such an exception becomes a Status where a
// command, a case or a thread ends.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_EXCEPTIONS_H
#define SEGC_BASE_EXCEPTIONS_H

#include "segc/Base/Status.h"

namespace segc {

/// Converts the exception that is being handled; for a catch block.
Status statusOfException();

/// Calls `function`, which returns a Status or a StatusOr, and converts an
/// exception that leaves it to a Status.
template <typename Function>
auto withoutExceptions(Function &&function) -> decltype(function()) {
  try {
    return function();
  } catch (...) {
    return statusOfException();
  }
}

} // namespace segc

#endif // SEGC_BASE_EXCEPTIONS_H
