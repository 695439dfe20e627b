//===- ConvKernelsTest.cpp - Convolution kernels against the reference ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/ADT/StringExtras.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;
using segc::seg::shapeText;

namespace {

using Sizes = llvm::SmallVector<int64_t, 3>;

/// A convolution from the large to the small side, and what surrounds it.
struct ConvCase {
  Sizes large, taps, strides, low, high;
  int64_t in, out; ///< Channels of the large and the small side.
  bool transposeFilter = false;
  bool epilogue = false; ///< Bias where there can be one, residual sum, ReLU.
  int64_t sums = 1;      ///< How often the residual is added.
  std::string strategy = "";
};

std::string tensor(llvm::Twine shape) {
  return ("tensor<" + shape + "xf32>").str();
}

std::string list(llvm::ArrayRef<int64_t> values) {
  return "[" +
         llvm::join(llvm::map_range(
                        values, [](int64_t v) { return std::to_string(v); }),
                    ", ") +
         "]";
}

/// The types of the large and the small side and the filter.
struct Types {
  std::string large, small, filter;
};

Types typesOf(const ConvCase &c) {
  segc::seg::Shape small =
      segc::seg::convOutputSpatial(c.large, c.taps, c.strides, c.low, c.high);
  int64_t first = c.transposeFilter ? c.out : c.in,
          second = c.transposeFilter ? c.in : c.out;
  return {tensor("$Nx" + shapeText(c.large) + "x" + llvm::Twine(c.in)),
          tensor("$Nx" + shapeText(small) + "x" + llvm::Twine(c.out)),
          tensor(shapeText(c.taps) + "x" + llvm::Twine(first) + "x" +
                 llvm::Twine(second))};
}

std::string attributes(const ConvCase &c, bool mayTranspose) {
  return "strides " + list(c.strides) + " pad_low " + list(c.low) +
         " pad_high " + list(c.high) +
         (mayTranspose && c.transposeFilter ? " transpose_filter" : "");
}

/// A function of one fusion with `op` as root: inputs are the operands, then
/// the residual.
std::string function(const ConvCase &c, const std::string &op,
                     llvm::ArrayRef<std::string> operands,
                     const std::string &result, bool bias, bool mayTranspose) {
  std::string args, inputs, body, names = "%a, %b",
                                  types = operands[0] + ", " + operands[1];
  auto addInput = [&](const std::string &name, const std::string &type) {
    args += (args.empty() ? "" : ", ") + ("%in_" + name + ": ") + type;
    inputs += (inputs.empty() ? "" : ", ") +
              ("%" + name + " = %in_" + name + " : ") + type;
  };
  addInput("a", operands[0]);
  addInput("b", operands[1]);
  if (bias) {
    std::string type =
        tensor(llvm::StringRef(result).rsplit('x').first.rsplit('x').second);
    addInput("bias", type);
    names += " bias %bias";
    types += ", " + type;
  }
  body = "%y = " + op + " " + names + " " + attributes(c, mayTranspose) +
         " : (" + types + ") -> " + result + "\n";
  std::string yielded = "%y";
  if (c.epilogue && op != "seg.conv_filter_grad") {
    addInput("residual", result);
    for (int64_t i = 0; i < c.sums; ++i) {
      std::string sum = "%z" + std::to_string(i);
      body += sum + " = seg.add " + yielded + ", %residual : (" + result +
              ", " + result + ") -> " + result + "\n";
      yielded = sum;
    }
    body += "%u = seg.relu " + yielded + " : " + result + "\n";
    yielded = "%u";
  }
  std::string strategy =
      c.strategy.empty() ? "" : " attributes {strategy = {" + c.strategy + "}}";
  return "func.func @f(" + args + ") -> " + result + " {\n%r = seg.fusion (" +
         inputs + ") -> (" + result + ")" + strategy + " {\n" + body +
         "seg.yield " + yielded + " : " + result +
         "\n}\nreturn %r : " + result + "\n}\n";
}

std::string convText(const ConvCase &c) {
  Types types = typesOf(c);
  return function(c, "seg.conv", {types.large, types.filter}, types.small,
                  c.epilogue, true);
}
std::string inputGradText(const ConvCase &c) {
  Types types = typesOf(c);
  return function(c, "seg.conv_input_grad", {types.small, types.filter},
                  types.large, false, true);
}
std::string filterGradText(const ConvCase &c) {
  Types types = typesOf(c);
  return function(c, "seg.conv_filter_grad", {types.large, types.small},
                  types.filter, false, true);
}
/// The transposed convolution from the small to the large side; its output has
/// no rows that no window reaches, so the large side may be smaller than c's.
std::string convTransposeText(ConvCase c) {
  segc::seg::Shape small =
      segc::seg::convOutputSpatial(c.large, c.taps, c.strides, c.low, c.high);
  segc::seg::Shape large = segc::seg::convTransposeOutputSpatial(
      small, c.taps, c.strides, c.low, c.high);
  c.large.assign(large.begin(), large.end());
  c.transposeFilter = true;
  Types types = typesOf(c);
  return function(c, "seg.conv_transpose", {types.small, types.filter},
                  types.large, c.epilogue, false);
}

/// Sums of that many products of numbers in [-1, 1) are accurate to about
/// 2^-24 times their size a step.
void check(const std::string &text, KernelTestOptions options) {
  options.tolerance = 1e-4;
  for (const char *target : {"x86-64-v4", "x86-64-v3"}) {
    options.target = target;
    EXPECT_EQ(checkKernels(text, options), "") << target << "\n" << text;
  }
}

void checkAll(const ConvCase &c, int64_t largest = 2, int64_t batch = 2) {
  KernelTestOptions options;
  options.largestBatch = largest;
  options.batch = batch;
  check(convText(c), options);
  check(inputGradText(c), options);
  check(filterGradText(c), options);
  check(convTransposeText(c), options);
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
// Long epilogues are a loop over the register block.
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

/// A convolution of 16 channels whose strategies are small to compute.
ConvCase withStrategy(std::string strategy) {
  ConvCase c{{5, 7, 40}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16};
  c.strategy = "kind = \"direct\", " + strategy;
  return c;
}

TEST(ConvKernels, GivenStrategy) {
  KernelTestOptions options;
  for (const char *variant : {"block = array<i64: 1, 1, 5>, tile = array<i64: "
                              "2, 3, 10>, share_taps = false, unroll = 4",
                              "block = array<i64: 1, 1, 9>, tile = array<i64: "
                              "1, 2, 18>, share_taps = true, unroll = 2"})
    check(convText(withStrategy("lanes = 8, nb = 2, groups = 1, in_place = "
                                "false, temp_bytes = 27648, " +
                                std::string(variant))),
          options);
  for (const char *variant : {"tile = array<i64: 1, 2, 20>, share_taps = true, "
                              "pack_grad = true, ur = 5, nb = 1",
                              "tile = array<i64: 2, 2, 40>, share_taps = "
                              "false, pack_grad = false, ur = 7, nb = 1"})
    for (const char *groups :
         {"tap_groups = 1", "tap_groups = 3", "tap_groups = 9"})
      check(
          filterGradText(withStrategy("lanes = 16, groups = 1, splits = 3, "
                                      "prefetch = true, temp_bytes = 82944, " +
                                      std::string(groups) + ", " + variant)),
          options);
}

TEST(ConvKernels, WrongStrategy) {
  auto expectError = [](const std::string &strategy, const std::string &error) {
    EXPECT_THAT(checkKernels(convText(withStrategy(strategy))),
                testing::HasSubstr(error));
  };
  std::string rest = "lanes = 16, nb = 1, groups = 1, tile = array<i64: 1, 1, "
                     "40>, temp_bytes = 27648, ";
  expectError(
      rest + "block = array<i64: 1, 1, 8>, share_taps = true, in_place = false",
      "expects a valid 'unroll' in the fusion's strategy");
  expectError(rest + "block = array<i64: 1, 1, 8>, share_taps = true, in_place "
                     "= true, unroll = 1",
              "cannot read its input in place");
  expectError(rest + "block = array<i64: 1, 2, 8>, share_taps = true, in_place "
                     "= false, unroll = 1",
              "expects register blocks to divide the tile, got 2 and 1");
  expectError(rest + "block = array<i64: 1, 1, 8>, share_taps = true, in_place "
                     "= false, unroll = 3",
              "expects unroll to divide 16, got 3");
}

} // namespace
