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
  const WindowTiling tiling({200, 128, 100}, {128, 128, 128}, options);
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
  const WindowTiling tiling({3, 20, 8}, {8, 8, 8}, {});
  EXPECT_THAT(tiling.axes[0].starts, ElementsAre(-2));
  EXPECT_THAT(tiling.axes[1].starts, ElementsAre(0, 4, 8, 12));
  EXPECT_THAT(tiling.axes[2].starts, ElementsAre(0));
  EXPECT_EQ(tiling.windows(), 4);
  EXPECT_THAT(tiling.place(2), ElementsAre(-2, 8, 0));
}

TEST(WindowsTest, PlanesAreGroupedToBatchesAndVolumesAreNot) {
  WindowUse use;
  use.samples = 7;
  use.hasRounds = true;
  const WindowTiling planes({10, 8, 12}, {1, 8, 8}, {}, use);
  EXPECT_EQ(planes.windows(), 20);
  EXPECT_EQ(planes.windowsPerRound(), 8); // Of four planes with two each.
  EXPECT_EQ(planes.keptUnits() * planes.unitVoxels(), 4 * 8 * 12);
  const WindowTiling volume({40, 8, 8}, {8, 8, 8}, {}, use);
  EXPECT_EQ(volume.windowsPerRound(), 1);
  // The batch changes no bit: windows keep their order.
  for (const Shape3 &shape : {Shape3{40, 8, 60}, Shape3{60, 40, 9}}) {
    const auto orderOf = [&](int64_t samples) {
      use.samples = samples;
      return WindowTiling(shape, {1, 8, 8}, {}, use).order();
    };
    EXPECT_EQ(orderOf(1), orderOf(1000));
  }
  EXPECT_EQ(volume.keptUnits() * volume.unitVoxels(), 8 * 8 * 8);
}

/// Goes through the windows and counts what is kept: each unit is opened once,
/// before a window has it, and released once, when none has it any more.
static void expectLives(const Shape3 &shape, const Shape3 &patch,
                        const WindowUse &use) {
  SCOPED_TRACE(testing::PrintToString(shape) + testing::PrintToString(patch));
  const WindowTiling tiling(shape, patch, {}, use);
  const int64_t unit = tiling.unitVoxels(), row = (shape[2] + unit - 1) / unit;
  enum State : uint8_t { Unused, Kept, Released };
  std::vector<State> states(static_cast<size_t>(shape[0] * shape[1] * row));
  int64_t kept = 0, most = 0;
  auto change = [&](const UnitBox &box, State from, State to) {
    for (int64_t z = box.begin[0]; z < box.end[0]; ++z)
      for (int64_t y = box.begin[1]; y < box.end[1]; ++y)
        for (int64_t x = box.begin[2]; x < box.end[2]; ++x) {
          State &state =
              states[static_cast<size_t>((z * shape[1] + y) * row + x)];
          ASSERT_EQ(state, from);
          state = to;
          kept += to == Kept ? 1 : -1;
        }
    most = std::max(most, kept);
  };
  auto expectKept = [&](int64_t window) {
    const Shape3 place = tiling.place(window);
    for (int64_t z = std::max<int64_t>(0, place[0]);
         z < std::min(shape[0], place[0] + patch[0]); ++z)
      for (int64_t y = std::max<int64_t>(0, place[1]);
           y < std::min(shape[1], place[1] + patch[1]); ++y)
        for (int64_t x = std::max<int64_t>(0, place[2]);
             x < std::min(shape[2], place[2] + patch[2]); ++x)
          ASSERT_EQ(
              states[static_cast<size_t>((z * shape[1] + y) * row + x / unit)],
              Kept);
  };
  const int64_t step = use.hasRounds ? tiling.windowsPerRound() : 1;
  for (int64_t begin = 0; begin < tiling.windows(); begin += step) {
    const int64_t end = std::min(begin + step, tiling.windows());
    for (int64_t window = begin; window < end; ++window)
      ASSERT_NO_FATAL_FAILURE(change(tiling.opened(window), Unused, Kept));
    for (int64_t window = begin; window < end; ++window)
      ASSERT_NO_FATAL_FAILURE(expectKept(window));
    for (int64_t window = begin; window < end; ++window)
      ASSERT_NO_FATAL_FAILURE(change(tiling.released(window), Kept, Released));
  }
  EXPECT_EQ(kept, 0);
  for (State state : states)
    ASSERT_EQ(state, Released);
  EXPECT_EQ(most, tiling.keptUnits());
}

