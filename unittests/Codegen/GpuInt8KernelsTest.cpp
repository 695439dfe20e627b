//===- GpuInt8KernelsTest.cpp - Products of 8-bit integers on GPUs --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kinds mma_int8 and mma_int8_patch against the reference evaluation, in the
// emulator, in all its orders of threads and blocks. Sums of products of
// integers are exact, so kernels differ from the reference by the roundings of
// the scales alone.

#include "GpuConvCase.h"

#include "segc/Codegen/Common/StrategySelection.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc;
using namespace segc::test;

static KernelTestOptions integerOptions(const std::string &target = "sm_90") {
  KernelTestOptions options = gpuOptions();
  options.target = target;
  options.precision = reference::Precision::Storage;
  // Some inputs are clipped.
  options.low = -1.25, options.high = 1.25;
  options.tolerance = 2e-6;
  return options;
}

static void check(const std::string &text, const std::string &kind,
                  size_t number, KernelTestOptions options = integerOptions()) {
  options.choose = sample(options.target, kind, number);
  EXPECT_EQ(checkKernels(text, options), "") << kind << number << "\n" << text;
}

/// Values of 16 bits in memory, as in a network: with a residual sum, and
/// statistics of the result as it is stored.
static std::string ofHalves() {
  const std::string xh = "tensor<$Nx9x7x32xbf16>", x = "tensor<$Nx9x7x32xf32>",
                    w = "tensor<3x3x32x24xf32>", yh = "tensor<$Nx9x7x24xbf16>",
                    y = "tensor<$Nx9x7x24xf32>", t = "tensor<$Nx24xf32>";
  return quantizedText(
      fusionFunction(
          {xh, w, yh}, {yh, t, t},
          "%x = seg.cast %a0 : " + xh + " -> " + x +
              "\n%z = seg.cast %a2 : " + yh + " -> " + y +
              "\n%c = seg.conv %x, %a1 strides [1, 1] pad_low [1, 1] pad_high "
              "[1, 1] : (" +
              x + ", " + w + ") -> " + y + "\n%s = seg.add %c, %z : (" + y +
              ", " + y + ") -> " + y + "\n%r0 = seg.cast %s : " + y + " -> " +
              yh + "\n%v = seg.cast %r0 : " + yh + " -> " + y +
              "\n%r1, %r2 = seg.norm_stats instance %v epsilon 1.0e-2 : (" + y +
              ") -> (" + t + ", " + t + ")"),
      "%x", "%a1");
}

static std::string quantizedConv(const ConvCase &c) {
  return quantizedText(convText(c), "%a", "%b");
}

