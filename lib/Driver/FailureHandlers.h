//===- FailureHandlers.h - Handlers of fatal errors -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_FAILUREHANDLERS_H
#define SEGC_LIB_DRIVER_FAILUREHANDLERS_H

namespace segc {

/// Installs handlers that print one line and exit with code 1 where libraries
/// would abort: out of memory or threads, LLVM's fatal errors, uncaught
/// exceptions.
void installFailureHandlers();

} // namespace segc

#endif // SEGC_LIB_DRIVER_FAILUREHANDLERS_H
