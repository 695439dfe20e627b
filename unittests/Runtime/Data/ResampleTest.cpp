//===- ResampleTest.cpp - Resampling --------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Resample.h"
#include "TestSupport.h"

#include <numeric>

using namespace segc;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatEq;
using testing::Pointwise;

static void resampleLinear(const std::vector<float> &source, Size3 from,
                           float *result, Size3 to) {
  Voxels voxels(source);
  segc::resampleLinear({voxels, from}, result, to);
}

// Source index = index * 4 / 3: 0, 1.333, 2.667.
TEST(ResampleTest, LinearDown) {
  const std::vector<float> line = {10, 20, 40, 80};
  std::vector<float> result(3);
  for (Size3 axis : {Size3{1, 0, 0}, Size3{0, 1, 0}, Size3{0, 0, 1}}) {
    Size3 from = {1 + 3 * axis[0], 1 + 3 * axis[1], 1 + 3 * axis[2]};
    Size3 to = {1 + 2 * axis[0], 1 + 2 * axis[1], 1 + 2 * axis[2]};
    resampleLinear(line, from, result.data(), to);
    EXPECT_NEAR(result[0], 10, 1e-5);
    EXPECT_NEAR(result[1], 20 + 20 / 3.0, 1e-5);
    EXPECT_NEAR(result[2], 40 + 40 * 2 / 3.0, 1e-5);
  }
}

// Upsampling at indices 0, 0.4, 0.8, 1.2, 1.6. Positions after the last voxel
// have its value, because a constant may not fit the unit.
TEST(ResampleTest, EdgeIsHeld) {
  const std::vector<float> line = {10, 20};
  std::vector<float> result(5);
  resampleLinear(line, {2, 1, 1}, result.data(), {5, 1, 1});
  EXPECT_THAT(result, Pointwise(FloatEq(), {10.f, 14.f, 18.f, 20.f, 20.f}));
  const std::vector<uint8_t> labels = {10, 20};
  std::vector<int32_t> nearest(5);
  resampleNearest({labels, {2, 1, 1}}, nearest.data(), {5, 1, 1});
  EXPECT_THAT(nearest, ElementsAre(10, 10, 20, 20, 20));
}

// Indices 0, 1.5, 3, 4.5 of six: halves are rounded up.
TEST(ResampleTest, NearestHalvesUp) {
  const std::vector<uint8_t> line = {0, 1, 2, 3, 4, 5};
  std::vector<int32_t> result(4);
  resampleNearest({line, {6, 1, 1}}, result.data(), {4, 1, 1});
  EXPECT_THAT(result, ElementsAre(0, 2, 3, 5));
}

// The input is in file order, the result in array order [x][y][z].
TEST(ResampleTest, Order) {
  std::vector<float> source(2 * 3 * 4), result(source.size());
  std::iota(source.begin(), source.end(), 0.0f);
  resampleLinear(source, {2, 3, 4}, result.data(), {2, 3, 4});
  for (int x = 0; x < 2; ++x)
    for (int y = 0; y < 3; ++y)
      for (int z = 0; z < 4; ++z)
        EXPECT_EQ(result[size_t((x * 3 + y) * 4 + z)],
                  float((z * 3 + y) * 2 + x));
}

// Views with other strides can be resampled: here x is reversed and exchanged
// with z, and the second channel is selected.
TEST(ResampleTest, Views) {
  std::vector<float> source(2 * 2 * 3 * 4), result(24);
  std::iota(source.begin(), source.end(), 0.0f);
  Voxels voxels(source);
  VoxelView view(voxels, {2, 3, 4}, 24);
  view.first += view.stride[0];
  view.size = {4, 3, 2};
  view.stride = {view.stride[2], view.stride[1], -view.stride[0]};
  segc::resampleLinear(view, result.data(), view.size);
  for (int x = 0; x < 4; ++x)
    for (int y = 0; y < 3; ++y)
      for (int z = 0; z < 2; ++z)
        EXPECT_EQ(result[size_t((x * 3 + y) * 2 + z)],
                  float(24 + (x * 3 + y) * 2 + 1 - z));
}

