//===- ConvStrategy.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "Strategy/ConvCosts.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Dims ConvTiling::tileCounts(const ConvProblem &problem) const {
  return divideUp(problem.space(), tile);
}

int64_t ConvTiling::panelSize(const ConvProblem &problem) const {
  return panelHeader() +
         product(problem.phaseTaps()) * words(problem) * channelBlock();
}

int64_t ConvTiling::tileSize(const ConvProblem &problem) const {
  return problem.window(0, tile[0]) * problem.window(1, tile[1]) *
         problem.window(2, tile[2]) * words(problem);
}

std::string plainRefusal(const ConvProblem &problem) {
  if (problem.groups != 1)
    return std::to_string(problem.groups) + " groups, expected 1";
  for (int64_t dilation : problem.dilations)
    if (dilation != 1)
      return "dilation " + std::to_string(dilation) + ", expected 1";
  return "";
}

std::string pairsRefusal(const ConvProblem &problem) {
  constexpr int64_t unit = 16; // Lanes of the widest vectors that pack a tile.
  if (problem.inChannels % unit != 0)
    return std::to_string(problem.inChannels) +
           " input channels, expected a multiple of " + std::to_string(unit);
  return "";
}

std::string int8Refusal(const ConvProblem &problem, Operation *conv) {
  if (!seg::multipliesInt8(conv))
    return "its factors are not quantized";
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  if (problem.filterOutStride != 1)
    return "filter stored by output channels";
  // An input is packed as an unsigned number of 8 bits.
  constexpr int64_t largestProduct = int64_t{255} * 127;
  int64_t products = product(problem.taps) * problem.inChannels,
          most = std::numeric_limits<int32_t>::max() / largestProduct;
  if (products > most)
    return std::to_string(products) + " products in a sum, expected at most " +
           std::to_string(most) + ", whose sum 32 bits hold";
  return pairsRefusal(problem);
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// Returns the cycles of a multiply-add of a vector of words.
static double multiplyCycles(const ConvTiling &tiling,
                             const CpuTarget &target) {
  // Processors with the instruction for 16-bit integers have that for 8 bits.
  // Others take eight of its place (MultiplyEmitter).
  constexpr double emulated = 4;
  if (tiling.isInt8 && !target.multiplyTypes.contains(MultiplyType::Fixed))
    return emulated;
  return multiplyCycles(tiling.multiplyType, target);
}

/// Returns the cycles of a register block for one (tap, input channel).
static double stepCycles(const ConvProblem &problem, const ConvTiling &tiling,
                         const Dims &block, double panelBytes,
                         const CpuTarget &target) {
  int64_t rowTaps = problem.phaseTaps()[2], words = tiling.words(problem);
  double pixels = product(block), taps = rowTaps;
  double values = tiling.share_taps
                      ? product(block) / block[2] * (block[2] + taps - 1) / taps
                      : pixels;
  double fmas = pixels * static_cast<double>(tiling.nb) *
                multiplyCycles(tiling, target),
         loads = (values + tiling.nb) / 2,
         weights = tiling.channelBlock() * 4 / panelBytes;
  double widen = widenCycles(tiling.multiplyType, pixels * tiling.nb,
                             tiling.share_taps ? words : rowTaps * words,
                             tiling.share_taps ? rowTaps : 1) /
                 (taps * words);
  return std::max({fmas, loads, weights, 4.0}) + 0.25 + widen;
}

/// Returns the cycles of all register blocks of a tile, for one (tap, input
/// channel) and one channel block.
static double tileCycles(const ConvProblem &problem, const ConvTiling &tiling,
                         const Dims &tile, double panelBytes,
                         const CpuTarget &target) {
  double total = 0;
  // Full blocks and tails are counted separately. At most one dimension has a
  // tail, because the dimensions inside of it are covered whole.
  for (unsigned corner = 0; corner < 8; ++corner) {
    Dims block;
    double count = 1;
    for (unsigned d = 0; d < 3; ++d) {
      bool tail = corner >> d & 1;
      block[d] = tail ? tile[d] % tiling.block[d] : tiling.block[d];
      count *= tail ? block[d] != 0 : tile[d] / tiling.block[d];
    }
    if (count != 0)
      total += count * stepCycles(problem, tiling, block, panelBytes, target);
  }
  return total;
}

/// Returns the cycles of cache lines that leave the core and come back before
/// all of their values are stored, in a task of `pixels` results: where channel
/// blocks are shorter than a line, or pixels of two phases share one that two
/// tasks store at a time.
static double partialLineCycles(const ConvProblem &problem,
                                const ConvTiling &tiling, int64_t pixels,
                                double blocks,
                                const CpuStrategyContext &context) {
  constexpr int64_t lineBytes = 64;
  constexpr double lineCycles = 18;
  int64_t pixelBytes = problem.outChannels * context.resultBytes,
          blockBytes =
              std::min(tiling.channelBlock() * context.resultBytes, pixelBytes);
  bool staysForBlocks = tiling.groups <= 1 &&
                        2 * pixels * pixelBytes <= context.target.l2Bytes,
       sharesPixels = problem.phases()[2] > 1 && pixelBytes < lineBytes &&
                      tiling.tile == problem.space();
  if (blockBytes >= lineBytes ||
      (blockBytes == pixelBytes ? !sharesPixels : staysForBlocks))
    return 0;
  double part = static_cast<double>(blockBytes) / lineBytes;
  return static_cast<double>(pixels) * blocks * lineCycles * (1 - part);
}

/// Selects the register block. Returns false if none is possible.
static bool selectRegisterBlock(const ConvProblem &problem,
                                const CpuStrategyContext &context,
                                ConvTiling &tiling) {
  const CpuTarget &target = context.target;
  Dims space = problem.space();
  int64_t taps = problem.phaseTaps()[2],
          vectors = divideUp(problem.outChannels, tiling.lanes);
  bool mayShare =
      taps > 1 && problem.inStrides()[2] == 1 && problem.hasEqualPhases(2) &&
      !(tiling.multiplyType == MultiplyType::F16 && taps > maxChained);
  // Without sharing, the loop over few channels is too short.
  bool mustShare = mayShare && problem.inChannels < 4;
  double best = std::numeric_limits<double>::infinity();
  auto consider = [&](const ConvTiling &candidate) {
    int64_t weights = candidate.nb * (candidate.share_taps ? taps : 1);
    if (candidate.nb == context.avoidedVectors)
      return;
    int64_t sums = product(candidate.block) * candidate.nb;
    // The instruction for 8-bit integers is of the form of that for 16 bits.
    int64_t shared = sharedRegisters(tiling.isInt8 ? MultiplyType::Fixed
                                                   : tiling.multiplyType);
    if (sumRegisters(tiling.multiplyType, sums) + weights + shared >
        target.registers)
      return;
    auto blocks = static_cast<double>(candidate.channelBlocks(problem)),
         steps = static_cast<double>(product(problem.phaseTaps()) *
                                     candidate.words(problem));
    double cost =
        tileCycles(problem, candidate, space, panelFromL2, target) * steps *
            blocks +
        partialLineCycles(problem, candidate, product(space), blocks, context);
    if (cost < best) {
      best = cost;
      tiling = candidate;
    }
  };
  ConvTiling candidate = tiling;
  for (candidate.nb = 1; candidate.nb <= std::min<int64_t>(4, vectors);
       ++candidate.nb)
    for (bool share : {false, true}) {
      candidate.share_taps = share;
      if (share ? !mayShare : mustShare)
        continue;
      int64_t maxPixels = target.registers / candidate.nb;
      for (int64_t w = std::min(space[2], maxPixels); w >= 1; --w)
        consider((candidate.block = {1, 1, w}, candidate));
      for (int64_t h = 2; h <= std::min(space[1], maxPixels / space[2]); ++h)
        consider((candidate.block = {1, h, space[2]}, candidate));
      for (int64_t d = 2;
           d <= std::min(space[0], maxPixels / (space[1] * space[2])); ++d)
        consider((candidate.block = {d, space[1], space[2]}, candidate));
    }
  return std::isfinite(best);
}

static double taskCycles(const ConvProblem &problem, const ConvTiling &tiling,
                         const CpuStrategyContext &context) {
  const CpuTarget &target = context.target;
  Dims taps = problem.phaseTaps();
  double blocks = divideUp(tiling.channelBlocks(problem), tiling.groups);
  double tileBytes = 4.0 * tiling.tileSize(problem),
         panelBytes = 4.0 * tiling.panelSize(problem);
  bool fits = tileBytes + panelBytes <= 0.9 * target.l2Bytes;
  double steps = product(taps) * tiling.words(problem);
  double multiply = tileCycles(problem, tiling, tiling.tile,
                               fits ? panelFromL2 : panelFromL3, target) *
                    steps * blocks;
  // 8-bit integers are quantized one vector of f32 after the other; their sums
  // are converted and scaled.
  int64_t vectors =
      tiling.tileSize(problem) * (tiling.isInt8 ? 4 : 1) / target.lanes;
  int64_t rows =
      problem.window(0, tiling.tile[0]) * problem.window(1, tiling.tile[1]);
  double pack = tiling.in_place ? 0
                                : static_cast<double>(vectors) *
                                          (packCycles + context.loadCycles) +
                                      static_cast<double>(rows) * packRowCycles;
  double finish = static_cast<double>(product(tiling.tile) * tiling.nb) *
                  blocks * (epilogueCycles + (tiling.isInt8 ? 1 : 0));
  return taskOverhead + multiply + pack + finish +
         partialLineCycles(problem, tiling, product(tiling.tile), blocks,
                           context) +
         panelBytes * blocks / panelFromL3;
}

static void selectTile(const ConvProblem &problem,
                       const CpuStrategyContext &context, ConvTiling &tiling) {
  const CpuTarget &target = context.target;
  Dims space = problem.space();
  int64_t blocks = tiling.channelBlocks(problem);
  SmallVector<int64_t> sizes[3];
  bool outerBlocked = false;
  for (unsigned d = 0; d < 3; ++d) {
    sizes[d] = outerBlocked ? SmallVector<int64_t>{space[d]}
                            : pieces(space[d], tiling.block[d]);
    outerBlocked |= tiling.block[d] > 1;
  }
  double best = std::numeric_limits<double>::infinity();
  ConvTiling candidate = tiling;
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
          double cost = occupiedTasks(tasks, context) *
                        taskCycles(problem, candidate, context);
          // Tiles that do not fit the cache are selected only if there is no
          // other.
          if (candidate.tileSize(problem) * 8 > target.l2Bytes)
            cost *= 1e3 * candidate.tileSize(problem);
          if (cost < best) {
            best = cost;
            tiling = candidate;
          }
        }
}

