/*===- FilterPermutation.h - Filters in cuDNN's layout and back -----*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_FILTERPERMUTATION_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_FILTERPERMUTATION_H

#include "segc/model.h"

#define SEGC_PERMUTE_FILTER_THREADS 256

/* Elements of the target are numbered along three dimensions, the last one
 * fastest; the strides are those of the source, in elements. */
typedef struct segc_filter_permutation {
  int64_t sizes[3];
  int64_t strides[3];
  uint32_t from_type, to_type; /* segc_element: f32, f16 or bf16 */
} segc_filter_permutation;

/* The element of the source that becomes element `i` of the target. */
static inline int64_t segc_permuted_element(const segc_filter_permutation *p,
                                            int64_t i) {
  const int64_t row = i / p->sizes[2];
  return row / p->sizes[1] * p->strides[0] + row % p->sizes[1] * p->strides[1] +
         i % p->sizes[2] * p->strides[2];
}

#endif /* SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_FILTERPERMUTATION_H */
