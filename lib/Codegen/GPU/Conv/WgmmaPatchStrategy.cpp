//===- WgmmaPatchStrategy.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterCopy.h"
#include "GemmTilings.h"
#include "MmaCosts.h"
#include "WgmmaCosts.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const WgmmaPatchTiling &tiling) {
  return roundUp(work.sharedFloats(tiling.tile, WgmmaPatchTiling::consumers,
                                   tiling.factorFloats(work.problem)),
                 4) +
         WgmmaStages::barrierFloats(tiling.stages);
}

/// Whether the other factor is a filter in 16 bits of this type, of which boxes
/// can be copied.
static bool isNarrowFilter(const GemmWork &work, MultiplyType multiplyType) {
  Value stored = seg::storedValue(work.fusion.getRoot()->getOperand(1));
  Type type = getElementTypeOrSelf(stored);
  return isa<BlockArgument>(stored) &&
         (multiplyType == MultiplyType::F16 ? type.isF16() : type.isBF16());
}

std::string wgmmaPatchRefusal(const GemmWork &work) {
  const ConvProblem &problem = work.problem;
  if (std::string reason = warpgroupRefusal(work); !reason.empty())
    return reason;
  if (product(problem.strides) != 1 || product(problem.dilations) != 1)
    return "takes strides and dilations of 1";
  if (product(problem.taps) == 1)
    return "takes several taps";
  // Rows of boxes of the filter are pieces of 16 bytes.
  constexpr int64_t piece = WgmmaPatchTiling::piece;
  bool mayCopy = filterCopyRefusal(work.fusion, MultiplyType::Bf16).empty();
  int64_t outputs =
      mayCopy ? copiedProblem(problem, work.fusion.getRoot()).outChannels
              : problem.outChannels;
  if (problem.inChannels % piece || outputs % piece ||
      problem.filterBase % piece || problem.groupInputs() % wgmmaDepth)
    return "takes output channels in eights and input channels in sixteens";
  return "";
}

/// Elements of a run of the patch, and whether it is copied asynchronously.
static int64_t patchLanes(const GemmWork &work,
                          const WgmmaPatchTiling &tiling) {
  return std::min({WgmmaPatchTiling::piece, work.access(GemmOperand::A).lanes,
                   tiling.tile.depth});
}
static bool copiesPatch(const GemmWork &work, const WgmmaPatchTiling &tiling) {
  Value stored = seg::storedValue(work.fusion.getRoot()->getOperand(0));
  return isa<BlockArgument>(stored) &&
         copiesAsynchronously(getElementTypeOrSelf(stored),
                              patchLanes(work, tiling), tiling.multiplyType);
}
/// The runs of a chunk of channels of all positions of the patch.
static int64_t patchRuns(const GemmWork &work, const WgmmaPatchTiling &tiling) {
  return product(tiling.patch(work.problem)) * tiling.tile.depth /
         patchLanes(work, tiling);
}

/// Registers of a thread's sums.
static int64_t sumRegisters(const WgmmaPatchTiling &tiling) {
  return tiling.squares() * tiling.tile.columns / 2;
}

static std::string tileRefusal(const GemmWork &work,
                               const WgmmaPatchTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  const Dims &box = *tile.box;
  if (product(box) != tile.rows || !llvm::all_of(box, llvm::isPowerOf2_64))
    return "expects a box of as many pixels as the tile has rows, " +
           std::to_string(tile.rows) + ", each size a power of two";
  if (box[1] % WgmmaPatchTiling::side || box[2] % WgmmaPatchTiling::side ||
      tiling.squares() < 1)
    return "expects a box of two squares of 8 x 8 pixels or more";
  constexpr int64_t minColumns = 16, maxColumns = 256, maxDepth = 64;
  if (tile.columns < minColumns || tile.columns > maxColumns)
    return "expects 16 to 256 columns, got " + std::to_string(tile.columns);
  if (tile.depth < wgmmaDepth || tile.depth > maxDepth ||
      work.problem.groupInputs() % tile.depth)
    return "expects a depth of 16 to 64 that divides the input channels, " +
           std::to_string(work.problem.groupInputs()) + ", got " +
           std::to_string(tile.depth);
  return "";
}

