//===- WgmmaGradStrategy.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmTilings.h"
#include "WgmmaCosts.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const WgmmaGradTiling &tiling) {
  // The sums of a cluster take the place of the factors.
  int64_t sums = tiling.tile.cluster > 1 ? GemmSums::floats(tiling.tile) : 0;
  return std::max(tiling.stages * tiling.stageBytes(work.problem) / 4, sums) +
         WgmmaStages::barrierFloats(tiling.stages);
}

std::string wgmmaGradRefusal(const GemmWork &work) {
  const ConvProblem &problem = work.problem;
  Operation *root = work.fusion.getRoot();
  if (std::string reason = warpgroupRefusal(work); !reason.empty())
    return reason;
  if (product(problem.inStrides()) != 1 || product(problem.dilations) != 1)
    return "takes strides and dilations of 1";
  constexpr int64_t maxWidth = 3;
  if (product(problem.taps) == 1 || problem.taps[2] > maxWidth)
    return "takes several taps, at most 3 along the width";
  Type type = copiedType(root->getOperand(0));
  if (!type || type != copiedType(root->getOperand(1)))
    return "takes operands of bf16 or f16 in memory, without a prologue";
  if (problem.inChannels % 32 || problem.outChannels % 8)
    return "takes input channels in multiples of 32, output channels in eights";
  return "";
}

std::string refusal(const GemmWork &work, const WgmmaGradTiling &tiling) {
  const ConvProblem &problem = work.problem;
  const GemmTile &tile = tiling.tile;
  if (std::string reason = wgmmaGradRefusal(work); !reason.empty())
    return reason;
  int64_t taps = product(problem.taps);
  if (tiling.taps != taps && tiling.taps != taps / problem.taps[0])
    return "expects the taps of all depths or of one, got " +
           std::to_string(tiling.taps);
  if (tiling.warpgroups != problem.taps[2])
    return "expects a warpgroup for each tap along the width, got " +
           std::to_string(tiling.warpgroups);
  if (int64_t channels = tiling.channels();
      tile.rows % tiling.taps || (channels != 32 && channels != 64) ||
      problem.inChannels % channels || tiling.column() * channels < wgmmaRows)
    return "expects rows of 32 or 64 channels of each tap, a part of all "
           "channels, got " +
           std::to_string(tile.rows);
  if (tile.columns != 16 && tile.columns != 32 && tile.columns != 64)
    return "expects 16, 32 or 64 columns, got " + std::to_string(tile.columns);
  constexpr int64_t maxSums = 104; // Of a thread, beside addresses.
  if (int64_t sums = tiling.sums(problem); sums > maxSums)
    return "expects a thread to have at most 104 sums, got " +
           std::to_string(sums);
  constexpr int64_t pattern = 8, maxBox = 256; // Pixels.
  if (!tile.box || product(*tile.box) != tile.depth ||
      (*tile.box)[2] % pattern ||
      (*tile.box)[1] * (*tile.box)[2] % wgmmaDepth ||
      ((*tile.box)[2] % wgmmaDepth && (*tile.box)[2] != pattern) ||
      (isFlat(work) && tile.box->front() != 1))
    return "expects a box of as many pixels as the depth, whose rows are 8 or "
           "multiples of 16, in planes of multiples of 16, in 2-D 1 deep";
  for (int64_t extent : tiling.patch(problem))
    if (extent > maxBox)
      return "expects a box that reads at most 256 positions of each dimension";
  constexpr int64_t maxStages = 8;
  if (tiling.stages < 2 || tiling.stages > maxStages)
    return "expects 2 to 8 stages, got " + std::to_string(tiling.stages);
  if (std::string reason = clusterRefusal(work, tile); !reason.empty())
    return reason;
  if (tiling.multiplyType != wgmmaType(work))
    return "expects multiply_type to be the operands' type";
  if (int64_t bytes = 4 * sharedFloats(work, tiling);
      bytes > work.target.sharedBytes)
    return "expects at most " + std::to_string(work.target.sharedBytes) +
           " bytes of shared memory, got " + std::to_string(bytes);
  return "";
}

double modelledSeconds(const GemmWork &work, const WgmmaGradTiling &tiling,
                       int64_t parts) {
  const ConvProblem &problem = work.problem;
  bool isSwapped = tiling.isSwapped(problem);
  double products = wgmmaSeconds(
      work.target,
      static_cast<double>(tiling.warpgroups *
                          (isSwapped ? 1 : tiling.products()) *
                          tiling.tile.depth / wgmmaDepth),
      isSwapped ? tiling.column() * tiling.channels() : tiling.tile.columns);
  // A step begins with a wait.
  constexpr double beginStep = 20e-9;
  return modelledSeconds(
      work,
      {tiling.tile, parts, tiling.threads(), sharedFloats(work, tiling),
       static_cast<double>(tiling.sums(problem)) + 40, products + beginStep,
       work.target.boxSeconds / static_cast<double>(tiling.stages - 1),
       static_cast<double>(tiling.copiedBytes(problem)),
       /*multiplyingWarps=*/4 * tiling.warpgroups, products});
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<WgmmaGradTiling>> &choices) {
  if (!wgmmaGradRefusal(work).empty() || !allowed.contains(wgmmaType(work)))
    return;
  const ConvProblem &problem = work.problem;
  constexpr int64_t fewestPixels = 64, mostPixels = 256;
  auto addBox = [&](WgmmaGradTiling tiling) {
    // The most stages that shared memory has.
    for (tiling.tile.cluster = 1; tiling.tile.cluster <= 8;
         tiling.tile.cluster *= 2)
      for (tiling.stages = 4; tiling.stages >= 2; --tiling.stages)
        if (refusal(work, tiling).empty()) {
          addChoices(work, tiling, choices);
          break;
        }
  };
  int64_t all = product(problem.taps);
  SmallVector<int64_t> tapCounts{all};
  if (problem.taps[0] > 1)
    tapCounts.push_back(all / problem.taps[0]);
  for (int64_t channels : {64, 32})
    for (int64_t taps : tapCounts)
      for (int64_t columns : {64, 32, 16}) {
        if (columns >= 2 * std::max<int64_t>(16, work.columns()))
          continue;
        for (int64_t deep : {1, 2, 4})
          for (int64_t high : {1, 2, 4, 8, 16, 32})
            for (int64_t wide : {8, 16, 32})
              if (int64_t pixels = deep * high * wide;
                  pixels >= fewestPixels && pixels <= mostPixels)
                addBox(
                    {{taps * channels, columns, pixels, Dims{deep, high, wide}},
                     taps,
                     problem.taps[2],
                     /*stages=*/2,
                     wgmmaType(work)});
      }
}

} // namespace segc
