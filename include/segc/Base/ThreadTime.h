//===- ThreadTime.h - Processor time of a thread ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_THREADTIME_H
#define SEGC_BASE_THREADTIME_H

#include <ctime>

namespace segc {

/// Processor seconds of the calling thread.
inline double threadSeconds() {
  timespec time = {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

} // namespace segc

#endif // SEGC_BASE_THREADTIME_H
