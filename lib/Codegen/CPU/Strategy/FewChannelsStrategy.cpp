//===- FewChannelsStrategy.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "Strategy/ConvCosts.h"

using namespace mlir;

namespace segc {

Dims FewChannelsTiling::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.out, tile);
}

int64_t FewChannelsTiling::tileSize(const ConvProblem &problem) const {
  return problem.window(0, tile[0]) * problem.window(1, tile[1]) *
         problem.window(2, tile[2]) * problem.inChannels;
}

std::string fewChannelsRefusal(const ConvProblem &problem) {
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  if (problem.outChannels > FewChannelsTiling::maxChannels)
    return std::to_string(problem.outChannels) +
           " output channels, expected at most 4";
  for (int64_t stride : problem.strides)
    if (stride != 1)
      return "stride " + std::to_string(stride) + ", expected 1";
  return "";
}

static double taskCycles(const ConvProblem &problem,
                         const FewChannelsTiling &tiling,
                         const CpuStrategyContext &context) {
  double vectors = tiling.paddedChannels(problem) / tiling.lanes;
  double blocks = product(tiling.tile) / double(tiling.tile[2]) *
                  divideUp(tiling.tile[2], tiling.pixels);
  double steps = product(problem.taps) * vectors;
  double multiply =
      steps * registerBlockCycles(tiling.pixels, problem.outChannels);
  // Adding the lanes of a square of vectors takes three operations for each
  // vector.
  double finish =
      tiling.pixels * (FewChannelsTiling::maxChannels * 1.5 + epilogueCycles);
  double pack = tiling.in_place
                    ? 0
                    : tiling.tileSize(problem) / double(tiling.lanes) *
                          (packCycles + context.loadCycles);
  return taskOverhead + pack + blocks * (multiply + finish + 20);
}

std::pair<FewChannelsTiling, double>
selectFewChannelsTiling(const ConvProblem &problem,
                        const CpuStrategyContext &context) {
  std::pair<FewChannelsTiling, double> best{
      {}, std::numeric_limits<double>::infinity()};
  const CpuTarget &target = context.target;
  FewChannelsTiling tiling{};
  tiling.lanes = target.lanes;
  tiling.in_place = problem.readsInPlace() && !context.computedInput;
  int64_t unit = tiling.lanes / FewChannelsTiling::maxChannels,
          maxPixels = (target.registers - problem.outChannels - 1) /
                      problem.outChannels;
  for (tiling.pixels = unit; tiling.pixels <= maxPixels; tiling.pixels += unit)
    for (int64_t d : pieces(problem.out[0], 1))
      for (int64_t h : pieces(problem.out[1], 1))
        for (int64_t w : pieces(problem.out[2], tiling.pixels)) {
          tiling.tile = {d, h, w};
          if (tiling.tileSize(problem) * 8 > target.l2Bytes && d * h > 1)
            continue;
          double cycles =
              occupiedTasks(product(tiling.tileCounts(problem)) * problem.batch,
                            context) *
              taskCycles(problem, tiling, context);
          if (cycles < best.second)
            best = {tiling, cycles};
        }
  return best;
}

} // namespace segc
