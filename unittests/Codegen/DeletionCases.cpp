//===- DeletionCases.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeletionCases.h"

#include "AugmentCase.h"
#include "ConvCase.h"
#include <ostream>

using namespace segc::test;

void segc::test::PrintTo(const DeletionCase &c, std::ostream *os) {
  *os << c.name;
}

namespace {

// Why a mask is not missed.
constexpr const char *notStored = "nobody stores these sums",
                     *notAdded = "nobody adds what it stores",
                     *notRead = "nobody reads what it copies",
                     *otherFactor = "the other factor is zero there",
                     *sameValue = "all threads store the same",
                     *ofLabel = "it selects a weight by the label: the value "
                                "is wrong alike in all orders",
                     *stopped = "a mask inside of the loop stops it";

using Types = std::vector<std::string>;

/// A function of one op. `op` are its name and what stands before its operands,
/// `attributes` what stands behind them.
std::string opText(const std::string &op, const Types &inputs,
                   const Types &results, const std::string &attributes = "") {
  auto list = [](const Types &types, const std::string &value) {
    std::string text;
    for (size_t i = 0; i < types.size(); ++i)
      text += (i ? ", " : "") +
              (value.empty() ? types[i] : value + std::to_string(i));
    return text;
  };
  bool one = inputs.size() == 1 && results.size() == 1;
  return fusionFunction(
      inputs, results,
      list(results, "%r") + " = seg." + op + " " + list(inputs, "%a") + " " +
          attributes + " : " +
          (one ? inputs[0] + " -> " + results[0]
               : "(" + list(inputs, "") + ") -> (" + list(results, "") + ")"));
}

const std::string image = activation("9x11x3"), labels = "tensor<$Nx9x11xi32>",
                  row = vectorOf(3), sampleRow = perSample(3),
                  number = "tensor<f32>";

} // namespace

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

static std::string convWithStatistics() {
  return fusionFunction(
      {"tensor<$Nx9x11x20xf32>", "tensor<3x3x20x24xf32>"},
      {"tensor<$Nx9x11x24xf32>", "tensor<$Nx24xf32>", "tensor<$Nx24xf32>"},
      R"(%r0 = seg.conv %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x20xf32>, tensor<3x3x20x24xf32>) -> tensor<$Nx9x11x24xf32>
%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-5 : (tensor<$Nx9x11x24xf32>) -> (tensor<$Nx24xf32>, tensor<$Nx24xf32>))");
}

/// On tensor cores, with stages of asynchronous copies.
static std::string convOfHalves() {
  return fusionFunction(
      {"tensor<$Nx9x11x64xf16>", "tensor<3x3x64x32xf16>"},
      {"tensor<$Nx9x11x32xf16>"},
      R"(%x = seg.cast %a0 : tensor<$Nx9x11x64xf16> -> tensor<$Nx9x11x64xf32>
%w = seg.cast %a1 : tensor<3x3x64x32xf16> -> tensor<3x3x64x32xf32>
%c = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x64xf32>, tensor<3x3x64x32xf32>) -> tensor<$Nx9x11x32xf32>
%r0 = seg.cast %c : tensor<$Nx9x11x32xf32> -> tensor<$Nx9x11x32xf16>)");
}

/// The sums of a normalisation's gradient read two tensors.
static std::string inputGradWithSums() {
  return fusionFunction(
      {"tensor<$Nx9x11x24xf32>", "tensor<3x3x20x24xf32>",
       "tensor<$Nx9x11x20xf32>", "tensor<20xf32>", "tensor<$Nx20xf32>"},
      {"tensor<$Nx9x11x20xf32>", "tensor<$Nx20xf32>", "tensor<$Nx20xf32>",
       "tensor<20xf32>", "tensor<20xf32>"},
      R"(%r0 = seg.conv_input_grad %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x24xf32>, tensor<3x3x20x24xf32>) -> tensor<$Nx9x11x20xf32>
%r1, %r2, %r3, %r4 = seg.norm_grad_stats instance %a2, %r0, %a3, %a4, %a4 epsilon 1.0e-5 : (tensor<$Nx9x11x20xf32>, tensor<$Nx9x11x20xf32>, tensor<20xf32>, tensor<$Nx20xf32>, tensor<$Nx20xf32>) -> (tensor<$Nx20xf32>, tensor<$Nx20xf32>, tensor<20xf32>, tensor<20xf32>))");
}

