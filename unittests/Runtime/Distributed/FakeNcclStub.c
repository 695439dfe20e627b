/*===- FakeNcclStub.c - A library with no more than NCCL's version --*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

int ncclGetVersion(int *version);
int ncclGetVersion(int *version) {
  *version = 21400;
  return 0;
}
