//===- FilterGradPatchStrategy.cpp ----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmTilings.h"
#include "MmaCosts.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

/// Registers of a thread beside its sums: factors, addresses and loops.
static constexpr int64_t otherRegisters = 72;

int64_t sharedFloats(const GemmWork &work,
                     const FilterGradPatchTiling &tiling) {
  return divideUp(tiling.stages * tiling.stepElements(work.problem) *
                      tiling.elementBytes(),
                  4);
}

/// The share of the tile's rows and depth that is read.
static double patchShare(const GemmWork &work,
                         const FilterGradPatchTiling &tiling) {
  return static_cast<double>(tiling.patchElements(work.problem)) /
         static_cast<double>(tiling.tile.rows * tiling.tile.depth);
}

/// How often a thread loads for an operand of a step.
static int64_t loadsOf(const GemmWork &work,
                       const FilterGradPatchTiling &tiling,
                       GemmOperand operand) {
  int64_t elements = operand == GemmOperand::A
                         ? tiling.patchElements(work.problem)
                         : tiling.gradElements();
  return divideUp(elements / runsOf(work, tiling, operand).lanes,
                  tiling.threads());
}

/// The reason why the block has no such taps or channels.
static std::string rowRefusal(const ConvProblem &problem,
                              const FilterGradPatchTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  int64_t high = problem.taps[1];
  auto isPartOf = [&](const Dims &taps) {
    return product(taps) == tiling.taps && problem.taps[0] % taps[0] == 0 &&
           problem.taps[2] % taps[2] == 0;
  };
  if (tiling.taps % high != 0 || !isPartOf(tiling.tapBox(problem)))
    return "expects taps of a block to be all of the filter's, those of a "
           "depth or of a line along the height, got " +
           std::to_string(tiling.taps);
  int64_t channels = tiling.channels();
  if (tile.rows % tiling.taps != 0 || channels < 16 ||
      !llvm::isPowerOf2_64(channels) || problem.groupInputs() % channels != 0)
    return "expects rows of " + std::to_string(tiling.taps) +
           " taps by a power of two of channels, at least 16, that divides "
           "those of a group, " +
           std::to_string(problem.groupInputs()) + ", got " +
           std::to_string(tile.rows);
  int64_t channelsOfWarp = tiling.warpRows / high;
  if (tiling.warpRows % high != 0 || channelsOfWarp < 16 ||
      channels % channelsOfWarp != 0 || !llvm::isPowerOf2_64(channelsOfWarp))
    return "expects the rows of a warp to be " + std::to_string(high) +
           " taps by a power of two of channels, at least 16 and at most those "
           "of the block, got " +
           std::to_string(tiling.warpRows);
  if (!llvm::isPowerOf2_64(tile.columns) || tiling.warpColumns < 16 ||
      tile.columns % tiling.warpColumns != 0)
    return "expects columns of powers of two, those of a warp at least 16 and "
           "at most the tile's, got " +
           std::to_string(tile.columns) + " and " +
           std::to_string(tiling.warpColumns);
  return "";
}

std::string refusal(const GemmWork &work, const FilterGradPatchTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  for (const std::string &reason :
       {patchRefusal(work.problem), rowRefusal(work.problem, tiling)})
    if (!reason.empty())
      return reason;
  if (tiling.stages < 2)
    return "expects at least 2 stages, got " + std::to_string(tiling.stages);
  const Dims &box = *tile.box;
  if (product(box) != tile.depth || !llvm::all_of(box, llvm::isPowerOf2_64) ||
      box[1] < 2 || box[2] < tiling.pieceElements())
    return "expects a box of as many pixels as the depth, " +
           std::to_string(tile.depth) +
           ", powers of two, at least 2 high and " +
           std::to_string(tiling.pieceElements()) + " wide";
  // Each is code of its own.
  constexpr int64_t maxLoads = 32;
  int64_t loads = std::max(loadsOf(work, tiling, GemmOperand::A),
                           loadsOf(work, tiling, GemmOperand::B));
  if (loads > maxLoads)
    return "expects a thread to load at most 32 times for a step, got " +
           std::to_string(loads);
  if (int64_t bytes = 4 * sharedFloats(work, tiling);
      bytes > target.sharedBytes)
    return "expects at most " + std::to_string(target.sharedBytes) +
           " bytes of shared memory, got " + std::to_string(bytes);
  int64_t held = sumRegisters(tiling);
  if (tiling.threads() > target.blockThreads ||
      tiling.threads() * (held + otherRegisters) > target.registers)
    return "expects at most " + std::to_string(target.blockThreads) +
           " threads, and " + std::to_string(target.registers) +
           " registers of all, got " + std::to_string(tiling.threads()) +
           " threads with " + std::to_string(held) + " sums";
  return registerRefusal(held);
}