static std::string mmaStrategy(const char *parameters = "") {
  return std::string("{strategy = #seg.strategy<mma_sync, tile = [32, 32, 16], "
                     "warp_rows = 16, warp_columns = 16, stages = 3, "
                     "multiply_type = bf16") +
         parameters + ">}";
}

/// By warpgroups, with fewer stages than steps.
static std::string wgmmaStrategy(const char *parameters) {
  return std::string("{strategy = #seg.strategy<wgmma, stages = 2, "
                     "multiply_type = bf16, ") +
         parameters + ">}";
}

/// By tensor cores, with asynchronous copies of both factors, or with a ReLU of
/// the input, which goes through registers.
static std::string convOfBf16(const std::string &strategy, bool prologue) {
  std::string relu = prologue ? "%3 = seg.relu %1 : !x\n" : "",
              input = prologue ? "%3" : "%1";
  return R"(
!xh = tensor<$Nx5x7x16xbf16>
!x = tensor<$Nx5x7x16xf32>
!wh = tensor<3x3x16x32xbf16>
!w = tensor<3x3x16x32xf32>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %w: !wh) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y) attributes )" +
         strategy + R"( {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    )" + relu +
         "%4 = seg.conv " + input +
         R"(, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %4 : !y
  }
  return %0 : !y
}
)";
}

/// With statistics of the result, of tiles of several samples.
static std::string convOfSamples() {
  return R"(
!xh = tensor<$Nx5x7x16xbf16>
!x = tensor<$Nx5x7x16xf32>
!wh = tensor<3x3x16x32xbf16>
!w = tensor<3x3x16x32xf32>
!y = tensor<$Nx5x7x32xf32>
!t = tensor<$Nx32xf32>
func.func @f(%x: !xh, %w: !wh) -> (!y, !t, !t) {
  %0:3 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y, !t, !t) attributes )" +
         wgmmaStrategy("tile = [128, 32, 16], box = [1, 5, 7], samples = 2, "
                       "sums_bytes = 4096") +
         R"( {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv %1, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    %4, %5 = seg.norm_stats instance %3 epsilon 1.0e-5 : (!y) -> (!t, !t)
    seg.yield %3, %4, %5 : !y, !t, !t
  }
  return %0#0, %0#1, %0#2 : !y, !t, !t
}
)";
}

/// A pixel shuffle, whose tiles have several phases.
static std::string shuffleOfBf16() {
  return R"(
!xh = tensor<$Nx5x7x16xbf16>
!x = tensor<$Nx5x7x16xf32>
!wh = tensor<2x2x16x16xbf16>
!w = tensor<2x2x16x16xf32>
!y = tensor<$Nx10x14x16xf32>
func.func @f(%x: !xh, %w: !wh) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y) attributes )" +
         mmaStrategy(", phases = 2") + R"( {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    %3 = seg.conv_transpose %1, %2 strides [2, 2] pad_low [0, 0] pad_high [0, 0] : (!x, !w) -> !y
    seg.yield %3 : !y
  }
  return %0 : !y
}
)";
}

constexpr const char *mmaPatch =
                         "mma_patch, tile = [32, 32, 16], box = [1, 4, "
                         "8], warp_rows = 16, warp_columns = 16, stages "
                         "= 3",
                     *wgmmaPatch = "wgmma_patch, tile = [128, 32, 16], box = "
                                   "[1, 8, 16], stages = 2";

