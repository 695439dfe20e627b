//===- WindowsTest.cpp - Windows of a sliding-window prediction -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Windows.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Inference/WindowSums.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace segc;
using testing::ElementsAre;

// docs/ReferenceBehaviour.md, "Test vectors".
TEST(WindowsTest, StartsAreThoseOfTheReferences) {
  auto starts = [](int64_t size, int64_t patch, PlanRules rules) {
    return windowStarts(size, patch, 0.5, rules);
  };
  EXPECT_THAT(starts(240, 128, PlanRules::Example), ElementsAre(0, 64, 112));
  EXPECT_THAT(starts(240, 128, PlanRules::V2), ElementsAre(0, 56, 112));
  EXPECT_THAT(starts(155, 128, PlanRules::Example), ElementsAre(0, 27));
  EXPECT_THAT(starts(155, 128, PlanRules::V2), ElementsAre(0, 27));
  EXPECT_THAT(starts(110, 64, PlanRules::Example), ElementsAre(0, 32, 46));
  EXPECT_THAT(starts(110, 64, PlanRules::V2), ElementsAre(0, 23, 46));
  // A last window that ends where the volume does is not repeated.
  EXPECT_THAT(starts(256, 128, PlanRules::Example), ElementsAre(0, 64, 128));
  EXPECT_THAT(starts(128, 128, PlanRules::Example), ElementsAre(0));
  EXPECT_THAT(starts(128, 128, PlanRules::V2), ElementsAre(0));
  // 2.5 is rounded to 2, as NumPy does.
  EXPECT_THAT(starts(13, 8, PlanRules::V2), ElementsAre(0, 2, 5));
}

TEST(WindowsTest, ProfilesAreThoseOfTheReferences) {
  using Profile = std::vector<float>;
  // The corner of the published example's map of 128^3, which has the cube
  // roots of a product of three Gaussians.
  const Profile example =
      windowProfile(128, WindowWeights::Gaussian, PlanRules::Example);
  EXPECT_NEAR(example[0] * example[0] * example[0], 3.8013e-4, 5e-9);
  EXPECT_FLOAT_EQ(example[127], example[0]);
  EXPECT_EQ(example[63], 1);
  // v2's map of 8 x 6 x 5, as SciPy 1.17 makes it.
  const Profile z = windowProfile(8, WindowWeights::Gaussian, PlanRules::V2),
                y = windowProfile(6, WindowWeights::Gaussian, PlanRules::V2),
                x = windowProfile(5, WindowWeights::Gaussian, PlanRules::V2);
  EXPECT_FLOAT_EQ(10 * z[0] * y[0] * x[0], 6.725127806157864e-09f);
  EXPECT_FLOAT_EQ(10 * z[7] * y[5] * x[4], 1.8963955441534237e-05f);
  EXPECT_FLOAT_EQ(10 * z[1] * y[2] * x[3], 0.012698088662050609f);
  EXPECT_FLOAT_EQ(10 * z[5] * y[0] * x[2], 0.0020346836901064423f);
  EXPECT_EQ(10 * z[4] * y[3] * x[2], 10);
  EXPECT_THAT(windowProfile(3, WindowWeights::Constant, PlanRules::V2),
              ElementsAre(1, 1, 1));
}

// All windows have one distance, what they need more lies on both sides.
TEST(WindowsTest, VolumesAreMirroredByTheRulesOfMlperf) {
  WindowOptions options;
  options.rules = PlanRules::Mlperf;
  const WindowTiling tiling({200, 128, 100}, {128, 128, 128}, options, 1);
  EXPECT_THAT(tiling.axes[0].starts, ElementsAre(-28, 36, 100));
  EXPECT_THAT(tiling.axes[1].starts, ElementsAre(0));
  EXPECT_THAT(tiling.axes[2].starts, ElementsAre(-14));
  auto shown = [](int64_t place, int64_t size) {
    return shownVoxel(place, size, 8, PlanRules::Mlperf);
  };
  EXPECT_EQ(shown(3, 10), 3);
  EXPECT_EQ(shown(-1, 10), 1);
  EXPECT_EQ(shown(-3, 10), 3);
  EXPECT_EQ(shown(10, 10), 8);
  EXPECT_EQ(shown(12, 10), 6);
  // Smaller than the patch: the edges.
  EXPECT_EQ(shown(-2, 5), 0);
  EXPECT_EQ(shown(6, 5), 4);
  for (PlanRules rules : {PlanRules::Example, PlanRules::V2}) {
    EXPECT_EQ(shownVoxel(3, 10, 8, rules), 3);
    EXPECT_FALSE(shownVoxel(-1, 10, 8, rules));
    EXPECT_FALSE(shownVoxel(10, 10, 8, rules));
  }
}

