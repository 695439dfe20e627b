//===- GroupedStrategy.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "Strategy/ConvCosts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

GroupedAccess groupedAccess(const ConvProblem &problem, int64_t lanes) {
  int64_t inputs = problem.groupInputs(), outputs = problem.groupOutputs();
  if (problem.groups == 1 || outputs % lanes == 0)
    return GroupedAccess::Broadcast;
  if (inputs == 1 && outputs == 1)
    return GroupedAccess::Same;
  if (lanes % outputs == 0 && inputs <= outputs)
    return GroupedAccess::Permuted;
  return GroupedAccess::Gathered;
}

GroupedWindow::GroupedWindow(const ConvProblem &problem, unsigned d) {
  int64_t span = (problem.taps[d] - 1) * problem.dilations[d],
          low = problem.low[d], stride = problem.strides[d];
  if (problem.adjoint) {
    first = llvm::divideFloorSigned(low - span, stride);
    spread = llvm::divideFloorSigned(stride - 1 + low, stride) - first;
    step = 1;
  } else {
    first = -low;
    spread = span;
    step = stride;
  }
}

int64_t GroupedTiling::tileSize(const ConvProblem &problem) const {
  int64_t size = problem.inChannels;
  for (unsigned d = 0; d < 3; ++d)
    size *= GroupedWindow(problem, d).size(tile[d]);
  return size;
}

std::string groupedRefusal(const ConvProblem &problem) {
  return plainRefusal(problem).empty() ? "neither groups nor dilations" : "";
}

bool groupedReadsInside(const ConvProblem &problem) {
  Dims space = problem.space();
  for (unsigned d = 0; d < 3; ++d) {
    GroupedWindow window(problem, d);
    if (window.first < 0 ||
        window.first + window.size(space[d]) > problem.in[d])
      return false;
  }
  return true;
}

bool groupedTakesVectors(const ConvProblem &problem, int64_t lanes,
                         int64_t nb) {
  return nb == 1 || problem.groups == 1 ||
         problem.groupOutputs() % (nb * lanes) == 0;
}

bool groupedTakesRows(const ConvProblem &problem, int64_t lanes, int64_t ur) {
  return groupedAccess(problem, lanes) == GroupedAccess::Permuted
             ? ur == problem.groupInputs()
             : problem.groupInputs() % ur == 0;
}

/// Returns the cycles to load the inputs of a register block's pixels for one
/// vector.
static double valueCycles(GroupedAccess access, double pixels, int64_t lanes) {
  switch (access) {
  case GroupedAccess::Broadcast:
  case GroupedAccess::Same:
    return pixels / 2;
  case GroupedAccess::Permuted:
    return pixels;
  case GroupedAccess::Gathered:
    return pixels * static_cast<double>(lanes) * 0.7;
  }
  llvm_unreachable("all kinds are listed");
}

static double taskCycles(const ConvProblem &problem,
                         const GroupedTiling &tiling,
                         const CpuStrategyContext &context) {
  double blocks = product(tiling.tile) / double(tiling.tile[2]) *
                  divideUp(tiling.tile[2], tiling.pixels) *
                  double(problem.phaseCount());
  double vectors =
      tiling.paddedChannels(problem) / double(tiling.lanes * tiling.nb);
  // Each phase reads only a part of the taps.
  double steps = product(problem.taps) * double(problem.groupInputs()) /
                 double(problem.phaseCount());
  double step = std::max(registerBlockCycles(tiling.pixels, tiling.nb),
                         valueCycles(groupedAccess(problem, tiling.lanes),
                                     tiling.pixels, tiling.lanes) +
                             tiling.nb / 2.0);
  double finish = tiling.pixels * tiling.nb * epilogueCycles + 20;
  double pack = tiling.in_place
                    ? 0
                    : tiling.tileSize(problem) / double(context.target.lanes) *
                          (packCycles + context.loadCycles);
  return taskOverhead + pack + blocks * vectors * (steps * step + finish);
}

std::pair<GroupedTiling, double>
selectGroupedTiling(const ConvProblem &problem,
                    const CpuStrategyContext &context) {
  std::pair<GroupedTiling, double> best{
      {}, std::numeric_limits<double>::infinity()};
  const CpuTarget &target = context.target;
  Dims space = problem.space();
  GroupedTiling tiling{};
  tiling.lanes = lanesFor(problem.outChannels, target);
  tiling.in_place = !problem.is16BitInput && !context.computedInput &&
                    groupedReadsInside(problem);
  bool broadcasts =
      groupedAccess(problem, tiling.lanes) == GroupedAccess::Broadcast;
  for (tiling.nb = 1; tiling.nb <= (broadcasts ? 4 : 1); ++tiling.nb) {
    if (tiling.nb == context.avoidedVectors ||
        !groupedTakesVectors(problem, tiling.lanes, tiling.nb))
      continue;
    int64_t maxPixels = std::min<int64_t>(
        (target.registers - tiling.nb - 2) / tiling.nb, broadcasts ? 16 : 8);
    // The register blocks of a row have about the same size.
    tiling.pixels = divideUp(space[2], divideUp(space[2], maxPixels));
    for (int64_t d : pieces(space[0], 1))
      for (int64_t h : pieces(space[1], 1))
        for (int64_t w : pieces(space[2], tiling.pixels)) {
          tiling.tile = {d, h, w};
          double cycles =
              occupiedTasks(product(tiling.tileCounts(problem)) * problem.batch,
                            context) *
              taskCycles(problem, tiling, context);
          // Tiles that do not fit the cache are selected only if there is no
          // other.
          if (!tiling.in_place && tiling.tileSize(problem) * 8 > target.l2Bytes)
            cycles *= 1e3 * static_cast<double>(tiling.tileSize(problem));
          if (cycles < best.second)
            best = {tiling, cycles};
        }
  }
  return best;
}

std::pair<GroupedFilterGradTiling, double>
selectGroupedFilterGradTiling(const ConvProblem &problem,
                              const CpuStrategyContext &context) {
  GroupedFilterGradTiling tiling{};
  tiling.lanes = lanesFor(problem.outChannels, context.target);
  GroupedAccess access = groupedAccess(problem, tiling.lanes);
  int64_t maxRows =
      access == GroupedAccess::Permuted ? problem.groupInputs() : 8;
  for (tiling.ur = maxRows;
       !groupedTakesRows(problem, tiling.lanes, tiling.ur);)
    --tiling.ur;
  int64_t tasks = product(problem.taps) * (problem.groupInputs() / tiling.ur) *
                  divideUp(problem.outChannels, tiling.lanes);
  double pixel =
      std::max(tiling.ur / 2.0, valueCycles(access, tiling.ur, tiling.lanes)) +
      1;
  double cycles = occupiedTasks(tasks, context) *
                  (taskOverhead + double(problem.batch) * pixel *
                                      double(product(problem.out)));
  return {tiling, cycles};
}

} // namespace segc