/// The same with a patch of the input in shared memory, of three chunks of
/// channels.
static std::string convOfPatches(const std::string &strategy, bool prologue) {
  std::string relu = prologue ? "%3 = seg.relu %1 : !x\n" : "",
              input = prologue ? "%3" : "%1";
  return R"(
!xh = tensor<$Nx5x7x48xbf16>
!x = tensor<$Nx5x7x48xf32>
!wh = tensor<3x3x48x32xbf16>
!w = tensor<3x3x48x32xf32>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %w: !wh) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y)
      attributes {strategy = #seg.strategy<)" +
         strategy + R"(, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    )" + relu +
         "%4 = seg.conv " + input +
         R"(, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %4 : !y
  }
  return %0 : !y
}
)";
}

/// With quantized factors, the input's behind a ReLU.
static std::string convOfIntegers(const std::string &strategy) {
  return R"(
!xh = tensor<$Nx5x7x64xbf16>
!x = tensor<$Nx5x7x64xf32>
!xi = tensor<$Nx5x7x64xi8>
!w = tensor<3x3x64x32xf32>
!wi = tensor<3x3x64x32xi8>
!s = tensor<32xf32>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %w: !w) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !w) -> (!y)
      attributes {strategy = #seg.strategy<)" +
         strategy + R"(, temp_bytes = 18560>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.relu %1 : !x
    %3 = seg.quantize %2 scale 0.0078125 : !x -> !xi
    %4 = seg.dequantize %3 scale 0.0078125 : (!xi) -> !x
    %5, %6 = seg.quantize_filter %b : (!w) -> (!wi, !s)
    %7 = seg.dequantize %5 scales %6 : (!wi, !s) -> !w
    %8 = seg.conv %4, %7 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %8 : !y
  }
  return %0 : !y
}
)";
}

static std::string filterGradOfBf16(const std::string &strategy,
                                    const std::string &in = "16",
                                    bool prologue = false) {
  std::string relu = prologue ? "%4 = seg.relu %1 : !x\n" : "",
              input = prologue ? "%4" : "%1";
  return "!xh = tensor<$Nx5x7x" + in + "xbf16>\n!x = tensor<$Nx5x7x" + in +
         "xf32>\n!w = tensor<3x3x" + in + R"(x32xf32>
!yh = tensor<$Nx5x7x32xbf16>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %y: !yh) -> !w {
  %0 = seg.fusion (%a = %x : !xh, %b = %y : !yh) -> (!w) attributes )" +
         strategy + R"( {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !yh -> !y
    )" + relu +
         "%3 = seg.conv_filter_grad " + input +
         R"(, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !y) -> !w
    seg.yield %3 : !w
  }
  return %0 : !w
}
)";
}

static std::string filterGradOfPatches(bool prologue) {
  return filterGradOfBf16(
      "{strategy = #seg.strategy<mma_patch, tile = [144, 32, 16], box = [1, 2, "
      "8], taps = 9, warp_rows = 48, warp_columns = 16, stages = 3, "
      "multiply_type = bf16, parts = 3, temp_bytes = 55296>}",
      "16", prologue);
}

/// Masks of a product of matrices with so many rows and columns and such a
/// depth. What is outside of the depth is zero in both factors.
static std::map<std::string, const char *>
gemmMasks(int64_t rows, int64_t columns, int64_t depth) {
  return {{"slt " + std::to_string(rows), notStored},
          {"slt " + std::to_string(columns), notStored},
          {"slt " + std::to_string(depth), otherFactor},
          {"loop", stopped},
          {"slt 1", sameValue}};
}

/// With asynchronous copies, for so many steps.
static std::map<std::string, const char *>
copyingGemmMasks(int64_t rows, int64_t columns, int64_t depth, int64_t steps) {
  auto masks = gemmMasks(rows, columns, depth);
  masks["slt " + std::to_string(steps)] = notRead;
  return masks;
}

