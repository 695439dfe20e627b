//===- ConvStrategy.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "ConvCosts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;

namespace segc {

double occupiedTasks(int64_t tasks) {
  double sum = 0;
  for (int64_t workers : {2, 4, 8, 16})
    sum += static_cast<double>(roundUp(tasks, workers));
  return sum / 4;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Dims ConvPlan::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.space(), tile);
}

int64_t ConvPlan::panelSize(const ConvProblem &problem) const {
  return product(problem.phaseTaps()) * words(problem) * channelBlock();
}

int64_t ConvPlan::tileSize(const ConvProblem &problem) const {
  return problem.window(0, tile[0]) * problem.window(1, tile[1]) *
         problem.window(2, tile[2]) * words(problem);
}

std::string pairsRefusal(const ConvProblem &problem) {
  constexpr int64_t unit = 16; // Of the widest vectors that pack a tile.
  if (problem.inChannels % unit != 0)
    return std::to_string(problem.inChannels) +
           " input channels, expected a multiple of " + std::to_string(unit);
  return "";
}

Dims FilterGradPlan::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.out, tile);
}

Dims FilterGradPlan::taskTaps(const ConvProblem &problem) const {
  Dims taps{problem.taps[0], problem.taps[1], 1};
  if (tap_groups > 1)
    taps[0] = 1;
  if (tap_groups > problem.taps[0])
    taps[1] = 1;
  return taps;
}

bool FilterGradPlan::mergesTaps(const ConvProblem &problem) const {
  int64_t all = problem.taps[0] * problem.taps[1] * rows(problem);
  return tap_groups == 1 && !share_taps && rows(problem) < 10 && all <= 160;
}

bool FilterGradPlan::canShareTaps(const ConvProblem &problem) const {
  // Every row of a tile has a pixel for each tap but one.
  int64_t last =
      problem.out[2] % tile[2] == 0 ? tile[2] : problem.out[2] % tile[2];
  return problem.taps[2] > 1 && problem.strides[2] == 1 &&
         last >= problem.taps[2] - 1;
}

int64_t FilterGradPlan::tileSize(const ConvProblem &problem) const {
  Dims taps = taskTaps(problem);
  int64_t size = problem.window(2, tile[2]) * problem.inChannels;
  for (unsigned d = 0; d < 2; ++d)
    size *= taps[d] == 1 ? tile[d] : problem.window(d, tile[d]);
  return size;
}

int64_t lanesFor(int64_t channels, const CpuTarget &target) {
  return std::clamp<int64_t>(llvm::bit_ceil(static_cast<uint64_t>(channels)), 4,
                             target.lanes);
}

