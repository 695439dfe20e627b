//===- ArenaPlanTest.cpp - Offsets for intervals of memory ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/ArenaPlan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <random>

using namespace segc;
using testing::HasSubstr;

namespace {

using Intervals = std::vector<ArenaInterval>;

/// Returns the largest sum of sizes that are alive at one time.
int64_t maxAlive(const Intervals &intervals) {
  int64_t maxLive = 0;
  for (const ArenaInterval &at : intervals) {
    int64_t live = 0;
    for (const ArenaInterval &i : intervals)
      if (i.first <= at.first && at.first <= i.last)
        live +=
            (i.bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
    maxLive = std::max(maxLive, live);
  }
  return maxLive;
}

ArenaPlan checkedPlan(const Intervals &intervals) {
  ArenaPlan plan = planArena(intervals);
  EXPECT_EQ(checkArenaPlan(intervals, plan), "");
  EXPECT_EQ(plan.bound, maxAlive(intervals));
  EXPECT_GE(plan.bytes, plan.bound);
  return plan;
}

TEST(ArenaPlan, NoValuesNeedNoMemory) {
  ArenaPlan plan = checkedPlan({});
  EXPECT_EQ(plan.bytes, 0);
}

// Two values whose live ranges do not overlap share their memory.
TEST(ArenaPlan, ReusesMemoryOfDeadValues) {
  ArenaPlan plan = checkedPlan({{128, 0, 1}, {128, 2, 3}});
  EXPECT_EQ(plan.offsets[0], plan.offsets[1]);
  EXPECT_EQ(plan.bytes, 128);
}

// Both ends belong to a live range, because a kernel reads its operand while it
// writes its result.
TEST(ArenaPlan, AdjacentLiveRangesAreDisjoint) {
  EXPECT_EQ(checkedPlan({{64, 0, 1}, {64, 1, 2}}).bytes, 128);
}

// A small value is placed in the smallest hole that has room for it.
TEST(ArenaPlan, FillsTheSmallestHole) {
  // Values are placed by size. 0 and 1 are always alive; 2 and 3 leave holes of
  // 256 and 128.
  Intervals intervals = {{1024, 0, 9}, {512, 0, 9}, {256, 0, 4}, {512, 0, 9},
                         {128, 0, 4},  {512, 0, 9}, {128, 5, 9}, {256, 5, 9}};
  ArenaPlan plan = checkedPlan(intervals);
  EXPECT_EQ(plan.bytes, plan.bound);
}

// A chain, as in inference, needs two alternating buffers.
TEST(ArenaPlan, AChainTakesTwoBuffers) {
  Intervals chain;
  for (int i = 0; i < 50; ++i)
    chain.push_back({4096, i, i + 1});
  EXPECT_EQ(checkedPlan(chain).bytes, 2 * 4096);
}

// Forward values that live until their backward op have nested live ranges,
// like a stack.
TEST(ArenaPlan, NestedLiveRangesMeetTheBound) {
  Intervals nested;
  for (int i = 0; i < 40; ++i)
    nested.push_back({64 * (1 + i % 7), i, 100 - i});
  ArenaPlan plan = checkedPlan(nested);
  EXPECT_EQ(plan.bytes, plan.bound);
}

// Sizes are rounded up to the alignment.
TEST(ArenaPlan, RoundsToTheAlignment) {
  ArenaPlan plan = checkedPlan({{1, 0, 0}, {65, 0, 0}});
  EXPECT_EQ(plan.bytes, 3 * arenaAlignment);
}

// Without reuse every interval has its own memory; the bound does not change.
TEST(ArenaPlan, WithoutReuseNothingIsShared) {
  Intervals intervals = {{64, 0, 0}, {128, 1, 1}, {64, 2, 2}};
  ArenaPlan plan = planArena(intervals, /*reuse=*/false);
  EXPECT_EQ(checkArenaPlan(intervals, plan), "");
  EXPECT_EQ(plan.bytes, 256);
  EXPECT_EQ(plan.bound, 128);
  EXPECT_THAT(plan.offsets, testing::ElementsAre(0, 64, 192));
}

// The check finds each kind of fault.
TEST(CheckArenaPlan, RejectsBadPlans) {
  Intervals together = {{64, 0, 2}, {64, 2, 3}};
  EXPECT_THAT(checkArenaPlan(together, {{0, 0}, 64, 128}),
              HasSubstr("intervals 0 and 1 overlap"));
  EXPECT_THAT(checkArenaPlan(together, {{0, 32}, 128, 128}),
              HasSubstr("not aligned"));
  EXPECT_THAT(checkArenaPlan(together, {{0, 64}, 64, 128}),
              HasSubstr("leaves the arena of 64 bytes"));
  EXPECT_THAT(checkArenaPlan(together, {{-64, 64}, 128, 128}),
              HasSubstr("leaves the arena"));
  EXPECT_EQ(checkArenaPlan(together, {{0, 64}, 128, 128}), "");
  // The memory overlaps partially.
  Intervals uneven = {{192, 0, 5}, {64, 3, 3}};
  EXPECT_THAT(checkArenaPlan(uneven, {{0, 128}, 192, 256}),
              HasSubstr("overlap"));
}

Intervals randomIntervals(std::mt19937 &generator) {
  auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(generator);
  };
  Intervals intervals(draw(1, 60));
  int ticks = draw(1, 80), longest = draw(1, ticks);
  for (ArenaInterval &interval : intervals) {
    interval.first = draw(0, ticks);
    interval.last = interval.first + draw(0, longest);
    interval.bytes = draw(1, 1 << draw(1, 16));
  }
  return intervals;
}

// Plans of thousands of random sets are valid and, on average, close to the
// lower bound.
TEST(ArenaPlan, RandomSets) {
  std::mt19937 generator(1);
  double sum = 0, worst = 1;
  constexpr int sets = 3000;
  for (int i = 0; i < sets; ++i) {
    Intervals intervals = randomIntervals(generator);
    ArenaPlan plan = checkedPlan(intervals);
    ASSERT_FALSE(HasFailure()) << "set " << i;
    double ratio = static_cast<double>(plan.bytes) / plan.bound;
    sum += ratio;
    worst = std::max(worst, ratio);
  }
  std::printf("arena / bound over %d sets: mean %.4f, worst %.4f\n", sets,
              sum / sets, worst);
  EXPECT_LT(sum / sets, 1.01);
  EXPECT_LT(worst, 1.2);
}

// The check finds an interval that is moved onto another with an overlapping
// live range.
TEST(CheckArenaPlan, RejectsRandomDisturbances) {
  std::mt19937 generator(2);
  int disturbed = 0;
  for (int i = 0; i < 2000; ++i) {
    Intervals intervals = randomIntervals(generator);
    ArenaPlan plan = planArena(intervals);
    size_t a = generator() % intervals.size(),
           b = generator() % intervals.size();
    bool together = intervals[a].first <= intervals[b].last &&
                    intervals[b].first <= intervals[a].last;
    if (a == b || !together)
      continue;
    plan.offsets[a] = plan.offsets[b];
    plan.bytes = std::max(plan.bytes, plan.offsets[a] + intervals[a].bytes);
    ++disturbed;
    EXPECT_NE(checkArenaPlan(intervals, plan), "") << "set " << i;
  }
  EXPECT_GT(disturbed, 200);
}

} // namespace
