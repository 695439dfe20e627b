//===- GridResizeTest.cpp - Resizing of volumes ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/GridResize.h"
#include "TestSupport.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace segc;
using testing::Each;
using testing::ElementsAre;

static int64_t voxels(Shape3 shape) { return shape[0] * shape[1] * shape[2]; }

/// The numbers that bench/peers/record_resizes.py resizes.
static std::vector<float> image(Shape3 shape) {
  std::vector<float> values;
  for (int64_t i = 0; i < voxels(shape); ++i)
    values.push_back(static_cast<float>(double(i * 7919 % 1009) / 100.0));
  return values;
}

static std::vector<int16_t> labels(Shape3 shape) {
  std::vector<int16_t> values;
  for (int64_t z = 0; z < shape[0]; ++z)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t x = 0; x < shape[2]; ++x)
        values.push_back(
            static_cast<int16_t>((z / 2 + 2 * (y / 2) + x / 3) % 4));
  return values;
}

static std::array<Interpolation, 3> all(Interpolation interpolation) {
  return {interpolation, interpolation, interpolation};
}

static std::vector<float> resized(const std::vector<float> &source, Shape3 from,
                                  Shape3 to, std::array<Interpolation, 3> axes,
                                  unsigned threads = 2) {
  ThreadPool pool(threads);
  std::vector<float> result(static_cast<size_t>(voxels(to)));
  resizeGrid(source.data(), from, result.data(), to, axes, pool);
  return result;
}

static std::vector<float> resizedPlanes(const std::vector<float> &source,
                                        Shape3 from, Shape3 to, size_t axis) {
  ThreadPool pool(2);
  std::vector<float> result(static_cast<size_t>(voxels(to)));
  resizePlanes(source.data(), from, result.data(), to, axis,
               Interpolation::CubicSpline, pool);
  return result;
}

static std::vector<int16_t>
resizedLabels(const std::vector<int16_t> &source, Shape3 from, Shape3 to,
              std::optional<size_t> nearestAxis = {}, unsigned threads = 2) {
  ThreadPool pool(threads);
  std::vector<int16_t> result(static_cast<size_t>(voxels(to)));
  resizeLabels(source.data(), from, result.data(), to, nearestAxis, pool);
  return result;
}

/// What the peer makes of a recorded case.
static std::vector<float> ours(const std::string &kind, Shape3 from,
                               Shape3 to) {
  static const std::map<std::string, Interpolation> interpolations = {
      {"nearest", Interpolation::Nearest},
      {"linear", Interpolation::Linear},
      {"catmull_rom", Interpolation::CatmullRom},
      {"spline", Interpolation::CubicSpline}};
  if (kind == "spline_planes")
    return resizedPlanes(image(from), from, to, 0);
  if (kind == "labels" || kind == "label_planes") {
    std::optional<size_t> axis;
    if (kind == "label_planes")
      axis = 0;
    const std::vector<int16_t> result =
        resizedLabels(labels(from), from, to, axis);
    return {result.begin(), result.end()};
  }
  return resized(image(from), from, to, all(interpolations.at(kind)));
}

TEST(GridResize, IsThatOfTheRecordings) {
  StatusOr<std::string> text =
      readFile(SEGC_SOURCE_DIR "/unittests/Runtime/Data/golden/resizes.json");
  ASSERT_OK(text.status());
  StatusOr<Json> cases = parseJson(*text, "resizes.json");
  ASSERT_OK(cases.status());
  ASSERT_EQ(cases->size(), 12u);
  for (const Json &recorded : *cases) {
    const auto kind = recorded["kind"].get<std::string>();
    SCOPED_TRACE(kind + " " + recorded["from"].dump() + " to " +
                 recorded["to"].dump());
    const auto expected = recorded["result"].get<std::vector<float>>();
    const std::vector<float> result = ours(kind, recorded["from"].get<Shape3>(),
                                           recorded["to"].get<Shape3>());
    ASSERT_EQ(result.size(), expected.size());
    for (size_t i = 0; i < result.size(); ++i)
      ASSERT_NEAR(result[i], expected[i], 1e-5) << "voxel " << i;
  }
}

// Every axis by itself, in lines of which no task is full and of which the last
// task is not: the axes of a transposed volume swap roles.
TEST(GridResize, AxesAreAlike) {
  const Shape3 from = {5, 7, 23}, to = {9, 4, 31};
  const std::vector<float> source = image(from);
  std::vector<float> transposed(source.size());
  for (int64_t z = 0; z < 5; ++z)
    for (int64_t y = 0; y < 7; ++y)
      for (int64_t x = 0; x < 23; ++x)
        transposed[static_cast<size_t>((x * 7 + y) * 5 + z)] =
            source[static_cast<size_t>((z * 7 + y) * 23 + x)];
  const std::vector<float> result =
      resized(source, from, to, all(Interpolation::CubicSpline));
  const std::vector<float> other = resized(transposed, {23, 7, 5}, {31, 4, 9},
                                           all(Interpolation::CubicSpline));
  for (int64_t z = 0; z < 9; ++z)
    for (int64_t y = 0; y < 4; ++y)
      for (int64_t x = 0; x < 31; ++x)
        ASSERT_NEAR(result[static_cast<size_t>((z * 4 + y) * 31 + x)],
                    other[static_cast<size_t>((x * 4 + y) * 9 + z)], 1e-5);
}

