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
#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Inference/StageTimes.h"

namespace segc {

/// Returns the members of `benchmark` (network, mode, batch size, threads and
/// CPU version) and one record for each kernel in the order of launches. `segc
/// compile --report` reads it (docs/Report.md).
OrderedJson profileJson(const KernelProfiler &profiler,
                        const OrderedJson &benchmark);

/// Returns the last step in the Trace Event Format of chrome://tracing and
/// Perfetto: a track with its kernels, and one for each worker with its tasks.
OrderedJson traceJson(const KernelProfiler &profiler);

/// Returns the times of the stages of a prediction as JSON. `seconds` is the
/// time that the whole command took.
OrderedJson stagesJson(const StageTimes &times, const Manifest &manifest,
                       double seconds);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_PROFILE_H