TEST(WindowsTest, SmallVolumesAreCentredInTheirPatch) {
  const WindowTiling tiling({3, 20, 8}, {8, 8, 8}, {}, 1);
  EXPECT_THAT(tiling.axes[0].starts, ElementsAre(-2));
  EXPECT_THAT(tiling.axes[1].starts, ElementsAre(0, 4, 8, 12));
  EXPECT_THAT(tiling.axes[2].starts, ElementsAre(0));
  EXPECT_EQ(tiling.windows(), 4);
  ASSERT_EQ(tiling.groups.size(), 1U);
  EXPECT_EQ(tiling.groups[0].endPlane, 3);
  EXPECT_EQ(tiling.groups[0].complete, 3);
  EXPECT_EQ(tiling.keptPlanes(), 3);
  EXPECT_THAT(tiling.place(tiling.groups[0], 2), ElementsAre(-2, 8, 0));
}

TEST(WindowsTest, PlanesAreGroupedToBatchesAndVolumesAreNot) {
  const WindowTiling planes({10, 8, 12}, {1, 8, 8}, {}, 7);
  ASSERT_EQ(planes.groups.size(), 3U); // Of four planes with two windows each.
  EXPECT_EQ(planes.groups[1].beginPlane, 4);
  EXPECT_EQ(planes.groups[1].endPlane, 8);
  EXPECT_EQ(planes.groups[1].complete, 8);
  EXPECT_EQ(planes.keptPlanes(), 5);
  const WindowTiling volume({40, 8, 8}, {8, 8, 8}, {}, 7);
  EXPECT_EQ(volume.groups.size(), volume.axes[0].starts.size());
  EXPECT_EQ(volume.keptPlanes(), 9); // However many planes the volume has.
}

static ScoreLayout layoutOf(int64_t classes, Scores scores) {
  ScoreLayout layout;
  layout.channels = classes;
  layout.scores = scores;
  return layout;
}

TEST(WindowSumsTest, AddsWeightedValues) {
  WindowOptions options;
  options.overlap = 0.25;
  const WindowTiling tiling({4, 4, 7}, {4, 4, 4}, options, 1);
  ASSERT_THAT(tiling.axes[2].starts, ElementsAre(0, 3));
  ThreadPool pool(2);
  for (Scores scores : {Scores::Logits, Scores::Probabilities}) {
    StatusOr<WindowSums> sums = WindowSums::create(tiling, layoutOf(2, scores));
    ASSERT_TRUE(sums.ok());
    sums->open(0, 4, pool);
    std::vector<float> first, second;
    for (int i = 0; i < 64; ++i) {
      first.insert(first.end(), {0.25f, 0.75f});
      second.insert(second.end(), {0.0f, 1.0f});
    }
    sums->add({0, 0, 0}, 0, first.data(), 0, pool);
    sums->add({0, 0, 3}, 0, second.data(), 0, pool);
    auto value = [&](float p) {
      // 0 counts as the smallest normal number.
      return scores == Scores::Logits ? std::log(std::max(p, 1.17549435e-38f))
                                      : p;
    };
    const std::vector<float> &z = tiling.axes[0].profile,
                             &x = tiling.axes[2].profile;
    const float *row = sums->plane(2) + ptrdiff_t{7} * 2; // Of y = 1.
    const float weight = z[2] * tiling.axes[1].profile[1];
    EXPECT_FLOAT_EQ(row[0], weight * x[0] * value(0.25f));
    EXPECT_FLOAT_EQ(row[6],
                    weight * (x[3] * value(0.25f) + x[0] * value(0.0f)));
    EXPECT_FLOAT_EQ(row[7],
                    weight * (x[3] * value(0.75f) + x[0] * value(1.0f)));
    EXPECT_FLOAT_EQ(row[12], weight * x[3] * value(0.0f));
  }
}

TEST(WindowSumsTest, LogarithmsAreThoseOfTheLibrary) {
  WindowOptions options;
  options.weights = WindowWeights::Constant;
  const WindowTiling tiling({1, 1, 1}, {1, 1, 1}, options, 1);
  constexpr int64_t count = 2000;
  StatusOr<WindowSums> sums =
      WindowSums::create(tiling, layoutOf(count, Scores::Logits));
  ASSERT_TRUE(sums.ok());
  ThreadPool pool(1);
  std::vector<float> values;
  for (int64_t i = 1; i <= count; ++i)
    values.push_back(static_cast<float>(
        i % 2 ? double(i) / count : std::pow(10.0, double(-i) * 37 / count)));
  sums->open(0, 1, pool);
  sums->add({0, 0, 0}, 0, values.data(), 0, pool);
  for (int64_t i = 0; i < count; ++i) {
    const double expected = std::log(double(values[static_cast<size_t>(i)]));
    EXPECT_NEAR(double(sums->plane(0)[i]), expected,
                2.4e-7 * std::max(std::abs(expected), 0.1))
        << values[static_cast<size_t>(i)];
  }
}