/// Selects the unroll factor of the loop over a row's steps. Unrolled steps
/// must not read the same input value twice: LLVM would keep it in a register
/// that the sums need.
static int64_t selectUnroll(const ConvProblem &problem, ConvTiling tiling) {
  constexpr int64_t maxFmas = 200;
  int64_t taps = problem.phaseTaps()[2];
  bool disjoint = problem.hasEqualPhases(2) && !tiling.share_taps &&
                  taps <= problem.inStrides()[2];
  int64_t steps = tiling.words(problem) * (disjoint ? taps : 1);
  int64_t fmas =
      product(tiling.block) * tiling.nb * (tiling.share_taps ? taps : 1);
  auto chains = [&](int64_t unroll) {
    tiling.unroll = unroll;
    return tiling.multiplyType != MultiplyType::F16 ||
           tiling.additions(problem) <= maxChained;
  };
  if (steps * fmas <= maxFmas && chains(steps))
    return steps;
  // A pair that is broadcast to all lanes cannot be a memory operand, and two
  // steps of a full register block would leave no register for it.
  bool isF32 = tiling.multiplyType == MultiplyType::F32 && !tiling.isInt8;
  int64_t maxOfTwo = isF32 ? 40 : 24;
  return steps % 2 == 0 && fmas <= maxOfTwo && chains(2) ? 2 : 1;
}

