//===- WinogradKernelsTest.cpp - Winograd kernels against the reference ---===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

std::string list(llvm::ArrayRef<int64_t> sizes) {
  std::string text = "[";
  for (auto [i, size] : llvm::enumerate(sizes))
    text += (i == 0 ? "" : ", ") + std::to_string(size);
  return text + "]";
}

/// Parameters of a strategy. The others follow from the convolution.
struct Tiles {
  Sizes m, tile;
  int64_t lanes = 16, nb = 1, ur = 4, groups = 1;
  bool inPlace = false;
};

/// Returns the floats of all points of `size` floats, with the padding between
/// points.
int64_t pitched(int64_t size, const Tiles &tiles) {
  int64_t floats = size + 16;
  for (int64_t m : tiles.m)
    floats *= m == 1 ? 1 : m + 2;
  return floats;
}

/// Returns a strategy for `in` channels read and `out` channels written.
std::string strategy(const Tiles &tiles, int64_t in, int64_t out) {
  int64_t width = tiles.nb * tiles.lanes;
  int64_t floats = llvm::divideCeil(out, width) * pitched(in * width, tiles);
  return "winograd, m = " + list(tiles.m) + ", tile = " + list(tiles.tile) +
         ", lanes = " + std::to_string(tiles.lanes) +
         ", nb = " + std::to_string(tiles.nb) +
         ", ur = " + std::to_string(tiles.ur) +
         ", groups = " + std::to_string(tiles.groups) +
         ", in_place = " + (tiles.inPlace ? "true" : "false") +
         ", temp_bytes = " + std::to_string(4 * floats);
}

void checkBoth(ConvCase c, const Tiles &tiles) {
  c.strategy = strategy(tiles, c.in, c.out);
  checkConv(convText(c));
  if (tiles.inPlace)
    return;
  c.strategy = strategy(tiles, c.out, c.in);
  checkConv(inputGradText(c));
}

/// Checks a filter gradient. `groups` of `tiles` are parts of the channels.
void checkFilterGrad(ConvCase c, const Tiles &tiles, int64_t splits,
                     int64_t taskPoints = 1) {
  int64_t width = tiles.nb * tiles.lanes;
  int64_t columns = llvm::divideCeil(c.out, width) * width;
  int64_t floats = splits * pitched(c.in * columns, tiles);
  c.strategy = "winograd, m = " + list(tiles.m) +
               ", tile = " + list(tiles.tile) +
               ", lanes = " + std::to_string(tiles.lanes) +
               ", nb = " + std::to_string(tiles.nb) +
               ", ur = " + std::to_string(tiles.ur) +
               ", groups = " + std::to_string(tiles.groups) +
               ", splits = " + std::to_string(splits) +
               ", task_points = " + std::to_string(taskPoints) +
               ", temp_bytes = " + std::to_string(4 * floats);
  checkConv(filterGradText(c));
}

ConvCase volume(Sizes size, int64_t in, int64_t out, bool epilogue = false) {
  return {size, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1},
          in,   out,       false,     epilogue};
}

ConvCase image(Sizes size, int64_t in, int64_t out, bool epilogue = false) {
  return {size, {3, 3}, {1, 1}, {1, 1}, {1, 1}, in, out, false, epilogue};
}

