//===- TileReductionsTest.cpp - Reductions that follow a kernel's root ----===//
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

/// A fusion of a convolution and reductions of its result. %s and %c stand for
/// the types of statistics and of one value per channel.
struct Reduced {
  ConvTypes types;
  std::string root, result, kind;
  std::vector<std::string> operands;

  std::string channels() const {
    return result.substr(result.rfind('x', result.rfind('x') - 1) + 1);
  }
  std::string row() const { return "tensor<" + channels(); }
  std::string statistics() const {
    return kind == "batch" ? row() : "tensor<$Nx" + channels();
  }
};

/// Returns a fusion with the statistics and the sums of the root's result.
std::string statisticsText(const Reduced &c) {
  std::string s = c.statistics();
  return fusionFunction(
      c.operands, {c.result, s, s, c.row()},
      "%r0 = " + c.root + "\n%r1, %r2 = seg.norm_stats " + c.kind + " %r0" +
          (c.kind == "group" ? " groups 1" : "") + " epsilon 1.0e-3 : (" +
          c.result + ") -> (" + s + ", " + s +
          ")\n%r3 = seg.channel_sum %r0 : " + c.result + " -> " + c.row());
}

/// Returns a fusion with the sums of a norm's gradient, which is the root's
/// result after the gradient of a ReLU. Operands 2 to 5 are the norm's input,
/// gamma and statistics.
std::string gradientText(Reduced c) {
  std::string t = c.result, s = c.statistics(), row = c.row();
  c.operands.insert(c.operands.end(), {t, row, s, s});
  return fusionFunction(
      c.operands, {t, s, s, row, row},
      "%y = " + c.root + "\n%r0 = seg.relu_grad %a2, %y : " + t +
          "\n%r1, %r2, %r3, %r4 = seg.norm_grad_stats " + c.kind +
          " %a2, %r0, %a3, %a4, %a5" + (c.kind == "group" ? " groups 1" : "") +
          " epsilon 1.0e-3 : (" + t + ", " + t + ", " + row + ", " + s + ", " +
          s + ") -> (" + s + ", " + s + ", " + row + ", " + row + ")");
}

Reduced reduced(const ConvCase &c, const char *op, const char *kind) {
  ConvTypes types = convTypes(c);
  bool forward = op == std::string("seg.conv");
  Reduced result{types, "", forward ? types.small : types.large, kind, {}};
  result.operands = {forward ? types.large : types.small, types.filter};
  result.root = std::string(op) + " %a0, %a1 " + convAttributes(c) + " : (" +
                result.operands[0] + ", " + result.operands[1] + ") -> " +
                result.result;
  return result;
}

void check(const ConvCase &c, const char *op) {
  for (const char *kind : {"batch", "instance", "group"}) {
    Reduced r = reduced(c, op, kind);
    KernelTestOptions options;
    options.largestBatch = 3;
    for (const char *target : {"x86-64-v4", "x86-64-v3"}) {
      options.target = target;
      // Thousands of terms of both signs have a sum of about their size.
      options.tolerance = 5e-4;
      EXPECT_EQ(checkKernels(statisticsText(r), options), "") << target;
      EXPECT_EQ(checkKernels(gradientText(r), options), "") << target;
    }
  }
}

void checkBoth(const ConvCase &c) {
  check(c, "seg.conv");
  check(c, "seg.conv_input_grad");
}

// Tiles that do not divide the space, channels that do not divide vectors,
// several groups of channels.
TEST(TileReductions, WinogradConvolutions) {
  checkBoth({{9, 7, 10}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 32});
  checkBoth({{33, 29}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 24, 40});
}
TEST(TileReductions, DirectConvolutions) {
  checkBoth({{9, 11}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 17, 48});
  checkBoth({{13, 21}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, 3, 20});
  // Phases have their own order of tiles.
  checkBoth({{6, 10, 8}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 16, 33});
  checkBoth({{8, 12}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 18, 16});
}
TEST(TileReductions, FewOutputChannels) {
  check({{5, 6, 11}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 17, 3},
        "seg.conv");
}

