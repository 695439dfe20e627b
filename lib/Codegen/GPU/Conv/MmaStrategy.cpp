//===- MmaStrategy.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvOperands.h"
#include "GemmTilings.h"
#include "MmaCosts.h"
#include "QuantizedFilter.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const MmaTiling &tiling) {
  return work.sharedFloats(tiling.tile, tiling.threads(), tiling.stageFloats());
}

/// The reason why no block can compute several phases; empty if it can.
static std::string phasesRefusal(const GemmWork &work, const GemmTile &tile) {
  if (tile.phases == 1)
    return "";
  constexpr int64_t least = 16; // Columns of a phase.
  auto reductions = work.fusion.getBody().getOps<ChannelReductionOpInterface>();
  if (!isPixelShuffle(work.problem) || !reductions.empty() ||
      work.problem.phaseCount() % tile.phases != 0 ||
      tile.columns % tile.phases != 0 || tile.phaseColumns() < least)
    return "expects phases to be a part of those of a transposed convolution "
           "with as many taps as strides and no reductions, with 16 columns or "
           "more of each, got " +
           std::to_string(tile.phases);
  return "";
}

static int64_t heldRegisters(const GemmWork &work, const MmaTiling &tiling) {
  return sumRegisters(tiling) + loadedRegisters(work, tiling, GemmOperand::A) +
         loadedRegisters(work, tiling, GemmOperand::B);
}

std::string refusal(const GemmWork &work, const MmaTiling &tiling) {
  for (const std::string &reason :
       {phasesRefusal(work, tiling.tile), warpRefusal(work, tiling)})
    if (!reason.empty())
      return reason;
  // Of more than two fragments of tf32 along the depth ptxas keeps addresses
  // beside the 128 sums of a thread, and spills.
  constexpr int64_t most = 128, deepest = 16;
  if (!tiling.isInt8 && tiling.multiplyType == MultiplyType::Tf32 &&
      sumRegisters(tiling) >= most && tiling.tile.depth > deepest)
    return "expects a depth of at most 16 for warps with 4096 sums in tf32, "
           "got " +
           std::to_string(tiling.tile.depth);
  // Each is code of its own.
  constexpr int64_t maxRuns = 32;
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B})
    if (GemmRuns runs = runsOf(work, tiling, operand); runs.count > maxRuns)
      return "expects a thread to load at most 32 times for a step, got " +
             std::to_string(runs.count);
  std::string reason =
      work.refusal(tiling.tile, tiling.threads(), sharedFloats(work, tiling));
  return reason.empty() ? registerRefusal(heldRegisters(work, tiling)) : reason;
}

double modelledSeconds(const GemmWork &work, const MmaTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double issued = copyInstructions(work, tiling, GemmOperand::A) +
                  copyInstructions(work, tiling, GemmOperand::B) +
                  roundInstructions(work, tiling);
  // A barrier, behind which the first fragments are loaded.
  constexpr double beginStep = 30e-9;
  double products = multiplySeconds(work, tiling);
  return copySeconds(work, tiling) +
         modelledSeconds(
             work, {tile, parts, tiling.threads(), sharedFloats(work, tiling),
                    static_cast<double>(heldRegisters(work, tiling)) + 96,
                    products + issueSeconds(target, issued) + beginStep,
                    target.loadSeconds / static_cast<double>(tiling.stages - 1),
                    stepBytes(tiling, static_cast<double>(tile.rows)),
                    tiling.threads() / 32, products});
}

/// Calls `add` with each tiling worth considering, without multiply type and
/// copy of the filter. Rows of shared memory have the same bytes in all types.
static void forTilings(const GemmWork &work, int64_t elementsOfWord,
                       function_ref<void(const MmaTiling &)> add) {
  int64_t maxPhases =
      isPixelShuffle(work.problem) ? work.problem.phaseCount() : 1;
  auto addShape = [&](const MmaShape &shape) {
    for (int64_t phases = 1; phases <= maxPhases; phases *= 2)
      for (int64_t depth : {8, 16, 32})
        for (int64_t stages : {2, 3, 4}) {
          MmaTiling tiling{};
          tiling.tile = {shape.rows, shape.columns, depth * elementsOfWord};
          tiling.warpRows = shape.warpRows;
          tiling.warpColumns = shape.warpColumns;
          tiling.stages = stages;
          tiling.tile.phases = phases;
          if (tiling.tile.phaseColumns() <
              2 * std::max<int64_t>(16, work.columns()))
            add(tiling);
        }
  };
  for (const MmaShape &shape : mmaShapes())
    addShape(shape);
  if (maxPhases > 1)
    for (const MmaShape &shape :
         {MmaShape{64, 256, 32, 64}, MmaShape{128, 256, 64, 64}})
      addShape(shape);
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<MmaTiling>> &choices) {
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if (multiplyType == MultiplyType::F32)
    return;
  constexpr int64_t elementsOfWord = 2; // Depths of tf32 are the same.
  forTilings(work, elementsOfWord, [&](MmaTiling tiling) {
    tiling.multiplyType = multiplyType;
    for (bool copiesFilter : filterCopies(work, multiplyType)) {
      tiling.copiesFilter = copiesFilter;
      addChoices(work, tiling, choices);
    }
  });
}

void collectChoices(const GemmWork &work, MultiplyTypeSet /*allowed*/,
                    SmallVectorImpl<GemmChoice<Int8MmaTiling>> &choices) {
  if (!quantizedRefusal(work.fusion).empty())
    return;
  constexpr int64_t elementsOfWord = 4;
  forTilings(work, elementsOfWord, [&](const MmaTiling &tiling) {
    addChoices(work, Int8MmaTiling(tiling), choices);
  });
}

} // namespace segc
