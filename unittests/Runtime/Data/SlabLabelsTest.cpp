//===- SlabLabelsTest.cpp - Labels of a volume, part by part --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/SlabLabels.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace segc;

static constexpr int64_t classes = 3;

static int64_t voxels(Shape3 shape) { return shape[0] * shape[1] * shape[2]; }

/// Scores [z][y][x][class] without equal ones.
static std::vector<float> scoresOf(Shape3 shape) {
  std::vector<float> values;
  for (int64_t i = 0; i < voxels(shape) * classes; ++i)
    values.push_back(static_cast<float>(i * 7919 % 1009) / 100.0f);
  return values;
}

static std::vector<float> ofClass(const std::vector<float> &scores,
                                  int64_t index) {
  std::vector<float> values;
  for (size_t i = static_cast<size_t>(index); i < scores.size(); i += classes)
    values.push_back(scores[i]);
  return values;
}

static std::array<std::vector<float>, 3> ones(Shape3 shape) {
  std::array<std::vector<float>, 3> scales;
  for (size_t axis = 0; axis < 3; ++axis)
    scales[axis].assign(static_cast<size_t>(shape[axis]), 1.0f);
  return scales;
}

namespace {
struct Output {
  std::vector<uint8_t> labels;
  std::vector<float> probabilities;

  explicit Output(int64_t voxels)
      : labels(static_cast<size_t>(voxels), 77),
        probabilities(static_cast<size_t>(voxels * classes), -1) {}
};
} // namespace

/// Gives the scores in boxes, one after the other, and none that is not needed
/// any more. Rows are in pieces of four voxels.
static Output run(const GridReturn &grid, const std::vector<float> &values,
                  const ScoreLayout &layout, unsigned threads,
                  std::array<std::vector<float>, 3> scales) {
  Output output(grid.voxels);
  if (scales[0].empty())
    scales = ones(grid.from);
  const SlabLabels labels(grid, layout, scales,
                          {output.labels.data(), output.probabilities.data()});
  ThreadPool pool(threads);
  constexpr int64_t piece = 4;
  const int64_t row = grid.from[2] * layout.channels, part = grid.from[1] * row;
  // Planes come one by one, rows and columns in two parts.
  auto edges = [&](size_t axis) {
    const int64_t size = grid.from[axis];
    std::vector<int64_t> all = {0};
    for (int64_t i = 1; axis == 0 && i < size; ++i)
      all.push_back(i);
    if (axis > 0 && size > 3)
      all.push_back(3);
    all.push_back(size);
    return all;
  };
  const std::array<std::vector<int64_t>, 3> known = {edges(0), edges(1),
                                                     edges(2)};
  for (size_t z = 1; z < known[0].size(); ++z)
    for (size_t y = 1; y < known[1].size(); ++y)
      for (size_t x = 1; x < known[2].size(); ++x) {
        const std::array<size_t, 3> at = {z, y, x};
        Shape3 begin, end;
        for (size_t axis = 0; axis < 3; ++axis) {
          begin[axis] = labels.complete(axis, known[axis][at[axis] - 1]);
          end[axis] = labels.complete(axis, known[axis][at[axis]]);
        }
        const ScorePieces pieces = {
            piece,
            [&](int64_t plane, int64_t index, int64_t line,
                int64_t number) -> const float * {
              EXPECT_GE(plane, known[0][z - 1] - 1);
              EXPECT_LT(plane, known[0][z]);
              EXPECT_GE(line, known[1][y - 1] - 1);
              EXPECT_LT(line, known[1][y]);
              EXPECT_GE((number + 1) * piece, known[2][x - 1]);
              EXPECT_LT(number * piece, known[2][x]);
              return values.data() + (plane * layout.parts + index) * part +
                     line * row + number * piece * layout.channels;
            }};
        labels.write(begin, end, pieces, pool);
      }
  return output;
}

static Output run(const GridReturn &grid, const std::vector<float> &values,
                  Scores scores, unsigned threads = 2,
                  std::array<std::vector<float>, 3> scales = {}) {
  ScoreLayout layout;
  layout.channels = classes;
  layout.scores = scores;
  return run(grid, values, layout, threads, std::move(scales));
}

