//===- CpuFeatures.h - What this processor can run --------------*- C++ -*-===//
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

/// Whether the processor has a feature, by LLVM's name ("avx512f"), and the
/// system saves the registers it needs. A name that is not known is answered
/// with false: kernels that need it are not run.
bool cpuHasFeature(std::string_view name);

/// The processor's own name, for messages and reports.
std::string cpuName();

} // namespace segc

#endif // SEGC_RUNTIME_CORE_CPUFEATURES_H
