//===- GridReturnTest.cpp - The way back to the grid of a file ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Inference/PredictWindows.h"

#include <gtest/gtest.h>

using namespace segc;

/// A volume whose voxels are their places, but for a border of zeros, in the
/// storage order that a permutation and reversals of RAS give.
static SourceCase numberedCase(std::array<size_t, 3> axes, unsigned reversed) {
  SourceCase source;
  source.path = "case.nii";
  Volume volume;
  volume.geometry.size = {7, 5, 6};
  volume.geometry.affine = {};
  for (size_t axis = 0; axis < 3; ++axis)
    volume.geometry.affine[axes[axis]][axis] = reversed >> axis & 1 ? -1 : 1;
  std::vector<float> values(size_t{7} * 5 * 6);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t x = i % 7, y = i / 7 % 5, z = i / 35;
    if (x > 1 && x < 6 && y > 0 && z < 4)
      values[i] = static_cast<float>(i);
  }
  volume.voxels = Voxels(values);
  source.images.push_back(std::move(volume));
  source.channels.push_back({0, 0, {}});
  return source;
}

static Plan planWith(std::array<int64_t, 3> transpose, AxisFrame frame) {
  Plan plan;
  plan.channelNames = {"any"};
  plan.classNames = {"background", "one"};
  plan.transpose = transpose;
  plan.frame = frame;
  plan.intensities.resize(1);
  PlanConfiguration configuration;
  configuration.spacing = {1, 1, 1};
  configuration.patch = {8, 8, 8};
  configuration.normalization = {"nonorm"};
  configuration.useMask = {false};
  plan.configurations = {configuration};
  return plan;
}

// Every voxel of the prepared case goes back to where it came from: in all 48
// storage orders, in both frames and with every order of the network's axes.
TEST(GridReturnTest, IsTheWayBackOfThePreparation) {
  ThreadPool pool(1);
  for (std::array<size_t, 3> axes : {std::array<size_t, 3>{0, 1, 2},
                                     {0, 2, 1},
                                     {1, 0, 2},
                                     {1, 2, 0},
                                     {2, 0, 1},
                                     {2, 1, 0}})
    for (unsigned reversed = 0; reversed < 8; ++reversed)
      for (AxisFrame frame : {AxisFrame::File, AxisFrame::Ras})
        for (std::array<int64_t, 3> transpose :
             {std::array<int64_t, 3>{0, 1, 2}, {2, 0, 1}, {1, 0, 2}}) {
          const SourceCase source = numberedCase(axes, reversed);
          const Plan plan = planWith(transpose, frame);
          auto prepared =
              prepareCase("case", source, plan, plan.configurations[0],
                          PreparationUse::Prediction, pool);
          ASSERT_TRUE(prepared.ok()) << prepared.status().message();
          const GridReturn grid = gridReturn(prepared->record, PlanRules::V2);
          ASSERT_EQ(grid.from, grid.to);
          EXPECT_EQ(grid.voxels, 7 * 5 * 6);
          int64_t numbered = 0;
          for (int64_t i = 0; i < prepared->voxels(); ++i) {
            const int64_t a = i / (grid.to[1] * grid.to[2]),
                          b = i / grid.to[2] % grid.to[1], c = i % grid.to[2];
            const auto value = static_cast<int64_t>(prepared->image[i]);
            if (value == 0)
              continue;
            ++numbered;
            ASSERT_EQ(grid.first + a * grid.stride[0] + b * grid.stride[1] +
                          c * grid.stride[2],
                      value);
          }
          ASSERT_EQ(numbered, 4 * 4 * 4);
        }
}

TEST(GridReturnTest, TakesTheNearestPlaneByTheRulesOfV2) {
  PreparationRecord record;
  record.geometry.size = {4, 4, 2};
  record.cropShape = {2, 4, 4};
  record.resampledShape = {4, 4, 4};
  record.nearestAxis = 0;
  EXPECT_EQ(gridReturn(record, PlanRules::V2).nearestAxis, size_t{0});
  EXPECT_FALSE(gridReturn(record, PlanRules::Example).nearestAxis);
}

TEST(GridReturnTest, AlignsTheCornersByTheRulesOfMlperf) {
  PreparationRecord record;
  record.geometry.size = {4, 4, 2};
  record.cropShape = {2, 4, 4};
  record.resampledShape = {4, 4, 4};
  EXPECT_TRUE(gridReturn(record, PlanRules::Mlperf).alignedCorners);
  EXPECT_FALSE(gridReturn(record, PlanRules::V2).alignedCorners);
  EXPECT_FALSE(gridReturn(record, PlanRules::Example).alignedCorners);
}
