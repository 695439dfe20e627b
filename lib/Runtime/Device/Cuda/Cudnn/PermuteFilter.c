/*===- PermuteFilter.c - Filters in cuDNN's layout and back ---------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * PermuteFilter.ptx is what clang makes of this file, so that a runtime is
 * built without it. test/Runtime/runtime-kernels.test holds them together.
 *
 *===----------------------------------------------------------------------===*/

#include "FilterPermutation.h"

static float load(const void *from, int64_t i, uint32_t type) {
  if (type == SEGC_F16)
    return (float)((const _Float16 *)from)[i];
  if (type == SEGC_BF16) {
    const uint32_t bits = (uint32_t)((const uint16_t *)from)[i] << 16;
    return __builtin_bit_cast(float, bits);
  }
  return ((const float *)from)[i];
}

static void store(void *to, int64_t i, uint32_t type, float value) {
  if (type == SEGC_F16) {
    ((_Float16 *)to)[i] = (_Float16)value;
  } else if (type == SEGC_BF16) {
    /* To the nearest, ties to even; NaNs stay NaNs. */
    const uint32_t bits = __builtin_bit_cast(uint32_t, value);
    const uint32_t rounded =
        value != value ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1u);
    ((uint16_t *)to)[i] = (uint16_t)(rounded >> 16);
  } else {
    ((float *)to)[i] = value;
  }
}

/* A thread for each element. */
__attribute__((device_kernel)) void
segc_permute_filter_kernel(const void *from, void *to,
                           const segc_filter_permutation *permutation,
                           int64_t blocks) {
  (void)blocks;
  const segc_filter_permutation p = *permutation;
  const int64_t i =
      (int64_t)__nvvm_read_ptx_sreg_ctaid_x() * SEGC_PERMUTE_FILTER_THREADS +
      __nvvm_read_ptx_sreg_tid_x();
  if (i < p.sizes[0] * p.sizes[1] * p.sizes[2])
    store(to, i, p.to_type,
          load(from, segc_permuted_element(&p, i), p.from_type));
}