std::string refusal(const GemmWork &work, const WgmmaPatchTiling &tiling) {
  for (const std::string &reason :
       {wgmmaPatchRefusal(work), tileRefusal(work, tiling)})
    if (!reason.empty())
      return reason;
  constexpr int64_t maxStages = 8, maxSums = 128;
  if (tiling.stages < 2 || tiling.stages > maxStages)
    return "expects 2 to 8 stages, got " + std::to_string(tiling.stages);
  if (int64_t sums = sumRegisters(tiling); sums > maxSums)
    return "expects a thread to have at most 128 sums, got " +
           std::to_string(sums);
  if (tiling.multiplyType != MultiplyType::Bf16 &&
      tiling.multiplyType != MultiplyType::F16)
    return "expects multiply_type to be bf16 or f16";
  if (tiling.copiesFilter) {
    if (std::string reason =
            filterCopyRefusal(work.fusion, tiling.multiplyType);
        !reason.empty())
      return reason;
  } else if (!isNarrowFilter(work, tiling.multiplyType)) {
    return "expects filter_copy of a filter that is not in memory in the "
           "multiply_type";
  }
  return work.refusal(tiling.tile, WgmmaPatchTiling::consumers,
                      sharedFloats(work, tiling));
}

double modelledSeconds(const GemmWork &work, const WgmmaPatchTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double taps = static_cast<double>(product(work.problem.taps)),
         floats = static_cast<double>(sharedFloats(work, tiling)),
         instructions =
             static_cast<double>(WgmmaPatchTiling::warpgroups *
                                 tiling.squares() * tile.depth / wgmmaDepth),
         products = wgmmaSeconds(target, instructions, tile.columns);
  // The patch is loaded before its first tap, for all of them.
  bool copies = copiesPatch(work, tiling);
  int64_t runs = patchRuns(work, tiling);
  double issued = copyInstructions(work, GemmOperand::A, runs,
                                   patchLanes(work, tiling), copies);
  // What goes through registers is loaded four runs at a time.
  int64_t loads =
      copies ? 1 : divideUp(divideUp(runs, WgmmaPatchTiling::consumers), 4);
  double wait = target.loadSeconds * static_cast<double>(loads) / taps,
         registers = static_cast<double>(sumRegisters(tiling)) + 40;
  // A multiprocessor with one block does nothing else meanwhile.
  bool isAlone = 2 * 4 * floats > static_cast<double>(target.sharedBytes) ||
                 2 * registers * static_cast<double>(tiling.threads()) >
                     static_cast<double>(target.registers);
  constexpr double beginStep = 20e-9;
  return (tiling.copiesFilter && !work.isPrepared
              ? filterCopySeconds(work.fusion, target)
              : 0) +
         modelledSeconds(
             work,
             {tile, parts, tiling.threads(), sharedFloats(work, tiling),
              registers,
              wgmmaSeconds(target, instructions, tile.columns) +
                  issueSeconds(target, issued) / taps + (isAlone ? wait : 0) +
                  beginStep,
              target.boxSeconds / static_cast<double>(tiling.stages - 1) + wait,
              static_cast<double>(tiling.tapBytes()) +
                  static_cast<double>(product(tiling.patch(work.problem)) *
                                      tile.depth * 2) /
                      taps,
              /*multiplyingWarps=*/WgmmaPatchTiling::consumers / 32, products});
}

/// Boxes of so many pixels: in 2-D, or where taps lie in two dimensions, flat
/// ones.
static SmallVector<Dims> boxesOf(const ConvProblem &problem, int64_t rows) {
  constexpr int64_t side = WgmmaPatchTiling::side;
  SmallVector<Dims> boxes;
  bool isFlat = problem.out[0] == 1 || problem.taps[0] == 1;
  for (int64_t high : {side, 2 * side, 4 * side})
    for (int64_t wide : {side, 2 * side})
      if (int64_t deep = rows / high / wide;
          isFlat ? deep == 1 : deep > 0 && high < 4 * side)
        boxes.push_back({deep, high, wide});
  return boxes;
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<WgmmaPatchTiling>> &choices) {
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if ((multiplyType != MultiplyType::Bf16 &&
       multiplyType != MultiplyType::F16) ||
      !wgmmaPatchRefusal(work).empty())
    return;
  for (int64_t rows : {128, 256, 512})
    for (int64_t columns : {16, 32, 64, 128, 256})
      for (int64_t depth : {64, 32, 16})
        for (int64_t stages : {3, 4, 6})
          for (const Dims &box : boxesOf(work.problem, rows))
            if (columns < 2 * std::max<int64_t>(16, work.columns()))
              addChoices(work,
                         WgmmaPatchTiling{{rows, columns, depth, box},
                                          stages,
                                          multiplyType,
                                          !isNarrowFilter(work, multiplyType)},
                         choices);
}

} // namespace segc
