//===- ExampleCases.h - Best, median and worst case -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_EXAMPLECASES_H
#define SEGC_RUNTIME_METRICS_EXAMPLECASES_H

#include <cstddef>
#include <vector>

namespace segc {

/// A case whose prediction is shown for all of them.
struct ExampleCase {
  const char *rank; ///< "best", "median" or "worst"
  size_t index;     ///< Of the case.
};

/// Returns the cases with the largest, the middle and the smallest Dice; of an
/// even number the smaller of both in the middle. Cases without one (NaN) do
/// not count. Of two cases there are the best and the worst, of one the best.
std::vector<ExampleCase> exampleCases(const std::vector<double> &dice);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_EXAMPLECASES_H