namespace {

class GpuInt8Roles : public testing::TestWithParam<ConvCase> {};

TEST_P(GpuInt8Roles, Convolution) {
  for (size_t number : {0, 2})
    check(quantizedText(convText(GetParam()), "%a", "%b"), "mma_int8", number);
}

TEST_P(GpuInt8Roles, Transposed) {
  check(quantizedText(convTransposeText(GetParam()), "%a", "%b"), "mma_int8",
        1);
}

// Channels of both sides in fours and eights, that one step has several taps
// of, and that several steps have; strides, dilations, padding; output channels
// in no vectors; all phases of a pixel shuffle.
INSTANTIATE_TEST_SUITE_P(
    Shapes, GpuInt8Roles,
    testing::Values(
        ConvCase{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 24, false, true},
        ConvCase{{8, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 2}, 4, 12, false, true},
        ConvCase{{5, 6}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 64, 36},
        ConvCase{{6, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 20, 32},
        ConvCase{{4, 5, 3}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 8, 40},
        withGroups({{9, 8}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, 32, 8}, 1,
                   {2, 2})));

TEST(GpuInt8Kernels, OddOutputs) {
  for (int64_t out : {1, 3, 17, 70})
    check(quantizedText(
              convText({{5, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 12, out}), "%a",
              "%b"),
          "mma_int8", 0);
}

TEST(GpuInt8Kernels, OlderDevices) {
  ConvCase c{{7, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16};
  for (const char *kind : {"mma_int8", "mma_int8_patch"})
    check(quantizedText(convText(c), "%a", "%b"), kind, 0,
          integerOptions("sm_80"));
}

// Patches of 32, 64 and 128 channels at a time, the taps of 3-D filters.
TEST(GpuInt8Kernels, Patches) {
  const ConvCase cases[] = {
      {{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 24, false, true},
      {{7, 9}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 192, 16},
      {{12, 9}, {5, 2}, {1, 1}, {2, 1}, {2, 0}, 128, 20},
      {{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 16}};
  for (const ConvCase &c : cases)
    check(quantizedText(convText(c), "%a", "%b"), "mma_int8_patch",
          c.epilogue ? 0 : 2);
  ConvCase transposed = cases[0];
  transposed.out = 64; // It reads the small side.
  check(quantizedText(convTransposeText(transposed), "%a", "%b"),
        "mma_int8_patch", 1);
}

// What a prologue computes is quantized as it is stored in shared memory.
TEST(GpuInt8Kernels, Prologues) {
  ConvCase c = {{9, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 16};
  std::string large = convTypes(c).large;
  for (const char *kind : {"mma_int8", "mma_int8_patch"}) {
    check(quantizedText(
              prologueText(c, {{large}, "%x = seg.relu %a0 : " + large + "\n"},
                           "conv"),
              "%x", "%a1"),
          kind, 0);
    check(
        quantizedText(prologueText(c, concatenated(c.large, {20, 12}), "conv"),
                      "%x", "%a2"),
        kind, 1);
  }
}

TEST(GpuInt8Kernels, HalvesResidualAndStatistics) {
  KernelTestOptions options = integerOptions();
  // A sum near the middle between two numbers of bf16 may become either.
  options.tolerance = 0x1p-8;
  for (const char *kind : {"mma_int8", "mma_int8_patch"})
    check(ofHalves(), kind, 1, options);
}

// A filter of zeros in one channel, and the largest products that there may be.
TEST(GpuInt8Kernels, Extremes) {
  ConvCase c = {{3, 3, 4}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 64, 16};
  KernelTestOptions options = integerOptions();
  Values inputs(size_t{3} * 3 * 3 * 4 * 64, 127 * 0.0078125),
      filter(size_t{27} * 64 * 16);
  for (size_t i = 0; i < filter.size(); ++i)
    filter[i] = i % 16 == 5 ? 0 : i % 16 == 6 ? -2 : 2;
  options.inputs = {{0, inputs}, {1, filter}};
  check(quantizedText(convText(c), "%a", "%b"), "mma_int8", 0, options);
}

// More stages than steps, blocks of 256 threads, a fragment of the depth.
TEST(GpuInt8Kernels, OtherTilings) {
  for (const char *tiling :
       {"mma_int8, tile = [128, 128, 64], warp_rows = 64, warp_columns = 64, "
        "stages = 3",
        "mma_int8, tile = [128, 32, 128], warp_rows = 16, warp_columns = 32, "
        "stages = 4",
        "mma_int8, tile = [32, 32, 32], warp_rows = 16, warp_columns = 16, "
        "stages = 5",
        "mma_int8_patch, tile = [64, 32, 32], box = [1, 4, 16], warp_rows = "
        "32, "
        "warp_columns = 16, stages = 4"}) {
    ConvCase c{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 32, 72};
    c.strategy = std::string(tiling) + ", temp_bytes = 21056";
    EXPECT_EQ(
        checkKernels(quantizedText(convText(c), "%a", "%b"), integerOptions()),
        "")
        << tiling;
  }
}

TEST(GpuInt8Kernels, Phases) {
  ConvCase c{{10, 14}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 24, 40};
  c.strategy = "mma_int8, tile = [64, 128, 32], warp_rows = 32, warp_columns = "
               "64, stages = 2, phases = 4, "
               "temp_bytes = 4096";
  EXPECT_EQ(checkKernels(quantizedText(convTransposeText(c), "%a", "%b"),
                         integerOptions()),
            "");
}

TEST(GpuInt8Kernels, WrongStrategy) {
  const ConvCase shape{{5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 16};
  const StrategyErrors expectError{"", shape, integerOptions(), quantizedConv};
  const std::string tiling = "tile = [32, 32, 32], warp_rows = 16, "
                             "warp_columns = 16, stages = 2, ",
                    integers = "mma_int8, " + tiling + "temp_bytes = 2432";
  for (const std::string &other :
       {"mma_sync, multiply_type = bf16, " + tiling + "temp_bytes = 64",
        std::string("implicit_gemm, tile = [32, 32, 8], thread_rows = 4, "
                    "thread_columns = 4")})
    expectError(other, "has quantized factors: expects a strategy of kind "
                       "mma_int8 or mma_int8_patch");
  expectError("mma_int8, tile = [32, 32, 16], warp_rows = 16, warp_columns = "
              "16, stages = 2",
              "and a depth of at least 32");
  expectError("mma_int8, " + tiling + "temp_bytes = 64",
              "expects temp_bytes of at least 2368, got 64");
  expectError("mma_int8_patch, tile = [32, 32, 32], box = [1, 4, 8], warp_rows "
              "= 16, warp_columns = 16, stages = 2",
              "expects a depth that divides the channels of a group, 16, got "
              "32");
  expectError.of(convText)(integers, "expects quantized factors");
  ConvCase odd = shape;
  odd.in = 18;
  expectError(integers,
              "expects multiples of 4 input channels of quantized factors, of "
              "each part of a concatenation, got 18",
              odd);
  ConvCase grouped = shape;
  grouped.groups = 2;
  expectError(integers, "expects quantized factors of one group", grouped);
  ConvCase large = shape;
  large.taps = {125, 125};
  large.low = large.high = {62, 62};
  expectError(integers,
              "expects a sum of at most 132104 products of quantized factors, "
              "which 32 bits hold, got 250000",
              large);
}

// The emulator multiplies as the manual says; a device has to confirm it.
TEST(GpuInt8Strategy, WaitsForADevice) {
  KernelTestOptions options = integerOptions();
  options.choose = [](seg::FusionOp fusion) {
    StrategyContext context{targetOf("sm_90")};
    auto models = context.target.backend->modelsOf(fusion.getRoot());
    EXPECT_FALSE(cheapestProposal(models, fusion, context).strategy);
    context.unverifiedKernels = true;
    EXPECT_TRUE(cheapestProposal(models, fusion, context).strategy);
    sample("sm_90", "mma_int8", 0)(fusion);
  };
  ConvCase c{{3, 3}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 16};
  EXPECT_EQ(checkKernels(quantizedConv(c), options), "");
}

} // namespace
