//===- ThreadSlice.h - How soon a thread runs that wakes up -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_THREADSLICE_H
#define SEGC_BASE_THREADSLICE_H

namespace segc {

/// Asks the scheduler to run the calling thread in slices of 0.1 ms: one that
/// wakes up then runs at once, where it would else wait until the thread on its
/// core has had a slice of milliseconds. Its share of the core stays what it
/// is. Returns whether the system has taken the request; Linux follows it from
/// version 6.12 on.
bool requestShortSlices();

} // namespace segc

#endif // SEGC_BASE_THREADSLICE_H
