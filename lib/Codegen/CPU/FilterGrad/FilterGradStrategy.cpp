//===- FilterGradStrategy.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/ConvCosts.h"
#include "segc/Codegen/CPU/ConvStrategy.h"

#include <cmath>

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Dims FilterGradTiling::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.out, tile);
}

Dims FilterGradTiling::taskTaps(const ConvProblem &problem) const {
  Dims taps{problem.taps[0], problem.taps[1], 1};
  if (tap_groups > 1)
    taps[0] = 1;
  if (tap_groups > problem.taps[0])
    taps[1] = 1;
  return taps;
}

bool FilterGradTiling::mergesTaps(const ConvProblem &problem) const {
  int64_t all = problem.taps[0] * problem.taps[1] * rows(problem);
  return tap_groups == 1 && !share_taps && rows(problem) < 10 && all <= 160;
}

bool FilterGradTiling::canShareTaps(const ConvProblem &problem) const {
  // Every row of a tile must have at least taps - 1 pixels.
  int64_t last =
      problem.out[2] % tile[2] == 0 ? tile[2] : problem.out[2] % tile[2];
  return problem.taps[2] > 1 && problem.strides[2] == 1 &&
         last >= problem.taps[2] - 1;
}

int64_t FilterGradTiling::tileSize(const ConvProblem &problem) const {
  Dims taps = taskTaps(problem);
  int64_t size = problem.window(2, tile[2]) * problem.inChannels;
  for (unsigned d = 0; d < 2; ++d)
    size *= taps[d] == 1 ? tile[d] : problem.window(d, tile[d]);
  return size;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// Returns the rows that register blocks divide: with share_taps the input
/// channels.
static int64_t blockedRows(const ConvProblem &problem,
                           const FilterGradTiling &tiling) {
  Dims taps = tiling.taskTaps(problem);
  if (tiling.share_taps)
    return problem.inChannels;
  return tiling.mergesTaps(problem) ? taps[0] * taps[1] * tiling.rows(problem)
                                    : tiling.rows(problem);
}

/// Returns the cycles of a register block for one pixel.
static double pixelCycles(const ConvProblem &problem,
                          const FilterGradTiling &tiling, int64_t ur,
                          const CpuTarget &target) {
  double taps = tiling.share_taps ? problem.taps[2] : 1;
  double core =
      std::max(
          {taps * ur * tiling.nb * multiplyCycles(tiling.multiplyType, target),
           (ur + tiling.nb) / 2.0, 4.0}) +
      0.5 + 0.25 * (taps - 1) +
      widenCycles(tiling.multiplyType, ur * tiling.nb, tiling.tile[2]) /
          tiling.tile[2];
  // The operands of a sweep are loaded from L2 if they do not fit L1.
  double bytes = 4.0 * (ur + (tiling.share_taps ? 0 : target.lanes) +
                        tiling.channelBlock());
  return bytes * product(tiling.tile) < 0.8 * target.l1Bytes
             ? core
             : std::max(core, bytes / panelFromL2);
}

/// Returns the cycles of one pixel for all rows of a task and one block of
/// columns.
static double rowCycles(const ConvProblem &problem,
                        const FilterGradTiling &tiling,
                        const CpuTarget &target) {
  int64_t rows = blockedRows(problem, tiling);
  double cost = static_cast<double>(rows / tiling.ur) *
                pixelCycles(problem, tiling, tiling.ur, target);
  if (int64_t tail = rows % tiling.ur)
    cost += pixelCycles(problem, tiling, tail, target);
  Dims taps = tiling.taskTaps(problem);
  return tiling.mergesTaps(problem) ? cost : cost * taps[0] * taps[1];
}

/// Selects the register block. Returns false if none is possible.
static bool selectRegisterBlock(const ConvProblem &problem,
                                const CpuStrategyContext &context,
                                FilterGradTiling &tiling) {
  const CpuTarget &target = context.target;
  int64_t vectors = divideUp(problem.outChannels, tiling.lanes);
  double best = std::numeric_limits<double>::infinity();
  FilterGradTiling candidate = tiling;
  for (bool share : {false, true}) {
    candidate.share_taps = share;
    // The loop that shares taps carries gradients in addition to the sums,
    // which chains of f16 do not support.
    if (share && (!candidate.canShareTaps(problem) ||
                  candidate.multiplyType == MultiplyType::F16))
      continue;
    int64_t rows = blockedRows(problem, candidate),
            taps = share ? problem.taps[2] : 1;
    for (candidate.nb = 1; candidate.nb <= std::min<int64_t>(4, vectors);
         ++candidate.nb)
      for (candidate.ur = 1;
           candidate.nb != context.avoidedVectors && candidate.ur <= rows &&
           sumRegisters(candidate.multiplyType,
                        candidate.ur * candidate.nb * taps) +
                   candidate.nb * taps +
                   sharedRegisters(candidate.multiplyType) <=
               target.registers;
           ++candidate.ur) {
        double cost = rowCycles(problem, candidate, target) *
                      candidate.channelBlocks(problem);
        if (cost <= best) {
          best = cost;
          tiling = candidate;
        }
      }
  }
  return std::isfinite(best);
}

/// Returns a tile of about `maxPixels` pixels, fewer if it would not fit the
/// cache.
static Dims selectTile(const ConvProblem &problem, const CpuTarget &target,
                       FilterGradTiling tiling, int64_t maxPixels) {
  constexpr int64_t widest = 160;
  Dims &tile = tiling.tile;
  tile = {1, 1, divideUp(problem.out[2], divideUp(problem.out[2], widest))};
  for (unsigned d = 2; d-- > 0;) {
    if (d == 0 && tile[1] < problem.out[1])
      break;
    int64_t fit = std::max<int64_t>(1, maxPixels / product(tile));
    tile[d] = divideUp(problem.out[d], divideUp(problem.out[d], fit));
  }
  for (unsigned d = 0; d < 3; ++d)
    while (tile[d] > 1 &&
           (tiling.tileSize(problem) + product(tile) * problem.outChannels) *
                   8 >
               target.l2Bytes)
      tile[d] = divideUp(tile[d], 2);
  return tile;
}

/// Returns the cycles of all tasks and of the second launch.
static double totalCycles(const ConvProblem &problem,
                          const FilterGradTiling &tiling,
                          const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  Dims taps = tiling.taskTaps(problem);
  int64_t tasks = tiling.splits * tiling.tap_groups * tiling.groups;
  double tiles = divideUp(problem.batch * product(tiling.tileCounts(problem)),
                          tiling.splits);
  double blocks = divideUp(tiling.channelBlocks(problem), tiling.groups);
  double sums = taps[0] * taps[1] * tiling.rows(problem) * blocks * tiling.nb;
  double multiply =
      tiling.gradWords() * rowCycles(problem, tiling, target) * blocks;
  // With pairs of rows, every row is stored twice, and its words are loaded
  // first.
  double store =
      tiling.multiplyType == MultiplyType::F32 ? packCycles : 3 * packCycles;
  double pack =
      (tiling.tileSize(problem) * (store + context.loadCycles) +
       (tiling.pack_grad ? product(tiling.tile) * blocks * tiling.channelBlock()
                         : 0) *
           store) /
      target.lanes;
  // The sums are loaded and stored for every tile.
  double bytes = 4.0 * target.lanes * sums;
  double update =
      2 * bytes / (bytes < 0.3 * target.l2Bytes ? panelFromL2 : panelFromL3);
  double merge = tiling.isDirect(problem)
                     ? 0
                     : 4.0 * tiling.partialSize(problem) * (tiling.splits + 2) /
                           partialsFromL3;
  return occupiedTasks(tasks, context) *
             (taskOverhead + tiles * (multiply + pack + update) + update) +
         merge;
}

static std::pair<FilterGradTiling, double>
selectFilterGradTiling(const ConvProblem &problem, bool swapped,
                       const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  constexpr int64_t maxPartialBytes = 16 << 20;
  double best = std::numeric_limits<double>::infinity();
  FilterGradTiling tiling{}, candidate{};
  candidate.swapped = swapped;
  candidate.lanes = lanesFor(problem.outChannels, target);
  if (pairsRefusal(problem).empty())
    candidate.multiplyType = context.multiplyType;
  candidate.prefetch = 4 * (product(problem.in) * problem.inChannels +
                            product(problem.out) * problem.outChannels) >
                       8 * target.l2Bytes;
  for (int64_t tapGroups :
       {int64_t(1), problem.taps[0], problem.taps[0] * problem.taps[1]})
    for (int64_t pixels : {64, 128, 256, 512, 1024}) {
      candidate.tap_groups = tapGroups;
      candidate.tile = {1, 1, 1};
      candidate.tile = selectTile(problem, target, candidate, pixels);
      if (!selectRegisterBlock(problem, context, candidate))
        continue;
      // Unpacked rows of the gradient that are a large power of two apart share
      // a few sets of the L1 cache, and 16-bit values would be converted again
      // for every block of rows.
      candidate.pack_grad = candidate.multiplyType != MultiplyType::F32 ||
                            problem.is16BitGrad || problem.outChannels >= 256 ||
                            problem.outChannels % candidate.channelBlock() != 0;
      int64_t tiles = product(candidate.tileCounts(problem)),
              blocks = candidate.channelBlocks(problem);
      for (int64_t groups = 1; groups <= blocks;
           groups = groups == blocks ? blocks + 1
                                     : std::min(2 * groups, blocks))
        for (int64_t splits : {1, 2, 3, 4, 6, 8, 16}) {
          candidate.groups = divideUp(blocks, divideUp(blocks, groups));
          candidate.splits = splits;
          if (splits > 1 &&
              (splits > tiles ||
               splits * candidate.partialSize(problem) * 4 > maxPartialBytes))
            continue;
          double cost = totalCycles(problem, candidate, context);
          if (cost < best) {
            best = cost;
            tiling = candidate;
          }
        }
    }
  return {tiling, best};
}

std::pair<FilterGradTiling, double>
selectFilterGradTiling(const ConvProblem &problem,
                       const CpuStrategyContext &context) {
  auto tiling = selectFilterGradTiling(problem, /*swapped=*/false, context);
  // With few output channels, most lanes would be empty.
  if (problem.outChannels >= problem.inChannels ||
      problem.outChannels >= context.target.lanes ||
      problem.strides != Dims{1, 1, 1} || context.computedInput)
    return tiling;
  auto swapped =
      selectFilterGradTiling(swapFactors(problem), /*swapped=*/true, context);
  return swapped.second < tiling.second ? swapped : tiling;
}

} // namespace segc
