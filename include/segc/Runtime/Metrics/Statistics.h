//===- Statistics.h - Means with confidence intervals -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_STATISTICS_H
#define SEGC_RUNTIME_METRICS_STATISTICS_H

#include <cstdint>
#include <vector>

namespace segc {

/// The mean of the finite values of all cases. What cannot be computed is NaN.
struct MeanInterval {
  double mean, std;    ///< The standard deviation is that of a sample (n - 1).
  double lower, upper; ///< 95 % confidence interval of the mean.
  int64_t count, infinite;
};

/// The interval is the percentile bootstrap of the mean: 2.5 and 97.5 % of 2000
/// means of as many values drawn with replacement. The draws are a function of
/// their numbers, so that the same values give the same interval.
MeanInterval meanInterval(const std::vector<double> &values);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_STATISTICS_H
