//===- PatchKernelsPlain.cpp - Kernels for any processor ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#define SEGC_PATCH_KERNELS patchKernelsPlain
#define SEGC_PATCH_KERNELS_NAME "plain"
#include "PatchKernels.inc"
