//===- RunPhasesTest.cpp - Time and memory by phase -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/RunPhases.h"

#include <gmock/gmock.h>
#include <thread>

using namespace segc;

// An inner phase pauses the outer one. The memory of a phase is the peak during
// its own time.
TEST(RunPhases, NestedPhases) {
  using std::chrono::milliseconds;
  RunPhases phases;
  {
    const RunPhases::Scope train(&phases, "train");
    std::this_thread::sleep_for(milliseconds(10));
    for (int i = 0; i < 2; ++i) {
      const RunPhases::Scope validate(&phases, "validate");
      std::vector<char> memory(size_t{64} << 20, 1);
      std::this_thread::sleep_for(milliseconds(30));
      EXPECT_EQ(memory.back(), 1);
    }
  }
  const RunPhases::Scope nothing(nullptr, "nothing");
  ASSERT_EQ(phases.all().size(), 2u);
  const RunPhases::Phase &train = phases.all()[0], &validate = phases.all()[1];
  EXPECT_EQ(train.name, "train");
  EXPECT_EQ(train.times, 1);
  EXPECT_GE(train.seconds, 0.01);
  EXPECT_EQ(validate.times, 2);
  EXPECT_GE(validate.seconds, 0.06);
  EXPECT_GE(validate.peakBytes, int64_t{64} << 20);
  EXPECT_GT(train.peakBytes, int64_t{1} << 20);
  OrderedJson json = phases.toJson();
  EXPECT_EQ(json[1]["phase"], "validate");
  EXPECT_EQ(json[1]["times"], 2);
  EXPECT_EQ(json[1]["peak_rss_bytes"], validate.peakBytes);
}
