//===- FakeCudnn.h - cuDNN on the fake GPU ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shared library libcudnn.so.9 of the tests: it offers two plans for each
// graph of a convolution, which are loops on the fake driver. A program that
// finds it in LD_LIBRARY_PATH controls it by the words of FAKE_CUDNN.
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

/// How plans behave.
struct Faults {
  int wrongPlans = 0;      ///< So many of the first leave out a tap.
  bool noPlans = false;    ///< Graphs have none.
  double milliseconds = 0; ///< that a plan takes
};
/// FAKE_CUDNN has the words "wrong-first", "wrong", "no-plans" and "slow".
Faults &faults();

} // namespace fakecudnn

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKECUDNN_H
