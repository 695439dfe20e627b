//===- ConvKernelsTest.cpp - Convolution kernels against the reference ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

void checkAll(const ConvCase &c, int64_t largest = 2, int64_t batch = 2) {
  KernelTestOptions options;
  options.largestBatch = largest;
  options.batch = batch;
  checkConv(convText(c), options);
  checkConv(inputGradText(c), options);
  checkConv(filterGradText(c), options);
  checkConv(convTransposeText(c), options);
}

TEST(ConvKernels, Plain3x3) {
  checkAll({{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16});
}
TEST(ConvKernels, OddChannels) {
  checkAll({{7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3, 17});
  checkAll({{7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 17, 3});
  checkAll({{6, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 48, 1});
  checkAll({{6, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 1, 48});
}
TEST(ConvKernels, Pointwise) {
  checkAll({{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 48, false, true});
  checkAll({{3, 5, 7},
            {1, 1, 1},
            {1, 1, 1},
            {0, 0, 0},
            {0, 0, 0},
            17,
            3,
            false,
            true},
           3, 1);
}
TEST(ConvKernels, AsymmetricPadding) {
  checkAll({{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 3, 16, false, true});
  checkAll({{5, 6, 7},
            {3, 2, 3},
            {1, 2, 2},
            {2, 0, 0},
            {0, 1, 1},
            16,
            17,
            false,
            true},
           3, 2);
}
TEST(ConvKernels, Strides) {
  checkAll({{11, 10}, {5, 5}, {3, 3}, {2, 2}, {2, 2}, 3, 16});
  checkAll({{7, 8, 9}, {3, 3, 3}, {2, 2, 2}, {1, 1, 1}, {1, 1, 1}, 17, 16});
  checkAll({{7, 8, 9},
            {3, 3, 3},
            {1, 2, 2},
            {1, 1, 1},
            {1, 1, 1},
            16,
            3,
            true,
            true});
  checkAll({{8, 8, 8},
            {2, 2, 2},
            {2, 2, 2},
            {0, 0, 0},
            {0, 0, 0},
            16,
            32,
            false,
            true},
           4, 3);
}
TEST(ConvKernels, FewerTapsThanStride) {
  checkAll({{9, 10}, {1, 1}, {2, 2}, {0, 0}, {0, 0}, 16, 17, false, true});
  checkAll({{10, 11}, {2, 1}, {3, 3}, {1, 0}, {0, 2}, 3, 16, false, true});
}
TEST(ConvKernels, WindowDoesNotDivide) {
  checkAll({{10, 12}, {3, 3}, {3, 3}, {0, 0}, {0, 0}, 16, 16});
  checkAll({{9, 7}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 16, 16});
}
TEST(ConvKernels, NoPadding) {
  checkAll({{20, 21}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 32, false, true});
  checkAll({{5, 6, 7},
            {5, 5, 5},
            {1, 1, 1},
            {2, 2, 2},
            {2, 2, 2},
            1,
            16,
            false,
            true});
}
TEST(ConvKernels, SmallVolumes) {
  checkAll({{4, 4, 4},
            {3, 3, 3},
            {1, 1, 1},
            {1, 1, 1},
            {1, 1, 1},
            48,
            64,
            false,
            true});
  checkAll({{2, 2, 2},
            {3, 3, 3},
            {1, 1, 1},
            {1, 1, 1},
            {1, 1, 1},
            32,
            48,
            true,
            true});
  checkAll({{1, 1}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 32});
}
// Long epilogues are emitted as a loop over the register block.
TEST(ConvKernels, LongEpilogue) {
  checkAll({{9, 10}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 17, 48, false, true, 4});
  checkAll({{4, 5, 6},
            {3, 3, 3},
            {1, 1, 1},
            {1, 1, 1},
            {1, 1, 1},
            16,
            32,
            false,
            true,
            4});
}
TEST(ConvKernels, WideRows) {
  checkAll({{3, 130}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16, false, true}, 2,
           1);
}

/// Returns a convolution of 16 channels whose kernels are quick for any
/// strategy.
ConvCase withStrategy(std::string strategy) {
  ConvCase c{{5, 7, 40}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16};
  c.strategy = "direct, " + strategy;
  return c;
}

TEST(ConvKernels, GivenStrategy) {
  KernelTestOptions options;
  for (const char *variant : {"block = [1, 1, 5], tile = ["
                              "2, 3, 10], share_taps = false, unroll = 4",
                              "block = [1, 1, 9], tile = ["
                              "1, 2, 18], share_taps = true, unroll = 2"})
    checkConv(convText(withStrategy("lanes = 8, nb = 2, groups = 1, in_place = "
                                    "false, temp_bytes = 27648, " +
                                    std::string(variant))),
              options);
  for (const char *variant : {"tile = [1, 2, 20], share_taps = true, "
                              "pack_grad = true, ur = 5, nb = 1",
                              "tile = [2, 2, 40], share_taps = "
                              "false, pack_grad = false, ur = 7, nb = 1"})
    for (const char *groups :
         {"tap_groups = 1", "tap_groups = 3", "tap_groups = 9"})
      checkConv(filterGradText(withStrategy(
                    "lanes = 16, groups = 1, splits = 3, "
                    "prefetch = true, swapped = false, temp_bytes = 82944, " +
                    std::string(groups) + ", " + variant)),
                options);
}

// Few output channels, with and without epilogue.
TEST(ConvKernels, FewOutputChannels) {
  for (int64_t out : {1, 2, 3, 4})
    checkAll({{3, 6, 11},
              {3, 3, 3},
              {1, 1, 1},
              {1, 1, 1},
              {1, 1, 1},
              17,
              out,
              false,
              true});
  checkAll({{9, 13}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 48, 2, false, true});
  checkAll({{9, 13}, {3, 1}, {1, 1}, {0, 0}, {2, 0}, 16, 3, true, true, 4});
  ConvCase c{{4, 5, 22}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 3};
  c.strategy = "few_channels, lanes = 16, pixels = 8, tile = ["
               "1, 3, 16], in_place = false, temp_bytes = 5184";
  checkConv(convText(c));
}

// Every kind of kernel computes some channels of an input gradient: the filter
// has nine more.
TEST(ConvKernels, PartOfAnInputGradient) {
  std::vector<ConvCase> cases = {
      {{33, 29}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 40},
      {{9, 7, 10}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 16, true},
      {{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 16, 17},
      {{7, 9}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 17, 48, true},
      {{6, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, 48},
      {{13, 11}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 24, 19},
      {{13, 11}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 24, 19, true}};
  for (size_t dilated : {cases.size() - 2, cases.size() - 1})
    cases[dilated].dilations = {2, 2};
  for (ConvCase c : cases) {
    ConvTypes part = convTypes(c);
    c.in += 9;
    std::string text = inputGradText(c);
    auto replace = [&](const std::string &from, const std::string &to) {
      for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
           at += to.size())
        text.replace(at, from.size(), to);
    };
    replace(convTypes(c).large, part.large);
    replace(convAttributes(c), convAttributes(c) + " first_channel 5");
    checkConv(text);
  }
}

// Filter gradients with input and gradient exchanged.
TEST(ConvKernels, SwappedFilterGradients) {
  ConvCase c{{4, 5, 22}, {3, 3, 3}, {1, 1, 1}, {2, 1, 0}, {0, 1, 2}, 32, 3};
  for (bool transpose : {false, true}) {
    c.transposeFilter = transpose;
    c.strategy = "";
    checkConv(filterGradText(c));
  }
}

TEST(ConvKernels, WrongStrategy) {
  auto expectError = [](const std::string &strategy, const std::string &error) {
    EXPECT_THAT(checkKernels(convText(withStrategy(strategy))),
                testing::HasSubstr(error));
  };
  std::string rest = "lanes = 16, nb = 1, groups = 1, tile = [1, 1, "
                     "40], temp_bytes = 27648, ";
  expectError(rest + "block = [1, 1, 8], share_taps = true, in_place = false",
              "expects 'unroll' in a strategy of kind 'direct' to be a number "
              "from 1 to 1048576, got none");
  expectError(rest + "block = [1, 1, 8], share_taps = true, in_place "
                     "= true, unroll = 1",
              "cannot read its input in place");
  expectError(rest + "block = [1, 2, 8], share_taps = true, in_place "
                     "= false, unroll = 1",
              "expects register blocks to divide the tile, got 2 and 1");
  expectError(rest + "block = [1, 1, 8], share_taps = true, in_place "
                     "= false, unroll = 3",
              "expects unroll to divide 16, got 3");
}

} // namespace
