/*===- Accumulate.c - The kernel that adds gradients ----------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Accumulate.ptx is what clang makes of this file, so that a runtime is built
 * without it. test/Runtime/runtime-kernels.test holds them together.
 *
 *===----------------------------------------------------------------------===*/

#include "Accumulate.h"

#include <stdint.h>

__attribute__((device_kernel)) void segc_accumulate_kernel(const float *from,
                                                           const float *divisor,
                                                           float *to,
                                                           int64_t count) {
  const int64_t first =
      (int64_t)__nvvm_read_ptx_sreg_ctaid_x() * SEGC_ACCUMULATE_THREADS +
      __nvvm_read_ptx_sreg_tid_x();
  const float number = *divisor;
  for (int64_t i = first; i < count;
       i += (int64_t)SEGC_ACCUMULATE_BLOCKS * SEGC_ACCUMULATE_THREADS)
    to[i] = (to[i] + from[i]) / number;
}