/// Resizes the scores of each class as an image of its own.
static std::vector<std::vector<float>>
classByClass(const GridReturn &grid, const std::vector<float> &values) {
  ThreadPool pool(2);
  std::vector<std::vector<float>> all;
  for (int64_t c = 0; c < classes; ++c) {
    std::vector<float> resized(static_cast<size_t>(voxels(grid.to)));
    if (grid.nearestAxis)
      resizePlanes(ofClass(values, c).data(), grid.from, resized.data(),
                   grid.to, *grid.nearestAxis, Interpolation::Linear, pool);
    else {
      std::array<Interpolation, 3> axes;
      axes.fill(grid.alignedCorners ? Interpolation::LinearAligned
                                    : Interpolation::Linear);
      resizeGrid(ofClass(values, c).data(), grid.from, resized.data(), grid.to,
                 axes, pool);
    }
    all.push_back(std::move(resized));
  }
  return all;
}

static void compare(GridReturn grid) {
  SCOPED_TRACE(testing::PrintToString(grid.from) + " to " +
               testing::PrintToString(grid.to));
  const std::vector<float> values = scoresOf(grid.from);
  const Output output = run(grid, values, Scores::Logits);
  const auto expected = classByClass(grid, values);
  for (size_t i = 0; i < output.labels.size(); ++i) {
    float sum = 0, largest = 0;
    for (const auto &scores : expected) {
      sum += std::exp(scores[i]);
      largest = std::max(largest, scores[i]);
    }
    EXPECT_NEAR(expected[output.labels[i]][i], largest, 1e-5) << i;
    for (int64_t c = 0; c < classes; ++c)
      EXPECT_NEAR(
          output.probabilities[static_cast<size_t>(c * grid.voxels) + i],
          std::exp(expected[static_cast<size_t>(c)][i]) / sum, 1e-5)
          << i;
  }
}

TEST(SlabLabelsTest, EqualsTheArgmaxOfResizedClasses) {
  for (Shape3 to : {Shape3{4, 5, 6}, Shape3{9, 4, 13}, Shape3{2, 11, 3},
                    Shape3{1, 1, 1}, Shape3{7, 5, 6}}) {
    GridReturn grid = GridReturn::identity(to);
    grid.from = {4, 5, 6};
    compare(grid);
    grid.alignedCorners = true;
    compare(grid);
    grid.alignedCorners = false;
    grid.nearestAxis = 0;
    compare(grid);
    grid.nearestAxis = 2;
    compare(grid);
  }
}

TEST(SlabLabelsTest, WritesToThePlaceOfTheCrop) {
  // The axes of the network are x, z, y of a file of 6 x 7 x 8 (z, y, x)
  // voxels; its y runs backwards from 5.
  GridReturn grid;
  grid.from = grid.to = {3, 2, 4};
  grid.voxels = int64_t{6} * 7 * 8;
  grid.first = 2 * 56 + 5 * 8 + 1;
  grid.stride = {1, 56, -8};
  const std::vector<float> values = scoresOf(grid.from);
  const Output output = run(grid, values, Scores::Logits);
  const Output plain =
      run(GridReturn::identity(grid.from), values, Scores::Logits);
  int64_t untouched = 0;
  for (uint8_t label : output.labels)
    untouched += label == 77;
  EXPECT_EQ(untouched, grid.voxels - voxels(grid.to));
  for (int64_t x = 0; x < 3; ++x)
    for (int64_t z = 0; z < 2; ++z)
      for (int64_t y = 0; y < 4; ++y)
        EXPECT_EQ(
            output
                .labels[static_cast<size_t>(((2 + z) * 7 + 5 - y) * 8 + 1 + x)],
            plain.labels[static_cast<size_t>((x * 2 + z) * 4 + y)]);
}

TEST(SlabLabelsTest, CountsScaledScores) {
  // Scores that were multiplied along each axis are divided again, so that
  // interpolation weighs all voxels alike.
  GridReturn grid = GridReturn::identity({7, 6, 9});
  grid.from = {4, 5, 6};
  const std::vector<float> values = scoresOf(grid.from);
  std::array<std::vector<float>, 3> scales = ones(grid.from);
  std::vector<float> multiplied;
  for (size_t axis = 0; axis < 3; ++axis)
    for (size_t i = 0; i < scales[axis].size(); ++i)
      scales[axis][i] = 1.0f / static_cast<float>(i + axis + 1);
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t voxel = i / classes;
    multiplied.push_back(values[i] / scales[0][voxel / 30] /
                         scales[1][voxel / 6 % 5] / scales[2][voxel % 6]);
  }
  const Output expected = run(grid, values, Scores::Probabilities);
  const Output output = run(grid, multiplied, Scores::Probabilities, 2, scales);
  EXPECT_EQ(output.labels, expected.labels);
  for (size_t i = 0; i < output.probabilities.size(); ++i)
    EXPECT_NEAR(output.probabilities[i], expected.probabilities[i], 1e-5);
}