TEST(WinogradKernels, Volumes) {
  checkBoth(volume({8, 8, 8}, 16, 32, true), {{2, 2, 2}, {2, 2, 4}, 16, 2, 8});
  checkBoth(volume({8, 8, 8}, 16, 16), {{4, 4, 4}, {1, 2, 2}, 16, 1, 4});
  checkBoth(volume({4, 8, 6}, 32, 16, true), {{2, 4, 2}, {2, 1, 3}, 16, 1, 6});
}
TEST(WinogradKernels, Images) {
  checkBoth(image({16, 16}, 16, 32, true), {{1, 4, 4}, {1, 2, 4}, 16, 2, 8});
  checkBoth(image({16, 16}, 48, 16), {{1, 2, 2}, {1, 8, 2}, 16, 1, 7});
}
// Sizes that tiles, tasks, register blocks and vectors do not divide.
TEST(WinogradKernels, OddSizes) {
  checkBoth(volume({5, 7, 3}, 17, 16, true), {{2, 2, 2}, {2, 3, 1}, 16, 1, 4});
  checkBoth(volume({5, 9, 7}, 3, 48), {{4, 4, 4}, {1, 2, 2}, 16, 2, 3});
  checkBoth(image({9, 5}, 1, 17, true), {{1, 4, 4}, {1, 2, 1}, 16, 1, 5});
  checkBoth(image({3, 13}, 48, 3), {{1, 2, 2}, {1, 1, 4}, 4, 1, 3});
  checkBoth(volume({1, 2, 3}, 16, 16), {{2, 4, 4}, {1, 1, 1}, 8, 2, 1});
}
// Filters with one tap in depth; padding on one side.
TEST(WinogradKernels, FlatFilters) {
  checkBoth({{3, 8, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 16, 16},
            {{1, 4, 4}, {3, 1, 3}, 16, 1, 9});
  checkBoth({{6, 8, 7}, {3, 1, 3}, {1, 1, 1}, {2, 0, 0}, {0, 0, 1}, 16, 16},
            {{2, 1, 2}, {1, 4, 2}, 16, 1, 4});
}
TEST(WinogradKernels, InPlace) {
  checkBoth({{10, 12}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 32, false, true},
            {{1, 2, 2}, {1, 2, 5}, 16, 2, 5, 1, true});
  checkBoth({{10, 12}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 32, false, true},
            {{1, 4, 2}, {1, 2, 5}, 16, 1, 5, 2, true});
}
TEST(WinogradKernels, LongEpilogue) {
  ConvCase c = image({8, 10}, 16, 32, true);
  c.sums = 4;
  checkBoth(c, {{1, 4, 4}, {1, 2, 1}, 16, 2, 2, 1});
}
// Tasks may share channels, and filters may be transposed.
TEST(WinogradKernels, Groups) {
  ConvCase c = volume({4, 4, 4}, 16, 48);
  c.transposeFilter = true;
  c.strategy = strategy({{2, 2, 2}, {2, 2, 2}, 16, 1, 8, 3}, 16, 48);
  checkConv(convText(c));
  c.strategy = strategy({{2, 2, 2}, {2, 2, 2}, 16, 1, 8, 1}, 48, 16);
  checkConv(inputGradText(c));
}

TEST(WinogradKernels, FilterGradients) {
  checkFilterGrad(volume({8, 8, 8}, 16, 32), {{2, 2, 2}, {2, 2, 4}, 16, 2, 8},
                  1, 2);
  checkFilterGrad(volume({8, 8, 8}, 16, 16), {{4, 4, 4}, {1, 2, 2}, 16, 1, 16},
                  2, 4);
  checkFilterGrad(image({16, 12}, 48, 32), {{1, 4, 4}, {1, 2, 3}, 16, 1, 10, 2},
                  3, 6);
  checkFilterGrad(volume({5, 7, 3}, 17, 48),
                  {{2, 2, 2}, {2, 3, 1}, 16, 1, 4, 3}, 2);
  checkFilterGrad(image({9, 5}, 3, 17), {{1, 4, 2}, {1, 2, 1}, 8, 2, 5}, 1);
  checkFilterGrad(image({3, 13}, 1, 3), {{1, 2, 4}, {1, 1, 4}, 4, 1, 3}, 1);
  checkFilterGrad(
      {{3, 8, 9}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 16, 16},
      {{1, 4, 4}, {3, 1, 3}, 16, 1, 9}, 2);
  checkFilterGrad(
      {{6, 8, 7}, {3, 1, 3}, {1, 1, 1}, {2, 0, 0}, {0, 0, 1}, 16, 16},
      {{2, 1, 2}, {1, 4, 2}, 16, 1, 4}, 1);
}

TEST(WinogradKernels, WrongStrategy) {
  auto expectError = [](ConvCase c, const Tiles &tiles,
                        const std::string &error) {
    c.strategy = strategy(tiles, c.in, c.out);
    EXPECT_THAT(checkKernels(convText(c)), testing::HasSubstr(error));
  };
  expectError(image({8, 8}, 16, 16), {{2, 2, 2}, {1, 1, 1}},
              "expects Winograd tiles of 2 or 4 where the filter has 3 taps, "
              "of 1 elsewhere, got 2");
  expectError(image({8, 8}, 16, 16), {{1, 2, 2}, {1, 1, 1}, 16, 1, 4, 1, true},
              "cannot read its input in place");
  ConvCase strided = image({8, 8}, 16, 16);
  strided.strides = {2, 1};
  expectError(strided, {{1, 2, 2}, {1, 1, 1}},
              "cannot use Winograd tiles: stride 2, expected 1");
  ConvCase wide = image({8, 8}, 16, 16);
  wide.taps = {5, 3};
  expectError(wide, {{1, 2, 2}, {1, 1, 1}},
              "cannot use Winograd tiles: 5 taps, expected 3");
}

} // namespace