// Resampling back to the same grid changes only the order.
TEST(ResampleTest, LabelsOnSameGrid) {
  const Size3 size = {2, 3, 4};
  std::vector<float> probabilities(2 * 3 * 4 * 3, 0.1f);
  std::vector<uint8_t> expected(24);
  for (int x = 0; x < 2; ++x)
    for (int y = 0; y < 3; ++y)
      for (int z = 0; z < 4; ++z) {
        int label = (x + 2 * y + z) % 3;
        probabilities[size_t(((x * 3 + y) * 4 + z) * 3 + label)] = 0.8f;
        expected[size_t((z * 3 + y) * 2 + x)] = uint8_t(label);
      }
  EXPECT_EQ(labelsOnSourceGrid(probabilities.data(), size, 3, size), expected);
}

// Two network voxels are resampled to four source voxels at 0, 0.5, 1 and 1.5
// (clamped to 1). Class 1 is more probable from 0.6 on; at 0.5 both are equal
// and the first is chosen.
TEST(ResampleTest, LabelsInterpolate) {
  const std::vector<float> probabilities = {1, 0, 0, 1};
  EXPECT_THAT(labelsOnSourceGrid(probabilities.data(), {2, 1, 1}, 2, {4, 1, 1}),
              ElementsAre(0, 0, 1, 1));
  const std::vector<float> steeper = {1, 0, -0.1f, 1};
  EXPECT_THAT(labelsOnSourceGrid(steeper.data(), {2, 1, 1}, 2, {4, 1, 1}),
              ElementsAre(0, 1, 1, 1));
}

// Half-pixel: indices 1/6 and 1.8333 of three; legacy: 0 and 1.5.
TEST(ResampleTest, ResizeBilinear) {
  const std::vector<float> row = {0, 6, 18};
  std::vector<float> result(2);
  resizeBilinear(row.data(), 1, 3, result.data(), 1, 2);
  EXPECT_NEAR(result[0], 1.5, 1e-5);
  EXPECT_NEAR(result[1], 15, 1e-5);
  resizeBilinear(row.data(), 1, 3, result.data(), 1, 2, PixelRule::Legacy);
  EXPECT_THAT(result, Pointwise(FloatEq(), {0.f, 12.f}));
  // Upsampling with clamped edges at -0.25, 0.25, 0.75, 1.25.
  const std::vector<float> column = {0, 4};
  result.resize(4);
  resizeBilinear(column.data(), 2, 1, result.data(), 4, 1);
  EXPECT_THAT(result, Pointwise(FloatEq(), {0.f, 1.f, 3.f, 4.f}));
}

TEST(ResampleTest, CropAndResize) {
  std::vector<float> plane(25);
  std::iota(plane.begin(), plane.end(), 0.0f);
  std::vector<float> result(9);
  // Rows 1, 2, 3 and columns 0, 1, 2.
  cropAndResize(plane.data(), 5, 5, {0.25f, 0, 0.75f, 0.5f}, result.data(), 3,
                3);
  EXPECT_THAT(result, ElementsAre(5, 6, 7, 10, 11, 12, 15, 16, 17));
  // Columns 3, 4, 5, of which the last is outside.
  cropAndResize(plane.data(), 5, 5, {0, 0.75f, 0.5f, 1.25f}, result.data(), 3,
                3);
  EXPECT_THAT(result, ElementsAre(3, 4, 0, 8, 9, 0, 13, 14, 0));
  // The whole plane is copied; samples halfway between pixels are means.
  std::vector<float> same(25);
  cropAndResize(plane.data(), 5, 5, {}, same.data(), 5, 5);
  EXPECT_THAT(same, ElementsAreArray(plane));
  std::vector<float> twice(81);
  cropAndResize(plane.data(), 5, 5, {}, twice.data(), 9, 9);
  EXPECT_FLOAT_EQ(twice[10], 3);
}
