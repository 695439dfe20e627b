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

/// What the exception that is being handled says; for a catch block.
Status statusOfException();

/// What `function` returns (something that a Status can become); an exception
/// that leaves it is an error like any other.
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