std::vector<DeletionCase> segc::test::convDeletionCases() {
  const ConvCase whole{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 20, 24},
      strided{{9, 11}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 8, 12},
      halving{{8, 10}, {2, 2}, {2, 2}, {0, 0}, {0, 0}, 8, 12};
  ConvCase image{{5, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 2, 20},
      imageGrad = image;
  const std::string fewChannels = "mma_few_channels, warp_rows = 16, "
                                  "warp_columns = 16, multiply_type = tf32, "
                                  "box = [1, 4, 8], tile = [32, 32, ";
  image.strategy = fewChannels + "24]";
  imageGrad.strategy = fewChannels + "32], stages = 3, parts = 1";
  // Rows of the second box that reach no row of the image.
  auto imageGradMasks = copyingGemmMasks(18, 20, 70, 2);
  imageGradMasks["slt 5"] = otherFactor;
  // The threads of the second slice of copies have the sums of both, too.
  auto slicesMasks = copyingGemmMasks(144, 32, 70, 1);
  slicesMasks["slt 64"] = sameValue;
  return {
      {"conv with statistics",
       convWithStatistics(),
       {},
       gemmMasks(99, 24, 180)},
      {"strided conv", convText(strided), {}, gemmMasks(30, 12, 72)},
      {"input gradient with sums",
       inputGradWithSums(),
       {},
       gemmMasks(99, 20, 216)},
      {"transposed conv", convTransposeText(halving), {}, gemmMasks(20, 8, 12)},
      {"filter gradient", filterGradText(whole), {}, gemmMasks(180, 24, 198)},
      // The stages of the last copies lie after the sums.
      {"conv of halves",
       convOfHalves(),
       {2},
       copyingGemmMasks(99, 32, 576, 9),
       /*copies=*/true},
      {"tensor cores",
       convOfBf16(mmaStrategy(), /*prologue=*/false),
       {},
       copyingGemmMasks(35, 32, 144, 9),
       /*copies=*/true},
      {"tensor cores, phases",
       shuffleOfBf16(),
       {},
       copyingGemmMasks(35, 16, 16, 1),
       /*copies=*/true},
      {"tensor cores, prologue",
       convOfBf16(mmaStrategy(), /*prologue=*/true),
       {},
       copyingGemmMasks(35, 32, 144, 9),
       /*copies=*/true},
      {"patches",
       convOfPatches(mmaPatch, /*prologue=*/false),
       {},
       copyingGemmMasks(35, 32, 144, 9),
       /*copies=*/true},
      {"patches, prologue",
       convOfPatches(mmaPatch, /*prologue=*/true),
       {},
       copyingGemmMasks(35, 32, 144, 9),
       /*copies=*/true},
      {"integers",
       convOfIntegers("mma_int8, tile = [32, 32, 32], warp_rows = 16, "
                      "warp_columns = 16, stages = 3"),
       {},
       copyingGemmMasks(35, 32, 576, 18),
       /*copies=*/true},
      {"integers by patches",
       convOfIntegers("mma_int8_patch, tile = [32, 32, 32], box = [1, 4, 8], "
                      "warp_rows = 16, warp_columns = 16, stages = 3"),
       {},
       copyingGemmMasks(35, 32, 576, 9),
       /*copies=*/true},
      {"few channels",
       convText(image),
       {},
       copyingGemmMasks(35, 20, 18, 1),
       /*copies=*/true},
      {"few channels, filter gradient",
       filterGradText(imageGrad),
       {},
       imageGradMasks,
       /*copies=*/true},
      {"few channels, filter gradient of 16 bits",
       filterGradOfBf16("{strategy = #seg.strategy<" + fewChannels +
                            "32], stages = 2, parts = 2, temp_bytes = 4608>}",
                        /*in=*/"2"),
       {},
       copyingGemmMasks(18, 32, 70, 2),
       /*copies=*/true},
      {"warpgroups",
       convOfBf16(wgmmaStrategy("tile = [64, 32, 16], box = [1, 8, 8]"),
                  /*prologue=*/false),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"patches of warpgroups",
       convOfPatches(wgmmaPatch, /*prologue=*/false),
       {},
       {},
       /*copies=*/true,
       "sm_90a"},
      {"patches of warpgroups, prologue",
       convOfPatches(wgmmaPatch, /*prologue=*/true),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, rows of no box",
       convOfBf16(wgmmaStrategy("tile = [64, 32, 16], box = [1, 5, 7]"),
                  /*prologue=*/false),
       {},
       {{"loop", stopped}},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, several samples",
       convOfBf16(wgmmaStrategy("tile = [128, 32, 16], box = [1, 5, 7], "
                                "samples = 2"),
                  /*prologue=*/false),
       {},
       {{"loop", stopped}},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, statistics of several samples",
       convOfSamples(),
       {},
       {{"loop", stopped}},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, several taps",
       convOfBf16(
           wgmmaStrategy("tile = [64, 32, 16], box = [1, 8, 8], taps = 3"),
           /*prologue=*/false),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, a cluster",
       convOfBf16(
           wgmmaStrategy("tile = [64, 32, 16], box = [1, 8, 8], cluster = 2"),
           /*prologue=*/false),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, filter gradient",
       filterGradOfBf16(
           wgmmaStrategy("tile = [64, 32, 16], box = [1, 2, 8], parts = 2, "
                         "temp_bytes = 36864")),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, filter gradient of patches",
       filterGradOfBf16(
           "{strategy = #seg.strategy<wgmma_patch, tile = [288, 64, 16], box = "
           "[1, 2, 8], taps = 9, warpgroups = 3, stages = 2, multiply_type = "
           "bf16, parts = 2, temp_bytes = 73728>}",
           /*in=*/"32"),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, filter gradient of patches, taps as rows",
       filterGradOfBf16(
           "{strategy = #seg.strategy<wgmma_patch, tile = [288, 32, 16], box = "
           "[1, 2, 8], taps = 9, warpgroups = 3, stages = 2, multiply_type = "
           "bf16, parts = 2, temp_bytes = 73728>}",
           /*in=*/"32"),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, filter gradient by a cluster",
       filterGradOfBf16(
           wgmmaStrategy("tile = [64, 32, 16], box = [1, 2, 8], parts = 2, "
                         "cluster = 2")),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"warpgroups, filter gradient of patches by a cluster",
       filterGradOfBf16(
           "{strategy = #seg.strategy<wgmma_patch, tile = [288, 64, 16], box = "
           "[1, 2, 8], taps = 9, warpgroups = 3, stages = 2, multiply_type = "
           "bf16, parts = 2, cluster = 2>}",
           /*in=*/"32"),
       {},
       {},
       /*copies=*/false,
       "sm_90a"},
      {"tensor cores, filter gradient",
       filterGradOfBf16(mmaStrategy(", parts = 3, temp_bytes = 55296")),
       {},
       copyingGemmMasks(144, 32, 70, 5),
       /*copies=*/true},
      {"tensor cores, filter gradient, slices of copies",
       filterGradOfBf16(mmaStrategy(", parts = 16, temp_bytes = 294912")),
       {},
       slicesMasks,
       /*copies=*/true},
      {"patches, filter gradient",
       filterGradOfPatches(/*prologue=*/false),
       {},
       {},
       /*copies=*/true},
      {"patches, filter gradient, prologue",
       filterGradOfPatches(/*prologue=*/true),
       {},
       {},
       /*copies=*/true},
  };
}

//===----------------------------------------------------------------------===//
// Pointwise ops, pools, shapes, optimizers
//===----------------------------------------------------------------------===//

/// Parts of one block, of two, and of less than a vector.
static std::string horizontalCase() {
  return R"(
!a = tensor<1031xf32>
!w = tensor<3x5x7xf32>
!wh = tensor<3x5x7xbf16>
!c = tensor<3xf32>
func.func @f(%x: !a, %y: !w, %z: !c) -> (!a, !wh, !c) {
  %0:3 = seg.fusion (%a = %x : !a, %b = %y : !w, %c = %z : !c) -> (!a, !wh, !c) attributes {strategy = #seg.strategy<horizontal>} {
    %1 = seg.relu %a : !a
    %2 = seg.cast %b : !w -> !wh
    %3 = seg.mul %c, %c : (!c, !c) -> !c
    seg.yield %1, %2, %3 : !a, !wh, !c
  }
  return %0#0, %0#1, %0#2 : !a, !wh, !c
})";
}