double modelledSeconds(const GemmWork &work,
                       const FilterGradPatchTiling &tiling, int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double share = patchShare(work, tiling);
  // A strip loads each row of the input once for all taps of a line, and the
  // halo's.
  double high = static_cast<double>((*tile.box)[1]),
         taps = static_cast<double>(work.problem.taps[1]),
         factors = static_cast<double>(tiling.warpRows) / taps *
                       (high + taps - 1) / high +
                   static_cast<double>(tiling.warpColumns),
         warps = static_cast<double>(tiling.threads() / 32);
  double rounds = tiling.multiplyType == MultiplyType::Tf32
                      ? 2 * warps * factors * static_cast<double>(tile.depth)
                      : 0;
  double issued = copyInstructions(work, tiling, GemmOperand::A) * share +
                  copyInstructions(work, tiling, GemmOperand::B) + rounds;
  constexpr double beginStep = 30e-9;
  // What goes through registers is waited for in each step.
  double waits = 1 / static_cast<double>(tiling.stages - 1);
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B})
    if (!copiesOperand(work, tiling, operand, runsOf(work, tiling, operand)))
      waits += static_cast<double>(divideUp(loadsOf(work, tiling, operand), 4));
  return modelledSeconds(
      work, {tile, parts, tiling.threads(), sharedFloats(work, tiling),
             static_cast<double>(sumRegisters(tiling) + otherRegisters),
             multiplySeconds(work, tiling, factors) +
                 issueSeconds(target, issued) + beginStep,
             target.loadSeconds * waits,
             static_cast<double>(tiling.elementBytes() *
                                 tiling.stepElements(work.problem)),
             tiling.threads() / 32});
}

/// Boxes for the network's dimensions, and for narrow ones.
static ArrayRef<Dims> boxesOf(const ConvProblem &problem) {
  static constexpr Dims flat[] = {{1, 8, 8},   {1, 8, 16}, {1, 16, 8},
                                  {1, 16, 16}, {1, 8, 32}, {1, 16, 32}};
  static constexpr Dims deep[] = {{2, 4, 8}, {4, 4, 8}, {2, 8, 8},
                                  {4, 8, 8}, {8, 8, 8}, {4, 8, 16}};
  if (problem.out[0] == 1 || problem.taps[0] == 1)
    return flat;
  return deep;
}

void collectChoices(
    const GemmWork &work, MultiplyTypeSet allowed,
    SmallVectorImpl<GemmChoice<FilterGradPatchTiling>> &choices) {
  const ConvProblem &problem = work.problem;
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if (multiplyType == MultiplyType::F32 || !patchRefusal(problem).empty())
    return;
  int64_t high = problem.taps[1];
  SmallVector<int64_t, 3> tapCounts{high};
  for (int64_t taps : {high * problem.taps[2], product(problem.taps)})
    if (taps != tapCounts.back())
      tapCounts.push_back(taps);
  for (int64_t taps : tapCounts)
    for (int64_t channels : {64, 32, 16})
      for (int64_t columns : {64, 32, 16}) {
        if (problem.groupInputs() % channels != 0 ||
            columns >= 2 * std::max<int64_t>(16, work.columns()))
          continue;
        for (int64_t warpChannels : {32, 16})
          for (int64_t warpColumns : {32, 16})
            for (int64_t stages : {2, 3})
              for (const Dims &box : boxesOf(problem))
                addChoices(work,
                           FilterGradPatchTiling{
                               {{taps * channels, columns, product(box), box},
                                high * warpChannels,
                                warpColumns,
                                stages,
                                multiplyType},
                               taps},
                           choices);
      }
}

} // namespace segc
