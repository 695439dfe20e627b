//===- Process.h - How a program begins -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_PROCESS_H
#define SEGC_BASE_PROCESS_H

#include "segc/Base/Status.h"

#include <cstddef>
#include <functional>

namespace segc {

/// Room for text that is nested as deep as it may be.
constexpr size_t ampleStack = size_t{8} << 20;

/// Runs a program's work, whose exit code it returns, such that neither closed
/// standard streams nor limits of the process (`ulimit`) end it by a signal:
/// - what is written to a stream that is closed is an error of write(), and
///   goes to no file that took its number;
/// - a file that may not grow is an error of write(), as a full disk is;
/// - the work has a stack of at least `stack` bytes, and threads that are
///   started later have an ample one.
int runProgram(const std::function<int()> &work, size_t stack = ampleStack);

/// Makes a file that may not grow an error of write(), as a full disk is.
/// Libraries that handle signals (InitLLVM) undo it.
void ignoreFileLimit();

/// Whether anybody gets what is printed. What says no more than files do is not
/// missed where the standard output was closed from the start.
bool hasStandardOutput();

/// Arguments are words: an empty one, or an option without its value after the
/// "=", is what a shell makes of a variable that is not set.
Status checkArguments(int argc, char **argv);

} // namespace segc

#endif // SEGC_BASE_PROCESS_H
