/*===- AdvanceScalars.c - The kernel that ends a step ---------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * AdvanceScalars.ptx is what clang makes of this file, so that a runtime is
 * built without it. test/Runtime/runtime-kernels.test holds them together.
 *
 *===----------------------------------------------------------------------===*/

#include "segc/model_tables.h"

__attribute__((device_kernel)) void
segc_advance_scalars_kernel(const float *finite, segc_scalars *scalars,
                            int64_t batch) {
  (void)batch;
  segc_advance_scalars(scalars, *finite != 0);
}
