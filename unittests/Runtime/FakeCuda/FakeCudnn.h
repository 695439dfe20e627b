//===- FakeCudnn.h - cuDNN on the fake GPU ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shared library libcudnn.so.9 of the tests: it offers one plan for each
// graph of a convolution of one channel and one tap, and runs it on the fake
// driver.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDNN_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDNN_H

#include <cstdint>

namespace fakecudnn {

/// How often heuristics were asked, and plans were run; descriptors and handles
/// that are alive.
struct Counts {
  int heuristics = 0, executions = 0, alive = 0;
};
Counts &counts();

/// What a plan says it needs.
extern int64_t workspaceBytes;

} // namespace fakecudnn

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDNN_H
