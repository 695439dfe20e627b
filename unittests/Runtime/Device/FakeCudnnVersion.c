/*===- FakeCudnnVersion.c - A cuDNN of another version --------------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#include <stddef.h>

size_t cudnnGetVersion(void);
size_t cudnnGetVersion(void) { return FAKE_VERSION; }