/// Returns the cycles for a batch.
static double totalCycles(const ConvProblem &problem, const ConvTiling &tiling,
                          const CpuStrategyContext &context) {
  int64_t tasks = product(tiling.tileCounts(problem)) * problem.phaseCount() *
                  tiling.groups * problem.batch;
  double filter = context.constantFilter
                      ? 0
                      : filterCycles / tiling.lanes * problem.phaseCount() *
                            tiling.channelBlocks(problem) *
                            tiling.panelSize(problem);
  return occupiedTasks(tasks, context) * taskCycles(problem, tiling, context) +
         filter;
}

/// Selects blocks and tiles. Returns the cycles, which are infinite if no
/// tiling remains.
static double complete(const ConvProblem &problem,
                       const CpuStrategyContext &context, ConvTiling &tiling) {
  if (!selectRegisterBlock(problem, context, tiling))
    return std::numeric_limits<double>::infinity();
  selectTile(problem, context, tiling);
  tiling.unroll = selectUnroll(problem, tiling);
  return totalCycles(problem, tiling, context);
}

std::pair<ConvTiling, double>
selectConvTiling(const ConvProblem &problem,
                 const CpuStrategyContext &context) {
  ConvTiling tiling{};
  tiling.lanes = lanesFor(problem.outChannels, context.target);
  tiling.in_place = problem.readsInPlace() && !context.computedInput;
  if (pairsRefusal(problem).empty())
    tiling.multiplyType = context.multiplyType;
  double cycles = complete(problem, context, tiling);
  return {tiling, cycles};
}

std::pair<Int8ConvTiling, double>
selectInt8Tiling(const ConvProblem &problem,
                 const CpuStrategyContext &context) {
  Int8ConvTiling tiling;
  tiling.lanes = lanesFor(problem.outChannels, context.target);
  tiling.in_place = false;
  double cycles = complete(problem, context, tiling);
  return {tiling, cycles};
}

} // namespace segc
