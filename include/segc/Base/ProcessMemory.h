//===- ProcessMemory.h - Memory of this process ----------------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_PROCESSMEMORY_H
#define SEGC_BASE_PROCESSMEMORY_H

#include <cstdint>

namespace segc {

/// Returns the bytes of the machine's memory; 0 if the system does not say.
uint64_t physicalMemoryBytes();
/// Returns the bytes of this process that are resident now; 0 if the system
/// does not say.
uint64_t residentBytes();
/// Returns the most that were, of the whole life of the process or since the
/// kernel was asked to start again (/proc/self/clear_refs).
uint64_t residentPeakBytes();

} // namespace segc

#endif // SEGC_BASE_PROCESSMEMORY_H