TEST(SlabLabelsTest, BitsDoNotDependOnThreads) {
  GridReturn grid = GridReturn::identity({9, 8, 7});
  grid.from = {5, 6, 11};
  const std::vector<float> values = scoresOf(grid.from);
  const Output one = run(grid, values, Scores::Logits, 1);
  const Output four = run(grid, values, Scores::Logits, 4);
  EXPECT_EQ(one.labels, four.labels);
  EXPECT_EQ(one.probabilities, four.probabilities);
}

TEST(SlabLabelsTest, AppliesAHeadToResizedFeatures) {
  // Two features of each of two members.
  ScoreLayout layout;
  layout.parts = 2;
  layout.channels = 2;
  layout.head = LinearHead{4, classes, {}, {0.5f, -1, 2}};
  for (int i = 0; i < 4 * classes; ++i)
    layout.head->weights.push_back(static_cast<float>(i * 5 % 7) - 3);
  GridReturn grid = GridReturn::identity({7, 6, 9});
  grid.from = {4, 5, 6};
  const int64_t plane = grid.from[1] * grid.from[2];
  std::vector<float> features, logits;
  for (int64_t i = 0; i < voxels(grid.from) * layout.values(); ++i)
    features.push_back(static_cast<float>(i * 7919 % 1009) / 500.0f);
  for (int64_t i = 0; i < voxels(grid.from); ++i)
    for (int64_t c = 0; c < classes; ++c) {
      float sum = layout.head->bias[static_cast<size_t>(c)];
      for (int64_t part = 0; part < 2; ++part)
        for (int64_t f = 0; f < 2; ++f)
          sum +=
              layout.head
                  ->weights[static_cast<size_t>((part * 2 + f) * classes + c)] *
              features[static_cast<size_t>(
                  ((i / plane * 2 + part) * plane + i % plane) * 2 + f)];
      logits.push_back(sum);
    }
  const Output expected = run(grid, logits, Scores::Logits);
  const Output output = run(grid, features, layout, 2, {});
  int64_t equal = 0;
  for (size_t i = 0; i < output.labels.size(); ++i)
    equal += output.labels[i] == expected.labels[i];
  EXPECT_GE(equal, grid.voxels - 1); // Two logits may be alike.
  for (size_t i = 0; i < output.probabilities.size(); ++i)
    EXPECT_NEAR(output.probabilities[i], expected.probabilities[i], 1e-5);
}

// Labels depend on the scores that are said, and on no others.
TEST(SlabLabels, SaysWhichScoresLabelsDependOn) {
  for (const std::optional<size_t> nearest :
       {std::optional<size_t>(), std::optional<size_t>(1)}) {
    GridReturn grid;
    grid.from = {5, 6, 7};
    grid.to = {8, 6, 4};
    grid.nearestAxis = nearest;
    grid.voxels = 300;
    grid.first = 100;
    grid.stride = {-1, -8, 48};
    const std::vector<float> values = scoresOf(grid.from);
    const Output all = run(grid, values, Scores::Logits);
    std::vector<uint8_t> marks(300);
    // One in the array's rim, outside of the grid, too.
    for (const int64_t place :
         {int64_t{0}, int64_t{100}, int64_t{100 - 13 + 96}})
      marks[static_cast<size_t>(place)] = 1;
    const std::vector<uint8_t> needed = scoresOfLabels(grid, marks);
    ASSERT_EQ(needed.size(), static_cast<size_t>(voxels(grid.from)));
    std::vector<float> known = values;
    int64_t count = 0;
    for (size_t i = 0; i < needed.size(); ++i) {
      count += needed[i];
      for (size_t c = 0; !needed[i] && c < classes; ++c)
        known[i * classes + c] = std::nanf("");
    }
    EXPECT_GE(count, 2);
    EXPECT_LE(count, 16);
    const Output part = run(grid, known, Scores::Logits);
    for (size_t i = 0; i < marks.size(); ++i) {
      if (!marks[i])
        continue;
      EXPECT_EQ(part.labels[i], all.labels[i]);
      for (size_t c = 0; c < classes; ++c)
        EXPECT_EQ(part.probabilities[c * 300 + i],
                  all.probabilities[c * 300 + i]);
    }
  }
}