/// Three vectors a thread: the first block has whole threads, threads with some
/// of their vectors, and none.
static std::string normOfPositions() {
  return R"(
!x = tensor<$Nx19x11x12xf32>
!s = tensor<$Nx12xf32>
!c = tensor<12xf32>
func.func @f(%x: !x, %m: !s, %v: !s, %g: !c, %b: !c) -> !x {
  %0 = seg.fusion (%1 = %x : !x, %2 = %m : !s, %3 = %v : !s, %4 = %g : !c, %5 = %b : !c) -> (!x) attributes {strategy = #seg.strategy<pointwise, positions = 3>} {
    %6 = seg.norm_apply %1, %2, %3, %4, %5 : (!x, !s, !s, !c, !c) -> !x
    seg.yield %6 : !x
  }
  return %0 : !x
}
)";
}

std::vector<DeletionCase> segc::test::elementwiseDeletionCases() {
  const std::string one = activation("9x11x1"), small = activation("5x7x3"),
                    flat = vectorOf(9005), step = "tensor<i64>",
                    pooled = activation("4x5x3"),
                    window = "window [2, 2] strides [2, 2]",
                    padded = "window [3, 3] strides [2, 2] pad_low [1, 1] "
                             "pad_high [1, 1]",
                    half = activation("5x6x3");
  std::vector<DeletionCase> cases = {
      {"pointwise",
       fusionFunction({image, sampleRow, sampleRow, row, row, image}, {image},
                      "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" +
                          image + ", " + sampleRow + ", " + sampleRow + ", " +
                          row + ", " + row + ") -> " + image +
                          "\n%r0 = seg.add %n, %a5 : (" + image + ", " + image +
                          ") -> " + image),
       {},
       {{"slt", sameValue}}},
      {"pointwise_positions", normOfPositions()},
      {"horizontal", horizontalCase()},
      {"concat", opText("concat", {one, activation("9x11x2")}, {image})},
      {"slice",
       opText("slice_channels", {image}, {activation("9x11x2")}, "from 1")},
      {"crop", opText("crop", {image}, {small}, "at [1, 2]")},
      {"pad", opText("pad", {small}, {image}, "low [1, 2]")},
      {"max_pool", opText("max_pool", {image}, {pooled}, window)},
      {"max_pool_grad",
       opText("max_pool_grad", {image, pooled}, {image}, window)},
      {"avg_pool", opText("avg_pool", {image}, {half}, padded)},
      {"avg_pool_grad", opText("avg_pool_grad", {half}, {image}, padded)},
      {"softmax",
       fusionFunction({image}, {image}, "%r0 = seg.softmax %a0 : " + image)},
      {"softmax_grad",
       fusionFunction({image, image}, {image},
                      "%r0 = seg.softmax_grad %a0, %a1 : " + image)},
      {"channel_total", opText("channel_total", {image}, {one})},
      {"sgd",
       opText("sgd", {flat, flat, flat, number, number, number, number, number},
              {flat, flat}, "{nesterov, decay_elements = 6003}")},
      {"adam",
       opText("adam",
              {flat, flat, flat, flat, number, number, number, number, step},
              {flat, flat, flat},
              "{beta1 = 0.9, beta2 = 0.999, epsilon = 1.0e-7, decay_elements = "
              "6003}")},
      {"rmsprop",
       opText("rmsprop",
              {flat, flat, flat, flat, flat, number, number, number, number,
               number},
              {flat, flat, flat, flat},
              "{decay = 0.9, epsilon = 1.0e-3, decay_elements = 6003}")},
      {"lookahead", opText("lookahead", {flat, flat, flat, number, step},
                           {flat, flat}, "{sync = 6 : i64, alpha = 0.5}")},
  };
  cases.push_back({"downsample_labels",
                   opText("downsample_labels", {"tensor<$Nx40x50xi32>"},
                          {"tensor<$Nx20x25xi32>"})});
  for (std::string mode : {"nearest", "linear", "cubic"}) {
    cases.push_back(
        {"resize " + mode, opText("resize " + mode, {small}, {image})});
    cases.push_back({"resize_grad " + mode,
                     opText("resize_grad " + mode, {image}, {small})});
  }
  return cases;
}

