//===- Profile.h - Kernel times as profile and trace files ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_PROFILE_H
#define SEGC_RUNTIME_COMMANDS_PROFILE_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Core/KernelObserver.h"

namespace segc {

/// One record a kernel, in the order of launches, behind what was run and how:
/// `benchmark` has network, mode, batch size, threads and CPU version. `segc
/// compile --report` reads it; see docs/Report.md.
OrderedJson profileJson(const KernelProfiler &profiler,
                        const OrderedJson &benchmark);

/// The last step in the Trace Event Format of chrome://tracing and Perfetto:
/// a lane with its kernels, and one for each worker with its tasks.
OrderedJson traceJson(const KernelProfiler &profiler);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_PROFILE_H