// A given strategy must have memory for the sums of its tiles.
TEST(TileReductions, GivenStrategy) {
  ConvCase c{{5, 7, 40}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16};
  Reduced r = reduced(c, "seg.conv", "batch");
  auto withSums = [&](int64_t bytes) {
    std::string text = statisticsText(r);
    size_t at = text.find(" {\n", text.find("seg.fusion"));
    text.insert(at,
                " attributes {strategy = #seg.strategy<direct, lanes = 8, nb "
                "= 2, groups = 1, in_place = false, temp_bytes = 27648, "
                "block = [1, 1, 5], tile = [2, 3, 10], "
                "share_taps = false, unroll = 4, sums_bytes = " +
                    std::to_string(bytes) + ">}");
    return text;
  };
  KernelTestOptions options;
  options.tolerance = 5e-4;
  // The sums have 3 * 3 * 4 tiles and one row for each of two samples, twice.
  EXPECT_EQ(checkKernels(withSums(2 * (2 * 37 * 2 * 16 * 4)), options), "");
  EXPECT_THAT(checkKernels(withSums(64), options),
              testing::HasSubstr("sums_bytes"));
}

// Pointwise ops, then reductions of their results.
TEST(TileReductions, PointwiseKernels) {
  for (const char *shape :
       {"5x7x1", "91x97x3", "3x5x7x16", "5x7x17", "33x32x48"})
    for (const char *kind : {"batch", "instance"}) {
      std::string t = activation(shape);
      Reduced r{{}, "seg.scale %a0 by 3.0 : " + t, t, kind, {t}};
      for (const char *target : {"x86-64-v4", "sm_90"}) {
        KernelTestOptions options;
        options.target = target;
        options.largestBatch = 3;
        options.tolerance = 2e-4;
        EXPECT_EQ(checkKernels(statisticsText(r), options), "")
            << target << shape;
        // The tile's first pixel, from which sums are taken, is overwritten.
        options.inPlace = {{0, 0}};
        EXPECT_EQ(checkKernels(statisticsText(r), options), "")
            << target << shape << " in place";
      }
    }
}

/// Returns a network's head with the losses of its logits, whose type in memory
/// is `element`.
std::string lossesText(const ConvCase &c, const std::string &spatial,
                       const std::string &element = "f32") {
  ConvTypes types = convTypes(c);
  std::string z = types.small, y = "tensor<$Nx" + spatial + "xi32>",
              row = "tensor<" + std::to_string(c.out) + "xf32>",
              sums = "tensor<$Nx3x" + std::to_string(c.out) + "xf32>";
  std::string stored = z.substr(0, z.size() - 4) + element + ">";
  std::string store = "%r0 = seg.cast %head : " + z + " -> " + stored +
                      "\n%z = seg.cast %r0 : " + stored + " -> " + z + "\n";
  bool narrow = element != "f32";
  std::string head = narrow ? "%head" : "%r0", logits = narrow ? "%z" : "%r0";
  return fusionFunction(
      {types.large, types.filter, y},
      {stored, "tensor<f32>", row, sums, "tensor<f32>"},
      head + " = seg.conv %a0, %a1 " + convAttributes(c) + " : (" +
          types.large + ", " + types.filter + ") -> " + z + "\n" +
          (narrow ? store : "") + "%r1, %r2, %r3 = seg.dice " + logits +
          ", %a2 squared smooth 1.0 : (" + z + ", " + y +
          ") -> (tensor<f32>, " + row + ", " + sums +
          ")\n%r4 = seg.cross_entropy " + logits + ", %a2 focal_gamma 1.0 : (" +
          z + ", " + y + ") -> tensor<f32>");
}

// Losses follow the head, with rows shorter and longer than a vector, and with
// every kind of convolution of a head.
TEST(TileReductions, LossesOfAHead) {
  struct Head {
    ConvCase conv;
    const char *spatial;
  };
  const Head heads[] = {
      {{{5, 6, 11}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 17, 3},
       "5x6x11"},
      {{{9, 37}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 20, 2}, "9x37"},
      {{{33, 40}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 8}, "33x40"},
      {{{12, 10}, {3, 3}, {2, 2}, {1, 1}, {0, 0}, 6, 5}, "6x5"}};
  for (const Head &head : heads)
    for (const char *target : {"x86-64-v4", "x86-64-v3"})
      for (const char *element : {"f32", "bf16"}) {
        KernelTestOptions options;
        options.target = target;
        options.largestBatch = 3;
        options.classes = head.conv.out;
        options.tolerance = element == std::string("f32") ? 1e-4 : 1e-2;
        EXPECT_EQ(
            checkKernels(lossesText(head.conv, head.spatial, element), options),
            "")
            << target << element << head.spatial;
      }
}

// If several tasks share the channels of a pixel, they cannot compute its loss.
TEST(TileReductions, LossesOfManyClasses) {
  ConvCase c{{5, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 9};
  KernelTestOptions options;
  options.classes = 9;
  EXPECT_THAT(checkKernels(lossesText(c, "5x7"), options),
              testing::HasSubstr("no such reductions"));
}

} // namespace