SmallVector<int64_t> pieces(int64_t size, int64_t unit) {
  SmallVector<int64_t> result;
  for (int64_t parts :
       {1,  2,  3,  4,  5,  6,  7,  8,  10, 12,  14,  16,  20,
        24, 28, 32, 40, 48, 56, 64, 72, 96, 128, 192, 284, 568}) {
    int64_t piece = parts == 1
                        ? size
                        : std::min(roundUp(divideUp(size, parts), unit), size);
    if (!llvm::is_contained(result, piece))
      result.push_back(piece);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

double registerBlockCycles(double values, double weights) {
  return std::max({values * weights / 2, (values + weights) / 2, 4.0}) + 0.25;
}

double widenCycles(Products products, double sums, int64_t steps,
                   int64_t additions) {
  // Seven operations, two a cycle: see ProductEmitter.
  constexpr double oneSum = 3.5;
  return products == Products::F16
             ? oneSum * sums * double(divideUp(steps, mostChained / additions))
             : 0;
}

/// Cycles of one (tap, input channel) for a register block.
static double stepCycles(const ConvProblem &problem, const ConvPlan &plan,
                         const Dims &block, double panelBytes) {
  int64_t rowTaps = problem.phaseTaps()[2], words = plan.words(problem);
  double pixels = product(block), taps = rowTaps;
  double values = plan.share_taps
                      ? product(block) / block[2] * (block[2] + taps - 1) / taps
                      : pixels;
  double fmas = pixels * plan.nb / 2, loads = (values + plan.nb) / 2,
         weights = plan.channelBlock() * 4 / panelBytes;
  double widen = widenCycles(plan.products, pixels * plan.nb,
                             plan.share_taps ? words : rowTaps * words,
                             plan.share_taps ? rowTaps : 1) /
                 (taps * words);
  return std::max({fmas, loads, weights, 4.0}) + 0.25 + widen;
}

/// All of a tile's register blocks, for one (tap, input channel) and one
/// channel block.
static double tileCycles(const ConvProblem &problem, const ConvPlan &plan,
                         const Dims &tile, double panelBytes) {
  double total = 0;
  // At most one dimension has a tail.
  for (unsigned corner = 0; corner < 8; ++corner) {
    Dims block;
    double count = 1;
    for (unsigned d = 0; d < 3; ++d) {
      bool tail = corner >> d & 1;
      block[d] = tail ? tile[d] % plan.block[d] : plan.block[d];
      count *= tail ? block[d] != 0 : tile[d] / plan.block[d];
    }
    if (count != 0)
      total += count * stepCycles(problem, plan, block, panelBytes);
  }
  return total;
}

/// False if there is no register block that may be used.
static bool selectRegisterBlock(const ConvProblem &problem,
                                const CpuStrategyContext &context,
                                ConvPlan &plan) {
  const CpuTarget &target = context.target;
  Dims space = problem.space();
  int64_t taps = problem.phaseTaps()[2],
          vectors = divideUp(problem.outChannels, plan.lanes);
  bool mayShare = taps > 1 && problem.inStrides()[2] == 1 &&
                  problem.hasEqualPhases(2) &&
                  !(plan.products == Products::F16 && taps > mostChained);
  // Without sharing, a loop over few channels is too short.
  bool mustShare = mayShare && problem.inChannels < 4;
  double best = std::numeric_limits<double>::infinity();
  auto consider = [&](const ConvPlan &candidate) {
    int64_t weights = candidate.nb * (candidate.share_taps ? taps : 1);
    if (candidate.nb == context.avoidedVectors)
      return;
    int64_t sums = product(candidate.block) * candidate.nb;
    if (sumRegisters(plan.products, sums) + weights + 1 > target.registers)
      return;
    double cost = tileCycles(problem, candidate, space, panelFromL2) *
                  candidate.channelBlocks(problem);
    if (cost < best) {
      best = cost;
      plan = candidate;
    }
  };
  ConvPlan candidate = plan;
  for (candidate.nb = 1; candidate.nb <= std::min<int64_t>(4, vectors);
       ++candidate.nb)
    for (bool share : {false, true}) {
      candidate.share_taps = share;
      if (share ? !mayShare : mustShare)
        continue;
      int64_t most = target.registers / candidate.nb;
      for (int64_t w = std::min(space[2], most); w >= 1; --w)
        consider((candidate.block = {1, 1, w}, candidate));
      for (int64_t h = 2; h <= std::min(space[1], most / space[2]); ++h)
        consider((candidate.block = {1, h, space[2]}, candidate));
      for (int64_t d = 2; d <= std::min(space[0], most / (space[1] * space[2]));
           ++d)
        consider((candidate.block = {d, space[1], space[2]}, candidate));
    }
  return std::isfinite(best);
}

static double taskCycles(const ConvProblem &problem, const ConvPlan &plan,
                         const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  Dims taps = problem.phaseTaps();
  double blocks = divideUp(plan.channelBlocks(problem), plan.groups);
  double tileBytes = 4.0 * plan.tileSize(problem),
         panelBytes = 4.0 * plan.panelSize(problem);
  bool fits = tileBytes + panelBytes <= 0.9 * target.l2Bytes;
  double steps = product(taps) * plan.words(problem);
  double multiply =
      tileCycles(problem, plan, plan.tile, fits ? panelFromL2 : panelFromL3) *
      steps * blocks;
  double pack = plan.in_place
                    ? 0
                    : plan.tileSize(problem) / target.lanes *
                              (packCycles + context.loadCycles) +
                          problem.window(0, plan.tile[0]) *
                              problem.window(1, plan.tile[1]) * packRowCycles;
  double finish = product(plan.tile) * plan.nb * blocks * epilogueCycles;
  return taskOverhead + multiply + pack + finish +
         panelBytes * blocks / panelFromL3;
}

static void selectTile(const ConvProblem &problem,
                       const CpuStrategyContext &context, ConvPlan &plan) {
  const CpuTarget &target = context.target;
  Dims space = problem.space();
  int64_t blocks = plan.channelBlocks(problem);
  SmallVector<int64_t> sizes[3];
  bool outerBlocked = false;
  for (unsigned d = 0; d < 3; ++d) {
    sizes[d] = outerBlocked ? SmallVector<int64_t>{space[d]}
                            : pieces(space[d], plan.block[d]);
    outerBlocked |= plan.block[d] > 1;
  }
  double best = std::numeric_limits<double>::infinity();
  ConvPlan candidate = plan;
  for (int64_t d : sizes[0])
    for (int64_t h : sizes[1])
      for (int64_t w : sizes[2])
        for (int64_t groups = 1; groups <= blocks;
             groups = groups == blocks ? blocks + 1
                                       : std::min(2 * groups, blocks)) {
          candidate.tile = {d, h, w};
          candidate.groups = divideUp(blocks, divideUp(blocks, groups));
          int64_t tasks = product(candidate.tileCounts(problem)) *
                          problem.phaseCount() * candidate.groups;
          double cost =
              occupiedTasks(tasks) * taskCycles(problem, candidate, context);
          // Tiles that do not fit are the last resort.
          if (candidate.tileSize(problem) * 8 > target.l2Bytes)
            cost *= 1e3 * candidate.tileSize(problem);
          if (cost < best) {
            best = cost;
            plan = candidate;
          }
        }
}

/// Steps that are written out in the loop over a row's steps. They must not
/// see an input value twice: LLVM would keep it in a register that the sums
/// need.
static int64_t selectUnroll(const ConvProblem &problem, ConvPlan plan) {
  constexpr int64_t mostFmas = 200;
  int64_t taps = problem.phaseTaps()[2];
  bool disjoint = problem.hasEqualPhases(2) && !plan.share_taps &&
                  taps <= problem.inStrides()[2];
  int64_t steps = plan.words(problem) * (disjoint ? taps : 1);
  int64_t fmas = product(plan.block) * plan.nb * (plan.share_taps ? taps : 1);
  auto chains = [&](int64_t unroll) {
    plan.unroll = unroll;
    return plan.products != Products::F16 ||
           plan.additions(problem) <= mostChained;
  };
  if (steps * fmas <= mostFmas && chains(steps))
    return steps;
  return steps % 2 == 0 && fmas <= 40 && chains(2) ? 2 : 1;
}

/// Cycles for a batch of the problem.
static double totalCycles(const ConvProblem &problem, const ConvPlan &plan,
                          const CpuStrategyContext &context) {
  int64_t tasks = product(plan.tileCounts(problem)) * problem.phaseCount() *
                  plan.groups * problem.batch;
  double filter = context.constantFilter
                      ? 0
                      : filterCycles / plan.lanes * problem.phaseCount() *
                            plan.channelBlocks(problem) *
                            plan.panelSize(problem);
  return occupiedTasks(tasks) * taskCycles(problem, plan, context) + filter;
}

std::pair<ConvPlan, double> selectConvPlan(const ConvProblem &problem,
                                           const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  ConvPlan plan{};
  plan.lanes = lanesFor(problem.outChannels, target);
  plan.in_place = problem.readsInPlace() && !context.computedInput;
  if (pairsRefusal(problem).empty())
    plan.products = context.products;
  if (!selectRegisterBlock(problem, context, plan))
    return {plan, std::numeric_limits<double>::infinity()};
  selectTile(problem, context, plan);
  plan.unroll = selectUnroll(problem, plan);
  return {plan, totalCycles(problem, plan, context)};
}

//===----------------------------------------------------------------------===//
// Filter gradients
//===----------------------------------------------------------------------===//

/// Rows of the register blocks' matrix: input channels where they share taps.
static int64_t blockedRows(const ConvProblem &problem,
                           const FilterGradPlan &plan) {
  Dims taps = plan.taskTaps(problem);
  if (plan.share_taps)
    return problem.inChannels;
  return plan.mergesTaps(problem) ? taps[0] * taps[1] * plan.rows(problem)
                                  : plan.rows(problem);
}

/// Cycles of one pixel for a register block.
static double pixelCycles(const ConvProblem &problem,
                          const FilterGradPlan &plan, int64_t ur,
                          const CpuTarget &target) {
  double taps = plan.share_taps ? problem.taps[2] : 1;
  double core =
      std::max({taps * ur * plan.nb / 2, (ur + plan.nb) / 2.0, 4.0}) + 0.5 +
      0.25 * (taps - 1) +
      widenCycles(plan.products, ur * plan.nb, plan.tile[2]) / plan.tile[2];
  // What a sweep reads comes from the second level if it does not fit the
  // first.
  double bytes =
      4.0 * (ur + (plan.share_taps ? 0 : target.lanes) + plan.channelBlock());
  return bytes * product(plan.tile) < 0.8 * target.l1Bytes
             ? core
             : std::max(core, bytes / panelFromL2);
}

/// Cycles of one pixel for all of a task's rows and one block of columns.
static double rowCycles(const ConvProblem &problem, const FilterGradPlan &plan,
                        const CpuTarget &target) {
  int64_t rows = blockedRows(problem, plan);
  double cost = static_cast<double>(rows / plan.ur) *
                pixelCycles(problem, plan, plan.ur, target);
  if (int64_t tail = rows % plan.ur)
    cost += pixelCycles(problem, plan, tail, target);
  Dims taps = plan.taskTaps(problem);
  return plan.mergesTaps(problem) ? cost : cost * taps[0] * taps[1];
}

/// False if there is no register block that may be used.
static bool selectRegisterBlock(const ConvProblem &problem,
                                const CpuStrategyContext &context,
                                FilterGradPlan &plan) {
  const CpuTarget &target = context.target;
  int64_t vectors = divideUp(problem.outChannels, plan.lanes);
  double best = std::numeric_limits<double>::infinity();
  FilterGradPlan candidate = plan;
  for (bool share : {false, true}) {
    candidate.share_taps = share;
    // The loop that shares them carries gradients, which are no sums.
    if (share && (!candidate.canShareTaps(problem) ||
                  candidate.products == Products::F16))
      continue;
    int64_t rows = blockedRows(problem, candidate),
            taps = share ? problem.taps[2] : 1;
    for (candidate.nb = 1; candidate.nb <= std::min<int64_t>(4, vectors);
         ++candidate.nb)
      for (candidate.ur = 1;
           candidate.nb != context.avoidedVectors && candidate.ur <= rows &&
           sumRegisters(candidate.products,
                        candidate.ur * candidate.nb * taps) +
                   candidate.nb * taps + 1 <=
               target.registers;
           ++candidate.ur) {
        double cost = rowCycles(problem, candidate, target) *
                      candidate.channelBlocks(problem);
        if (cost <= best) {
          best = cost;
          plan = candidate;
        }
      }
  }
  return std::isfinite(best);
}

/// A tile of about `most` pixels, fewer where it would not fit.
static Dims selectTile(const ConvProblem &problem, const CpuTarget &target,
                       FilterGradPlan plan, int64_t most) {
  constexpr int64_t widest = 160;
  Dims &tile = plan.tile;
  tile = {1, 1, divideUp(problem.out[2], divideUp(problem.out[2], widest))};
  for (unsigned d = 2; d-- > 0;) {
    if (d == 0 && tile[1] < problem.out[1])
      break;
    int64_t fit = std::max<int64_t>(1, most / product(tile));
    tile[d] = divideUp(problem.out[d], divideUp(problem.out[d], fit));
  }
  for (unsigned d = 0; d < 3; ++d)
    while (tile[d] > 1 &&
           (plan.tileSize(problem) + product(tile) * problem.outChannels) * 8 >
               target.l2Bytes)
      tile[d] = divideUp(tile[d], 2);
  return tile;
}

/// Cycles of all tasks, and of the second launch.
static double totalCycles(const ConvProblem &problem,
                          const FilterGradPlan &plan,
                          const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  Dims taps = plan.taskTaps(problem);
  int64_t tasks = plan.splits * plan.tap_groups * plan.groups;
  double tiles =
      divideUp(problem.batch * product(plan.tileCounts(problem)), plan.splits);
  double blocks = divideUp(plan.channelBlocks(problem), plan.groups);
  double sums = taps[0] * taps[1] * plan.rows(problem) * blocks * plan.nb;
  double multiply =
      plan.gradWords() * rowCycles(problem, plan, target) * blocks;
  // With pairs of rows every row is stored twice, and read before.
  double store = plan.products == Products::F32 ? packCycles : 3 * packCycles;
  double pack =
      (plan.tileSize(problem) * (store + context.loadCycles) +
       (plan.pack_grad ? product(plan.tile) * blocks * plan.channelBlock()
                       : 0) *
           store) /
      target.lanes;
  // The sums are read and written for every tile, where they lie.
  double bytes = 4.0 * target.lanes * sums;
  double update =
      2 * bytes / (bytes < 0.3 * target.l2Bytes ? panelFromL2 : panelFromL3);
  double merge = plan.isDirect(problem)
                     ? 0
                     : 4.0 * plan.partialSize(problem) * (plan.splits + 2) /
                           partialsFromL3;
  return occupiedTasks(tasks) *
             (taskOverhead + tiles * (multiply + pack + update) + update) +
         merge;
}

static std::pair<FilterGradPlan, double>
selectFilterGradPlan(const ConvProblem &problem, bool swapped,
                     const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  constexpr int64_t mostPartialBytes = 16 << 20;
  double best = std::numeric_limits<double>::infinity();
  FilterGradPlan plan{}, candidate{};
  candidate.swapped = swapped;
  candidate.lanes = lanesFor(problem.outChannels, target);
  if (pairsRefusal(problem).empty())
    candidate.products = context.products;
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
      // Rows of the gradient that lie a large power of two apart fall into
      // the same few sets of the first cache level; 16-bit values would be
      // converted again for every block of rows.
      candidate.pack_grad = candidate.products != Products::F32 ||
                            problem.narrowGrad || problem.outChannels >= 256 ||
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
               splits * candidate.partialSize(problem) * 4 > mostPartialBytes))
            continue;
          double cost = totalCycles(problem, candidate, context);
          if (cost < best) {
            best = cost;
            plan = candidate;
          }
        }
    }
  return {plan, best};
}

std::pair<FilterGradPlan, double>
selectFilterGradPlan(const ConvProblem &problem,
                     const CpuStrategyContext &context) {
  auto plan = selectFilterGradPlan(problem, /*swapped=*/false, context);
  // Vectors of few output channels are mostly empty.
  if (problem.outChannels >= problem.inChannels ||
      problem.outChannels >= context.target.lanes ||
      problem.strides != Dims{1, 1, 1} || context.computedInput)
    return plan;
  auto swapped =
      selectFilterGradPlan(swapFactors(problem), /*swapped=*/true, context);
  return swapped.second < plan.second ? swapped : plan;
}

} // namespace segc
