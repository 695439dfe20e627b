//===- CpuFeatures.h - Instruction sets of this processor -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_CPUFEATURES_H
#define SEGC_RUNTIME_CORE_CPUFEATURES_H

#include <string>
#include <string_view>

namespace segc {

/// Returns whether the processor has the feature of that LLVM name ("avx512f")
/// and the system saves its registers. Unknown names return false, so that
/// kernels that need them are not run.
bool cpuHasFeature(std::string_view name);

/// Returns the model name of the processor, for messages and reports.
std::string cpuName();

} // namespace segc

#endif // SEGC_RUNTIME_CORE_CPUFEATURES_H
