//===- Process.h - Start of a program ---------------------------*- C++ -*-===//
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

/// Bytes of stack that suffice for the deepest nesting of accepted text.
constexpr size_t ampleStack = size_t{8} << 20;

/// Runs the work of a program and returns its exit code. Neither closed
/// standard streams nor limits of the process (`ulimit`) end it by a signal: -
/// what is written to a stream that is closed is an error of write(), and goes
/// to no file that took its number; - a file that may not grow is an error of
/// write(), as a full disk is; - the work has a stack of at least `stack`
/// bytes, and threads that are started later have an ample one.
int runProgram(const std::function<int()> &work, size_t stack = ampleStack);

/// Ignores SIGXFSZ, so that a file beyond the size limit is an error of
/// write(), as a full disk is. Libraries that handle signals (InitLLVM) undo
/// it.
void ignoreFileLimit();

/// Whether the standard output was open when the program started. If not,
/// output that repeats what files contain is skipped.
bool hasStandardOutput();

/// Refuses empty arguments and options with nothing after the "=", which come
/// from unset variables of a shell.
Status checkArguments(int argc, char **argv);

} // namespace segc

#endif // SEGC_BASE_PROCESS_H