TEST(WindowsTest, SumsAreKeptFromTheFirstWindowToTheLast) {
  for (const Shape3 &shape :
       {Shape3{20, 25, 30}, Shape3{11, 12, 90}, Shape3{50, 9, 20},
        Shape3{3, 40, 17}, Shape3{1, 1, 1}})
    for (const Shape3 &patch : {Shape3{8, 8, 8}, Shape3{1, 8, 16}})
      for (bool isResized : {false, true})
        for (bool hasRounds : {false, true}) {
          WindowUse use;
          use.samples = 5;
          use.hasRounds = hasRounds;
          use.resized = {isResized, false, isResized};
          expectLives(shape, patch, use);
        }
}

TEST(WindowsTest, WindowsChangeLastWhereItSavesSums) {
  using Order = std::array<size_t, 3>;
  EXPECT_EQ(WindowTiling({90, 11, 12}, {8, 8, 8}, {}).order(),
            (Order{0, 1, 2}));
  EXPECT_EQ(WindowTiling({12, 90, 11}, {8, 8, 8}, {}).order()[0], 1U);
  // Of 256x256x200 with a patch of 128x160x112, as its axes are in memory.
  const WindowTiling tiling({200, 256, 256}, {112, 160, 128}, {});
  EXPECT_EQ(tiling.order(), (Order{2, 0, 1}));
  EXPECT_EQ(tiling.windows(), 27);
  // All rows of the next 64 columns of the windows, and of the 64 in front of
  // them those that are not complete: 68 planes, and 44 with a strip of 160.
  EXPECT_EQ(tiling.keptUnits() * tiling.unitVoxels(),
            64 * (200 * 256 + 68 * 256 + 44 * 160));
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
  const WindowTiling tiling({4, 4, 7}, {4, 4, 4}, options);
  ASSERT_THAT(tiling.axes[2].starts, ElementsAre(0, 3));
  ThreadPool pool(2);
  for (Scores scores : {Scores::Logits, Scores::Probabilities}) {
    StatusOr<WindowSums> sums = WindowSums::create(tiling, layoutOf(2, scores));
    ASSERT_TRUE(sums.ok());
    sums->open(0, pool);
    sums->open(1, pool);
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
    const ScorePieces pieces = sums->pieces();
    std::vector<float> row;
    for (int64_t x = 0; x < 7; ++x) {
      const float *voxel =
          pieces.at(2, 0, 1, x / pieces.voxels) + x % pieces.voxels * 2;
      row.insert(row.end(), voxel, voxel + 2);
    }
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
  const WindowTiling tiling({1, 1, 1}, {1, 1, 1}, options);
  constexpr int64_t count = 2000;
  StatusOr<WindowSums> sums =
      WindowSums::create(tiling, layoutOf(count, Scores::Logits));
  ASSERT_TRUE(sums.ok());
  ThreadPool pool(1);
  std::vector<float> values;
  for (int64_t i = 1; i <= count; ++i)
    values.push_back(static_cast<float>(
        i % 2 ? double(i) / count : std::pow(10.0, double(-i) * 37 / count)));
  sums->open(0, pool);
  sums->add({0, 0, 0}, 0, values.data(), 0, pool);
  const float *voxel = sums->pieces().at(0, 0, 0, 0);
  for (int64_t i = 0; i < count; ++i) {
    const double expected = std::log(double(values[static_cast<size_t>(i)]));
    EXPECT_NEAR(double(voxel[i]), expected,
                2.4e-7 * std::max(std::abs(expected), 0.1))
        << values[static_cast<size_t>(i)];
  }
}
