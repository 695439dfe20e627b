//===- GroupedKernelsTest.cpp - Convolutions with groups and dilations ----===//
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

ConvCase withGroups(ConvCase c, int64_t groups, Sizes dilations = {}) {
  c.groups = groups;
  c.dilations = dilations;
  return c;
}

void checkAll(const ConvCase &c, KernelTestOptions options = {}) {
  checkConv(convText(c), options);
  checkConv(inputGradText(c), options);
  checkConv(filterGradText(c), options);
  checkConv(convTransposeText(c), options);
}

TEST(GroupedKernels, Depthwise) {
  checkAll(withGroups(
      {{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16, false, true}, 16));
  checkAll(withGroups({{7, 5}, {3, 3}, {2, 2}, {1, 0}, {1, 2}, 19, 19}, 19));
  checkAll(withGroups(
      {{4, 5, 6}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 33, 33}, 33));
  // Several outputs of each input.
  checkAll(withGroups({{7, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 6, 12}, 6));
}
TEST(GroupedKernels, GroupsOfAVector) {
  // Groups of whole vectors, of parts of vectors, and of neither.
  checkAll(withGroups(
      {{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 64, false, true}, 2));
  checkAll(withGroups({{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 32}, 8));
  checkAll(withGroups({{7, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 20, 20}, 5));
  checkAll(withGroups({{7, 9}, {1, 3}, {1, 2}, {0, 1}, {0, 1}, 15, 9}, 3));
  checkAll(withGroups(
      {{4, 6, 5}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 1}, 20, 30, true},
      5));
}
TEST(GroupedKernels, Dilations) {
  checkAll(withGroups(
      {{13, 11}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 16, 33, false, true}, 1,
      {2, 2}));
  checkAll(withGroups({{11, 14}, {3, 2}, {2, 3}, {3, 1}, {2, 0}, 5, 16, true},
                      1, {3, 2}));
  checkAll(
      withGroups({{12, 9}, {3, 3}, {2, 2}, {2, 2}, {2, 2}, 17, 3}, 1, {2, 4}));
  checkAll(withGroups(
      {{7, 8, 9}, {3, 3, 3}, {1, 1, 1}, {2, 1, 3}, {2, 1, 3}, 16, 16}, 1,
      {2, 1, 3}));
  // Dilated taps that span more than the input.
  checkAll(
      withGroups({{5, 6}, {3, 3}, {1, 1}, {7, 6}, {7, 6}, 4, 8}, 1, {6, 5}));
}
TEST(GroupedKernels, GroupsWithDilations) {
  checkAll(withGroups(
      {{12, 10}, {3, 3}, {2, 1}, {2, 2}, {2, 2}, 24, 24, false, true}, 24,
      {2, 2}));
  checkAll(withGroups({{12, 10}, {3, 3}, {3, 2}, {1, 4}, {1, 4}, 12, 24}, 3,
                      {1, 4}));
}
// Long epilogues, and taps that never read the padding.
TEST(GroupedKernels, WithoutPadding) {
  ConvCase c = withGroups(
      {{9, 12}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 16, 16, false, true, 5}, 4,
      {2, 1});
  checkAll(c);
}
TEST(GroupedKernels, SmallerBatches) {
  KernelTestOptions options;
  options.largestBatch = 3;
  options.batch = 1;
  checkAll(withGroups({{6, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 8, 8}, 8),
           options);
}
TEST(GroupedKernels, SixteenBitsInMemory) {
  for (const char *narrow : {"f16", "bf16"}) {
    KernelTestOptions options;
    options.narrow = narrow;
    options.narrowResults = false;
    checkAll(withGroups({{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16}, 16),
             options);
    checkAll(
        withGroups({{9, 7}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 32, 16}, 2, {2, 2}),
        options);
    checkAll(withGroups({{9, 7}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 15, 10}, 5),
             options);
  }
}
TEST(GroupedKernels, Prologues) {
  ConvCase c = withGroups({{7, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 24}, 24);
  checkConv(prologueText(c, gated(convTypes(c).large), "conv"));
  checkConv(prologueText(c, concatenated(c.large, {5, 19}), "conv"));
}
// The other kinds support neither groups nor dilations.
TEST(GroupedKernels, OtherKindsDoNotSupportGroups) {
  ConvCase c = withGroups({{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 4, 4}, 2);
  const std::string common =
      ", groups = 1, lanes = 4, nb = 1, tile = [1, 1, 1]";
  c.strategy = "direct" + common +
               ", block = [1, 1, 1], in_place = false, share_taps = false, "
               "unroll = 1";
  EXPECT_THAT(
      checkKernels(convText(c)),
      testing::HasSubstr("cannot use the direct kernel: 2 groups, expected 1"));
  c.strategy = "direct" + common +
               ", pack_grad = false, prefetch = false, share_taps = false, "
               "splits = 1, swapped = false, tap_groups = 1, ur = 1";
  EXPECT_THAT(
      checkKernels(filterGradText(c)),
      testing::HasSubstr("cannot use the direct kernel: 2 groups, expected 1"));
  c = withGroups(c, 1, {1, 2});
  c.strategy =
      "winograd" + common + ", in_place = false, m = [1, 2, 2], ur = 1";
  c.high = c.low = {1, 2};
  EXPECT_THAT(
      checkKernels(convText(c)),
      testing::HasSubstr("cannot use Winograd tiles: dilation 2, expected 1"));
  c.strategy = "few_channels, in_place = false, lanes = 4, pixels = 1, "
               "tile = [1, 1, 1]";
  EXPECT_THAT(
      checkKernels(convText(c)),
      testing::HasSubstr(
          "cannot use the few_channels kernel: dilation 2, expected 1"));
  c = {{8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 4, 4};
  c.strategy = "grouped, in_place = false, lanes = 4, nb = 1, pixels = 1, "
               "tile = [1, 1, 1]";
  EXPECT_THAT(checkKernels(convText(c)),
              testing::HasSubstr("cannot use the grouped kernel: neither "
                                 "groups nor dilations"));
}

} // namespace
