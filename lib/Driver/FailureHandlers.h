//===- FailureHandlers.h - Ends of the program that are not its own -*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_FAILUREHANDLERS_H
#define SEGC_LIB_DRIVER_FAILUREHANDLERS_H

namespace segc {

/// From here on, what libraries end a program for is a line and exit code 1:
/// no memory, no thread, LLVM's fatal errors, an exception that nobody catches.
void installFailureHandlers();

} // namespace segc

#endif // SEGC_LIB_DRIVER_FAILUREHANDLERS_H
