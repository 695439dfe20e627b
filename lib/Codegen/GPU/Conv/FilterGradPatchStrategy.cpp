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
/// As many as ptxas may need, in tf32 above all.
static constexpr int64_t maxOtherRegisters = 100;

int64_t sharedFloats(const GemmWork &work,
                     const FilterGradPatchTiling &tiling) {
  return divideUp(tiling.stages * tiling.stepElements(work.problem) *
                      tiling.elementBytes(),
                  4);
}

/// A box of positions that the block brings to shared memory for a step.
struct BroughtBox {
  Dims box;
  int64_t channels;
};
static BroughtBox broughtBox(const GemmWork &work,
                             const FilterGradPatchTiling &tiling,
                             GemmOperand operand) {
  if (operand == GemmOperand::A)
    return {tiling.patch(work.problem), tiling.channels()};
  return {*tiling.tile.box, tiling.tile.columns};
}

/// How often a lane loads for a row along the width of the box.
static int64_t loadsOfRow(const GemmWork &work,
                          const FilterGradPatchTiling &tiling,
                          GemmOperand operand) {
  auto [box, channels] = broughtBox(work, tiling, operand);
  int64_t lanes =
      std::min({tiling.pieceElements(), work.access(operand).lanes, channels});
  return divideUp(box[2] * channels / lanes, 32);
}

/// How often a thread loads for a step.
static int64_t loadsOf(const GemmWork &work,
                       const FilterGradPatchTiling &tiling,
                       GemmOperand operand) {
  Dims box = broughtBox(work, tiling, operand).box;
  return divideUp(box[0] * box[1], tiling.threads() / 32) *
         loadsOfRow(work, tiling, operand);
}

/// Instructions of a block for the loads of a step: of each row, and of each
/// run of a lane, by the PTX.
static double loadInstructions(const GemmWork &work,
                               const FilterGradPatchTiling &tiling,
                               GemmOperand operand) {
  constexpr int64_t ofRow = 16, ofCopy = 14, ofRun = 20, ofElement = 2;
  GemmRuns runs = runsOf(work, tiling, operand);
  Dims box = broughtBox(work, tiling, operand).box;
  int64_t ofLoad = copiesOperand(work, tiling, operand, runs)
                       ? ofCopy
                       : ofRun + ofElement * runs.lanes;
  return static_cast<double>(
      32 * box[0] * box[1] *
      (ofRow + ofLoad * loadsOfRow(work, tiling, operand)));
}

/// The reason why no tile can read a patch; empty if some can.
static std::string patchRefusal(const ConvProblem &problem) {
  if (product(problem.dilations) != 1)
    return "expects dilations of 1";
  return product(problem.taps) > 1 ? "" : "expects several taps";
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
  if (product(box) != tile.depth || box[1] % 2 != 0 ||
      box[2] % tiling.pieceElements() != 0)
    return "expects a box of as many pixels as the depth, " +
           std::to_string(tile.depth) + ", in twos high and in " +
           std::to_string(tiling.pieceElements()) + "s wide";
  if (int64_t bytes = 4 * sharedFloats(work, tiling);
      bytes > target.sharedBytes)
    return "expects at most " + std::to_string(target.sharedBytes) +
           " bytes of shared memory, got " + std::to_string(bytes);
  int64_t held = sumRegisters(tiling);
  // Partitions have the same registers, one of them the most warps.
  if (tiling.threads() > target.blockThreads ||
      roundUp(tiling.threads(), 128) * (held + maxOtherRegisters) >
          target.registers)
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
  // A strip loads each row of the patch once for all taps of a line.
  double factors =
             static_cast<double>(tiling.warpRows *
                                 tiling.patch(work.problem)[1]) /
                 static_cast<double>(work.problem.taps[1] * (*tile.box)[1]) +
             static_cast<double>(tiling.warpColumns),
         warps = static_cast<double>(tiling.threads() / 32);
  double rounds = tiling.multiplyType == MultiplyType::Tf32
                      ? 2 * warps * factors * static_cast<double>(tile.depth)
                      : 0;
  double issued = loadInstructions(work, tiling, GemmOperand::A) +
                  loadInstructions(work, tiling, GemmOperand::B) + rounds;
  constexpr double beginStep = 30e-9;
  // What goes through registers is waited for in each step.
  double waits = 1 / static_cast<double>(tiling.stages - 1);
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B})
    if (!copiesOperand(work, tiling, operand, runsOf(work, tiling, operand)))
      waits += static_cast<double>(divideUp(loadsOf(work, tiling, operand), 4));
  double products = multiplySeconds(work, tiling, factors);
  return modelledSeconds(
      work, {tile, parts, tiling.threads(), sharedFloats(work, tiling),
             static_cast<double>(sumRegisters(tiling) + otherRegisters),
             products + issueSeconds(target, issued) + beginStep,
             target.loadSeconds * waits,
             static_cast<double>(tiling.elementBytes() *
                                 tiling.stepElements(work.problem)),
             tiling.threads() / 32, products});
}

/// Boxes that cover the output with few positions beyond it.
static SmallVector<Dims> boxesOf(const ConvProblem &problem, int64_t piece) {
  // The size of as many equal pieces, of about `most`, as cover the dimension.
  auto fit = [&](unsigned d, int64_t most, int64_t multiple) {
    int64_t size = problem.out[d];
    return roundUp(divideUp(size, divideUp(size, most)), multiple);
  };
  SmallVector<int64_t, 3> depths{2, 4}, heights{4, 8}, widths{piece, 16};
  if (problem.out[0] == 1 || problem.taps[0] == 1) {
    depths = {1};
    heights.push_back(16);
    widths.push_back(32);
  }
  SmallVector<Dims> boxes;
  for (int64_t deep : depths)
    for (int64_t high : heights)
      for (int64_t wide : widths)
        if (Dims box{fit(0, deep, 1), fit(1, high, 2), fit(2, wide, piece)};
            !llvm::is_contained(boxes, box))
          boxes.push_back(box);
  return boxes;
}

void collectChoices(
    const GemmWork &work, MultiplyTypeSet allowed,
    SmallVectorImpl<GemmChoice<FilterGradPatchTiling>> &choices) {
  const ConvProblem &problem = work.problem;
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if (multiplyType == MultiplyType::F32 || !patchRefusal(problem).empty())
    return;
  int64_t high = problem.taps[1];
  SmallVector<Dims> boxes =
      boxesOf(problem, multiplyType == MultiplyType::Tf32 ? 4 : 8);
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
              for (const Dims &box : boxes) {
                FilterGradPatchTiling tiling{
                    {{taps * channels, columns, product(box), box},
                     high * warpChannels,
                     warpColumns,
                     stages,
                     multiplyType},
                    taps};
                // More addresses would not fit in registers.
                constexpr int64_t maxLoadsOfRow = 4;
                if (loadsOfRow(work, tiling, GemmOperand::A) <= maxLoadsOfRow)
                  addChoices(work, tiling, choices);
              }
      }
}

} // namespace segc
