/*===- Accumulate.h - The shape of the kernel that adds -------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_ACCUMULATE_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_ACCUMULATE_H

/* All values are dealt to as many blocks: enough for any GPU. */
#define SEGC_ACCUMULATE_BLOCKS 1024
#define SEGC_ACCUMULATE_THREADS 256

#endif /* SEGC_LIB_RUNTIME_DEVICE_CUDA_ACCUMULATE_H */
