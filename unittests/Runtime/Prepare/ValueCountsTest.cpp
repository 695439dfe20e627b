//===- ValueCountsTest.cpp - Numbers counted by value ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Prepare/ValueCounts.h"
#include "../Data/TestSupport.h"
#include "segc/Plan/Planner.h"

using namespace segc;

/// Numbers of both signs and all sizes, no two alike.
static std::vector<float> numbers(size_t count) {
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i)
    values.push_back((i % 2 ? 1.0f : -1.0f) *
                     std::exp(static_cast<float>(i) / float(count) * 9));
  return values;
}

TEST(ValueCounts, CountsTimes) {
  ValueCounts counts({3, -1, 2}, {2, 1, 0});
  counts.merge(ValueCounts({-0.0f, 0}, {}));
  const ForegroundIntensities found = counts.summary();
  EXPECT_EQ(counts.number(), 5u);
  EXPECT_EQ(found.min, -1);
  EXPECT_EQ(found.max, 3);
  EXPECT_EQ(found.median, 0);
  EXPECT_DOUBLE_EQ(found.mean, 1);
  EXPECT_DOUBLE_EQ(found.std, std::sqrt((4 + 4 + 4 + 1 + 1) / 5.0));
  EXPECT_EQ(ValueCounts().summary().max, 0);
}

// Beyond the limit percentiles are those of rounded numbers, whatever the order
// of merging.
TEST(ValueCounts, RoundsWhatIsTooMuch) {
  const std::vector<float> all = numbers(3 * ValueCounts::maxValues);
  std::vector<ValueCounts> parts;
  for (size_t i = 0; i < 3; ++i)
    parts.push_back(
        ValueCounts({all.begin() + ptrdiff_t(i * ValueCounts::maxValues),
                     all.begin() + ptrdiff_t((i + 1) * ValueCounts::maxValues)},
                    {}));
  ValueCounts forward, backward;
  for (size_t i = 0; i < 3; ++i) {
    forward.merge(parts[i]);
    backward.merge(parts[2 - i]);
  }
  const ForegroundIntensities a = forward.summary(), b = backward.summary();
  EXPECT_EQ(a.median, b.median);
  EXPECT_EQ(a.lowerClip, b.lowerClip);
  EXPECT_EQ(a.upperClip, b.upperClip);
  EXPECT_NEAR(a.std, b.std, 1e-9 * a.std);
  const std::vector<double> exact(all.begin(), all.end());
  for (auto [ours, percent] :
       {std::pair(a.lowerClip, 0.5), {a.upperClip, 99.5}}) {
    const double wanted = numpyPercentile(exact, percent);
    EXPECT_NEAR(ours, wanted, 1e-3 * std::abs(wanted));
  }
  EXPECT_EQ(a.max, exact.back());
}