//===----------------------------------------------------------------------===//
// Reductions and losses
//===----------------------------------------------------------------------===//

std::vector<DeletionCase> segc::test::reductionDeletionCases() {
  const std::string tile = activation("40x50x24"), sums = perSample(24),
                    logits = activation("40x50x4"),
                    classes = "tensor<$Nx40x50xi32>",
                    voxels = activation("40x50x1"),
                    grouped = activation("9x11x6"), groups = perSample(6),
                    dice = "tensor<$Nx3x3xf32>";
  return {
      // 42 rows of sums become 21, 11, 6, 3, 2, 1: the step from 3 rows does
      // not write the one that the next reads.
      {"statistics",
       opText("norm_stats instance", {tile}, {sums, sums}, "epsilon 1.0e-5"),
       {5}},
      {"statistics of groups",
       opText("norm_stats group", {grouped}, {groups, groups},
              "groups 3 epsilon 1.0e-3"),
       {6}},
      {"sums of a gradient",
       opText("norm_grad_stats instance",
              {image, image, row, sampleRow, sampleRow},
              {sampleRow, sampleRow, row, row}, "epsilon 1.0e-3"),
       {6}},
      // The thread that adds the last two rows stores their sum.
      {"channel sums", opText("channel_sum", {image}, {row}), {6, 7}},
      // The thread that adds the last two numbers stores the sum.
      {"cross entropy",
       opText("cross_entropy", {logits, classes}, {number}),
       {8}},
      {"dice",
       opText("dice", {image, labels}, {number, row, dice}, "smooth 1.0"),
       {8}},
      {"dice of many classes",
       opText("dice", {activation("19x17x37"), "tensor<$Nx19x17xi32>"},
              {number, vectorOf(37), "tensor<$Nx3x37xf32>"}, "smooth 1.0"),
       {6},
       {{"slt 111", sameValue}}},
      {"dice of sums", opText("dice_from_sums", {"tensor<2x3x3xf32>"},
                              {number, row}, "smooth 1.0")},
      {"gradient of dice",
       opText("dice_grad", {logits, classes, "tensor<$Nx3x4xf32>", number},
              {logits}, "smooth 1.0")},
      {"gradient of cross entropy",
       opText("cross_entropy_grad", {image, labels, number}, {image})},
      {"weighted cross entropy",
       opText("weighted_cross_entropy", {logits, classes}, {number, number},
              "weights [1.0, 0.5, 0.0, 2.0]"),
       {8},
       {{"ule 0", ofLabel}}},
      {"gradient of weighted cross entropy",
       opText("weighted_cross_entropy_grad", {image, labels, number, number},
              {image}, "weights [1.0, 0.5, 2.0]"),
       {},
       {{"ule 0", ofLabel}}},
      {"cross entropy of regions",
       opText("binary_cross_entropy", {logits, classes}, {number, number},
              "regions [[1, 2], [2], [3], [1]] ignored 0"),
       {8},
       {{"ule 0", ofLabel}, {"ne 0", ofLabel}}},
      {"gradient of cross entropy of regions",
       opText("binary_cross_entropy_grad", {image, labels, number, number},
              {image}, "regions [[1, 2], [2], [1]] ignored 0"),
       {},
       {{"ne 0", ofLabel}}},
      {"cross entropy of voxels",
       opText("voxel_cross_entropy", {logits, classes}, {voxels})},
      {"gradient of cross entropy of voxels",
       opText("voxel_cross_entropy_grad", {logits, classes, voxels}, {logits})},
      // In each pass the thread that adds the last two numbers stores the sum.
      {"mean of the largest values",
       opText("top_k_mean", {voxels}, {number, number, number, number},
              "percent 40.0"),
       {8, 18, 28, 38, 48, 58, 68, 78, 88},
       {{"slt 7", notAdded}, {"slt 15", notAdded}}},
      {"norm of gradients",
       opText("clip_scale", {vectorOf(20000), number}, {number},
              "max_norm 0.5"),
       {8, 17}},
      {"finite check",
       opText("all_finite", {vectorOf(20000)}, {number}),
       {8, 17}},
  };
}