TEST(GridResize, HasTheSameBitsForAnyNumberOfThreads) {
  const Shape3 from = {6, 11, 19}, to = {13, 8, 25};
  EXPECT_EQ(resized(image(from), from, to, all(Interpolation::CubicSpline), 1),
            resized(image(from), from, to, all(Interpolation::CubicSpline), 4));
  EXPECT_EQ(resizedLabels(labels(from), from, to, {}, 1),
            resizedLabels(labels(from), from, to, {}, 4));
}

TEST(GridResize, KeepsAGridAsItIs) {
  const Shape3 shape = {3, 4, 5};
  EXPECT_EQ(
      resized(image(shape), shape, shape, all(Interpolation::CubicSpline)),
      image(shape));
}

TEST(GridResize, OneVoxelBecomesConstant) {
  for (Interpolation interpolation :
       {Interpolation::Nearest, Interpolation::Linear,
        Interpolation::LinearAligned, Interpolation::CatmullRom,
        Interpolation::CubicSpline})
    EXPECT_THAT(resized({7}, {1, 1, 1}, {2, 3, 4}, all(interpolation)),
                Each(7.f));
}

// A step overshoots under cubic interpolation; the range of the source bounds
// it, that of each plane where planes are resized.
TEST(GridResize, ClipsToTheRange) {
  const std::vector<float> step = {0, 0, 0, 1, 1, 1};
  for (Interpolation interpolation :
       {Interpolation::CatmullRom, Interpolation::CubicSpline}) {
    const std::vector<float> result =
        resized(step, {1, 1, 6}, {1, 1, 16}, all(interpolation));
    EXPECT_EQ(*std::max_element(result.begin(), result.end()), 1);
    EXPECT_EQ(*std::min_element(result.begin(), result.end()), 0);
  }
  std::vector<float> two = step;
  two.insert(two.end(), {0, 0, 0, 9, 9, 9});
  const std::vector<float> planes =
      resizedPlanes(two, {2, 1, 6}, {2, 1, 16}, 0);
  EXPECT_EQ(*std::max_element(planes.begin(), planes.begin() + 16), 1);
  EXPECT_EQ(*std::max_element(planes.begin() + 16, planes.end()), 9);
}

// Planes across another axis than the first are those of the transposed volume.
TEST(GridResize, PlanesAcrossTheLastAxis) {
  const std::vector<float> result =
      resizedPlanes({0, 10, 1, 20, 4, 30}, {1, 3, 2}, {1, 3, 4}, 2);
  EXPECT_THAT(result, ElementsAre(0, 0, 10, 10, 1, 1, 20, 20, 4, 4, 30, 30));
}

TEST(GridResize, HalvesGoToTheNextPlane) {
  EXPECT_THAT(
      resized({0, 1, 2, 3}, {1, 1, 4}, {1, 1, 2}, all(Interpolation::Nearest)),
      ElementsAre(1, 3));
}

// The ends of both grids lie on each other; of one voxel it is the first.
TEST(GridResize, AlignsTheCorners) {
  const auto aligned = all(Interpolation::LinearAligned);
  EXPECT_THAT(resized({1, 3, 5}, {1, 1, 3}, {1, 1, 5}, aligned),
              ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(resized({1, 2, 3, 4}, {4, 1, 1}, {2, 1, 1}, aligned),
              ElementsAre(1, 4));
  EXPECT_THAT(resized({7, 9}, {1, 2, 1}, {1, 1, 1}, aligned), ElementsAre(7));
}

// 4 / 3 of a voxel at a time, rounded down; in f32 41 * (2 / 82) is below 1.
TEST(GridResize, PicksLabels) {
  ThreadPool pool(2);
  std::vector<int16_t> result(3);
  const std::vector<int16_t> source = {4, 5, 6, 7};
  pickLabels(source.data(), {1, 1, 4}, result.data(), {1, 1, 3}, pool);
  EXPECT_THAT(result, ElementsAre(4, 5, 6));
  pickLabels(source.data(), {4, 1, 1}, result.data(), {3, 1, 1}, pool);
  EXPECT_THAT(result, ElementsAre(4, 5, 6));
  result.resize(6);
  pickLabels(source.data(), {1, 2, 2}, result.data(), {1, 2, 3}, pool);
  EXPECT_THAT(result, ElementsAre(4, 4, 5, 6, 6, 7));
  result.resize(82);
  pickLabels(source.data(), {1, 1, 2}, result.data(), {1, 1, 82}, pool);
  EXPECT_EQ(result[41], 4);
  EXPECT_EQ(result[42], 5);
}

// A half of each of two labels: the larger has the voxel. Labels below 0 mark
// what was cropped.
TEST(GridResize, LargerLabelsOverwrite) {
  EXPECT_THAT(resizedLabels({1, 2, 5, -1}, {1, 1, 4}, {1, 1, 2}),
              ElementsAre(2, 5));
  EXPECT_THAT(resizedLabels({-1, -1, 3, 3}, {1, 1, 4}, {1, 1, 2}),
              ElementsAre(-1, 3));
}

// Four labels of a quarter each: no mask reaches one half.
TEST(GridResize, VoxelsWithoutALabelAreBackground) {
  EXPECT_THAT(resizedLabels({1, 2, 3, 4}, {1, 2, 2}, {1, 1, 1}),
              ElementsAre(0));
}
