//===- Statistics.cpp - Means with confidence intervals -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Metrics/Metrics.h"

#include <cmath>

using namespace segc;

static constexpr uint64_t resamples = 2000;

MeanInterval segc::meanInterval(const std::vector<double> &values) {
  std::vector<double> finite;
  const double none = std::nan("");
  MeanInterval result = {none, none, none, none, 0, 0};
  for (double value : values) {
    result.infinite += std::isinf(value);
    if (std::isfinite(value))
      finite.push_back(value);
  }
  const uint64_t count = finite.size();
  result.count = static_cast<int64_t>(count);
  if (count == 0)
    return result;
  result.mean = mean(finite);
  if (count < 2)
    return result;
  double squares = 0;
  for (double value : finite)
    squares += (value - result.mean) * (value - result.mean);
  result.std = std::sqrt(squares / double(count - 1));
  std::vector<double> means(resamples);
  for (uint64_t sample = 0; sample < resamples; ++sample) {
    const CounterRng random(/*seed=*/0, sample);
    double sum = 0;
    for (uint64_t i = 0; i < count; ++i)
      sum += finite[(uint64_t{random.bits(i)} * count) >> 32];
    means[sample] = sum / double(count);
  }
  result.lower = percentile(means, 0.025);
  result.upper = percentile(std::move(means), 0.975);
  return result;
}