//===----------------------------------------------------------------------===//
// Augmentation
//===----------------------------------------------------------------------===//

std::vector<DeletionCase> segc::test::augmentDeletionCases() {
  constexpr int64_t samples = 2;
  const PatchShape shape{{4, 5, 44}, {3, 4, 40}, 2, false};
  const std::string maps = "tensor<$Nx24xf32>", keys = "tensor<$Nx4xi32>",
                    patch = shape.image(), drawn = shape.intensities(),
                    statistics = shape.statistics();
  const Values mapped = mapNumbers({turnedCrop(shape), zoomedCrop(shape)}),
               known = statisticNumbers(shape, samples);
  auto draws = [&](const std::map<int64_t, Values> &some) {
    return intensityNumbers(shape, samples, some);
  };
  DeletionCase sampled{
      "sample_patch",
      opText("sample_patch", {shape.cropImage(), maps, drawn, keys}, {patch})};
  sampled.inputs = {{1, mapped}, {2, draws({{0, {0.5}}})}};
  DeletionCase labelled{"sample_labels",
                        opText("sample_labels", {shape.cropLabels(), maps},
                               {shape.labels(), shape.labels()})};
  // Between voxels votes are equal.
  labelled.inputs = {
      {1, mapNumbers({turnedCrop(shape), PatchMap{{4, 5, 41}}})}};
  labelled.unneededMasks = {{"ne", "labels that agree win the vote"},
                            {"eq", "a later voxel takes it back"},
                            {"slt", "a later voxel takes it back"}};
  DeletionCase blurred{"blur_axis",
                       opText("blur_axis 1", {patch, drawn}, {patch})};
  blurred.inputs = {{1, draws({{2, {0.75}}, {15, {2}}})}};
  DeletionCase reduced{"lower_resolution",
                       opText("lower_resolution", {patch, drawn}, {patch})};
  reduced.inputs = {{1, draws({{17, {2, 3, 25}}})}};
  reduced.unneededMasks = {{"slt 3", "a gather of the whole grid copies"},
                           {"slt 4", "a gather of the whole grid copies"},
                           {"slt 40", "a gather of the whole grid copies"}};
  DeletionCase contrast{
      "adjust_contrast",
      opText("adjust_contrast", {patch, drawn, statistics}, {patch})};
  contrast.inputs = {{1, draws({{7, {1.5}}})}, {2, known}};
  DeletionCase gamma{
      "adjust_gamma",
      opText("adjust_gamma gamma", {patch, drawn, statistics}, {patch})};
  gamma.inputs = {{1, draws({{12, {1.5}}})}, {2, known}};
  DeletionCase retained{"retain_statistics",
                        opText("retain_statistics gamma",
                               {patch, drawn, statistics, statistics},
                               {patch})};
  retained.inputs = {{1, draws({{12, {1.5}}})}, {2, known}, {3, known}};
  DeletionCase measured{
      "channel_statistics",
      opText("channel_statistics contrast", {patch, drawn}, {statistics})};
  measured.inputs = {{1, draws({{7, {1.5}}})}};
  measured.unneededMasks = {{"slt 1", sameValue}};
  return {sampled,  labelled, blurred,  reduced,
          contrast, gamma,    retained, measured};
}
