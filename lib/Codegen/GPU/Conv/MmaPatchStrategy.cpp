//===- MmaPatchStrategy.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmTilings.h"
#include "MmaCosts.h"
#include "QuantizedFilter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const MmaPatchTiling &tiling) {
  return work.sharedFloats(
      tiling.tile, tiling.threads(),
      divideUp(tiling.elements(work.problem) * tiling.elementBytes(), 4));
}

/// Elements of a run of the patch.
static int64_t patchLanes(const GemmWork &work, const MmaPatchTiling &tiling) {
  return runsOf(work, tiling, GemmOperand::A).lanes;
}

static int64_t heldRegisters(const GemmWork &work,
                             const MmaPatchTiling &tiling) {
  return sumRegisters(tiling) + loadedRegisters(work, tiling, GemmOperand::B);
}

/// The reason why no tile can read a patch; empty if some can.
static std::string patchRefusal(const ConvProblem &problem) {
  if (product(problem.strides) != 1 || product(problem.dilations) != 1)
    return "expects strides and dilations of 1";
  return product(problem.taps) > 1 ? "" : "expects several taps";
}

std::string refusal(const GemmWork &work, const MmaPatchTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  if (std::string reason = patchRefusal(work.problem); !reason.empty())
    return reason;
  if (std::string reason = warpRefusal(work, tiling); !reason.empty())
    return reason;
  if (product(*tile.box) != tile.rows ||
      !llvm::all_of(*tile.box, llvm::isPowerOf2_64))
    return "expects a box of as many pixels as the tile has rows, " +
           std::to_string(tile.rows) + ", each size a power of two";
  if (work.problem.groupInputs() % tile.depth != 0)
    return "expects a depth that divides the channels of a group, " +
           std::to_string(work.problem.groupInputs()) + ", got " +
           std::to_string(tile.depth);
  // Each is code of its own.
  constexpr int64_t maxRuns = 32;
  if (int64_t runs =
          std::max(patchRuns(work.problem, tiling, patchLanes(work, tiling)),
                   runsOf(work, tiling, GemmOperand::B).count);
      runs > maxRuns)
    return "expects a thread to load at most 32 times for a patch, got " +
           std::to_string(runs);
  std::string reason =
      work.refusal(tile, tiling.threads(), sharedFloats(work, tiling));
  return reason.empty() ? registerRefusal(heldRegisters(work, tiling)) : reason;
}

double modelledSeconds(const GemmWork &work, const MmaPatchTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double taps = static_cast<double>(product(work.problem.taps));
  // What the tile's rows would cost, of the positions of the patch, shared by
  // the taps.
  double patch = static_cast<double>(tiling.patchElements(work.problem)) /
                 static_cast<double>(tile.rows * tile.depth);
  // A fragment's address is computed for each tap.
  constexpr double instructionsOfAddress = 8;
  double addresses = instructionsOfAddress *
                     static_cast<double>(tiling.threads() * tile.depth / 16 *
                                         (tiling.warpRows / 16));
  double issued =
      copyInstructions(work, tiling, GemmOperand::A) * patch / taps +
      copyInstructions(work, tiling, GemmOperand::B) +
      roundInstructions(work, tiling) + addresses;
  constexpr double beginStep = 30e-9;
  // The patch is waited for before its first tap: once, or as often as a few
  // runs go through registers.
  GemmRuns runs = runsOf(work, tiling, GemmOperand::A);
  double loads = copiesOperand(work, tiling, GemmOperand::A, runs)
                     ? 1
                     : divideUp(patchRuns(work.problem, tiling, runs.lanes), 4);
  double products = multiplySeconds(work, tiling);
  return copySeconds(work, tiling) +
         modelledSeconds(
             work,
             {tile, parts, tiling.threads(), sharedFloats(work, tiling),
              static_cast<double>(heldRegisters(work, tiling)) + 104,
              products + issueSeconds(target, issued) + beginStep,
              target.loadSeconds *
                  (1 / static_cast<double>(tiling.stages - 1) + loads / taps),
              stepBytes(tiling, static_cast<double>(tile.rows) * patch / taps),
              tiling.threads() / 32, products});
}

/// Boxes of so many pixels for the network's dimensions, and for narrow ones.
static SmallVector<Dims> boxesOf(const ConvProblem &problem, int64_t rows) {
  constexpr int64_t width = 8;
  SmallVector<Dims> boxes;
  if (problem.out[0] == 1 || problem.taps[0] == 1) {
    for (int64_t wide : {width, 2 * width})
      boxes.push_back({1, rows / wide, wide});
    return boxes;
  }
  for (int64_t high : {2, 4, 8})
    if (rows >= high * width)
      boxes.push_back({rows / (high * width), high, width});
  return boxes;
}

/// Calls `add` with each tiling of so many channels at a time that is worth
/// considering, without multiply type and copy of the filter.
static void forTilings(const GemmWork &work, int64_t depth,
                       function_ref<void(const MmaPatchTiling &)> add) {
  for (const MmaShape &shape : mmaShapes())
    for (int64_t stages : {2, 3, 4})
      for (const Dims &box : boxesOf(work.problem, shape.rows))
        if (shape.columns < 2 * std::max<int64_t>(16, work.columns())) {
          MmaPatchTiling tiling{};
          tiling.tile = {shape.rows, shape.columns, depth, box};
          tiling.warpRows = shape.warpRows;
          tiling.warpColumns = shape.warpColumns;
          tiling.stages = stages;
          add(tiling);
        }
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<MmaPatchTiling>> &choices) {
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if (multiplyType == MultiplyType::F32 || !patchRefusal(work.problem).empty())
    return;
  int64_t depth = 64; // As many channels as possible.
  while (depth > 16 && work.problem.groupInputs() % depth != 0)
    depth /= 2;
  forTilings(work, depth, [&](MmaPatchTiling tiling) {
    tiling.multiplyType = multiplyType;
    for (bool copiesFilter : filterCopies(work, multiplyType)) {
      tiling.copiesFilter = copiesFilter;
      addChoices(work, tiling, choices);
    }
  });
}

void collectChoices(const GemmWork &work, MultiplyTypeSet /*allowed*/,
                    SmallVectorImpl<GemmChoice<Int8PatchTiling>> &choices) {
  if (!quantizedRefusal(work.fusion).empty() ||
      !patchRefusal(work.problem).empty())
    return;
  // A large patch goes through registers in too many pieces.
  for (int64_t depth : {32, 64, 128})
    if (work.problem.groupInputs() % depth == 0)
      forTilings(work, depth, [&](const MmaPatchTiling &tiling) {
        addChoices(work, Int8PatchTiling(tiling), choices);
      });
}

} // namespace segc
