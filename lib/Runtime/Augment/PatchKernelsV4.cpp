//===- PatchKernelsV4.cpp - Kernels for x86-64-v4 -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define SEGC_PATCH_KERNELS patchKernelsV4
#define SEGC_PATCH_KERNELS_NAME "x86-64-v4"
#include "PatchKernels.inc"
