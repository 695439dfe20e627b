//===- PatchKernels.cpp - Choice of patch kernels -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchKernels.h"
#include "segc/Runtime/Core/CpuFeatures.h"

#include <algorithm>
#include <initializer_list>

using namespace segc;

#if defined(__x86_64__)
static bool hasAll(std::initializer_list<const char *> features) {
  return std::all_of(features.begin(), features.end(),
                     [](const char *name) { return cpuHasFeature(name); });
}
#endif

std::vector<const PatchKernels *> segc::allPatchKernels() {
  std::vector<const PatchKernels *> kernels = {&patchKernelsPlain};
#if defined(__x86_64__)
  if (hasAll({"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"})) {
    kernels.push_back(&patchKernelsV3);
    if (hasAll({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}))
      kernels.push_back(&patchKernelsV4);
  }
#endif
  return kernels;
}

const PatchKernels &segc::patchKernels() {
  static const PatchKernels &best = *allPatchKernels().back();
  return best;
}
