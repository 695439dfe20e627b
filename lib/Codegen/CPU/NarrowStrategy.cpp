//===- NarrowStrategy.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/NarrowStrategy.h"
#include "ConvCosts.h"

using namespace mlir;

namespace segc {

Dims NarrowPlan::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.out, tile);
}

int64_t NarrowPlan::tileSize(const ConvProblem &problem) const {
  return problem.window(0, tile[0]) * problem.window(1, tile[1]) *
         problem.window(2, tile[2]) * problem.inChannels;
}

std::string narrowRefusal(const ConvProblem &problem) {
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  if (problem.outChannels > NarrowPlan::mostChannels)
    return std::to_string(problem.outChannels) +
           " output channels, expected at most 4";
  for (int64_t stride : problem.strides)
    if (stride != 1)
      return "stride " + std::to_string(stride) + ", expected 1";
  return "";
}

static double taskCycles(const ConvProblem &problem, const NarrowPlan &plan,
                         const CpuStrategyContext &context) {
  double vectors = plan.paddedChannels(problem) / plan.lanes;
  double blocks = product(plan.tile) / double(plan.tile[2]) *
                  divideUp(plan.tile[2], plan.pixels);
  double steps = product(problem.taps) * vectors;
  double multiply =
      steps * registerBlockCycles(plan.pixels, problem.outChannels);
  // Sums over lanes: three operations for each sum of a square of them.
  double finish =
      plan.pixels * (NarrowPlan::mostChannels * 1.5 + epilogueCycles);
  double pack = plan.in_place ? 0
                              : plan.tileSize(problem) / double(plan.lanes) *
                                    (packCycles + context.loadCycles);
  return taskOverhead + pack + blocks * (multiply + finish + 20);
}

std::pair<NarrowPlan, double>
selectNarrowPlan(const ConvProblem &problem,
                 const CpuStrategyContext &context) {
  std::pair<NarrowPlan, double> best{{},
                                     std::numeric_limits<double>::infinity()};
  const CpuTarget &target = context.target;
  NarrowPlan plan{};
  plan.lanes = target.lanes;
  plan.in_place = problem.readsInPlace() && !context.computedInput;
  int64_t unit = plan.lanes / NarrowPlan::mostChannels,
          most = (target.registers - problem.outChannels - 1) /
                 problem.outChannels;
  for (plan.pixels = unit; plan.pixels <= most; plan.pixels += unit)
    for (int64_t d : pieces(problem.out[0], 1))
      for (int64_t h : pieces(problem.out[1], 1))
        for (int64_t w : pieces(problem.out[2], plan.pixels)) {
          plan.tile = {d, h, w};
          if (plan.tileSize(problem) * 8 > target.l2Bytes && d * h > 1)
            continue;
          double cycles =
              occupiedTasks(product(plan.tileCounts(problem)) * problem.batch,
                            context) *
              taskCycles(problem, plan, context);
          if (cycles < best.second)
            best = {plan, cycles};
        }
  return best;
}

} // namespace segc
