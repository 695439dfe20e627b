//===- PatchKernelsV3.cpp - Kernels for x86-64-v3 -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define SEGC_PATCH_KERNELS patchKernelsV3
#define SEGC_PATCH_KERNELS_NAME "x86-64-v3"
#include "PatchKernels.inc"
