//===- MmaFewChannelsStrategy.cpp -----------------------------------------===//
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

static int64_t gradBytes(const GemmWork &work) {
  return gradFactorType(work.fusion.getRoot()) == MultiplyType::Tf32 ? 4 : 2;
}

int64_t sharedFloats(const GemmWork &work, const MmaFewChannelsTiling &tiling) {
  return work.sharedFloats(tiling.tile, tiling.threads(),
                           tiling.elements(work.problem));
}

int64_t sharedFloats(const GemmWork &work,
                     const MmaFewChannelsGradTiling &tiling) {
  return work.sharedFloats(
      tiling.tile, tiling.threads(),
      tiling.stages * tiling.stageFloats(work.problem, gradBytes(work)));
}

std::string mmaFewChannelsRefusal(const ConvProblem &problem) {
  if (product(problem.strides) != 1 || product(problem.dilations) != 1)
    return "expects strides and dilations of 1";
  constexpr int64_t maxChannels = 4, maxDepth = 256;
  if (problem.groupInputs() > maxChannels)
    return "expects at most 4 input channels of a group, got " +
           std::to_string(problem.groupInputs());
  if (tapChannels(problem) > maxDepth)
    return "expects at most 256 taps of channels, got " +
           std::to_string(tapChannels(problem));
  return "";
}

/// What both tiles share, whose pixels are a box.
template <typename Tiling>
static std::string tileRefusal(const GemmWork &work, const Tiling &tiling,
                               int64_t pixels) {
  if (std::string reason = mmaFewChannelsRefusal(work.problem); !reason.empty())
    return reason;
  if (tiling.multiplyType != MultiplyType::Tf32)
    return "multiplies in tf32";
  if (std::string reason = warpRefusal(work, tiling); !reason.empty())
    return reason;
  const Dims &box = *tiling.tile.box;
  if (product(box) != pixels || !llvm::all_of(box, llvm::isPowerOf2_64) ||
      box[2] < 4)
    return "expects a box of " + std::to_string(pixels) +
           " pixels, each size a power of two, at least 4 wide";
  // Its rows and columns are as those of other tiles; its depth is not.
  GemmTile tile = tiling.tile;
  tile.depth = llvm::PowerOf2Ceil(tile.depth);
  return work.refusal(tile, tiling.threads(), sharedFloats(work, tiling));
}

/// Registers of a thread beside its sums: factors, addresses and, for each four
/// taps or eight rows, an offset in the patch.
static double heldRegisters(const MmaTiling &tiling, int64_t offsets) {
  return static_cast<double>(sumRegisters(tiling) + offsets) + 56;
}

std::string refusal(const GemmWork &work, const MmaFewChannelsTiling &tiling) {
  std::string reason = tileRefusal(work, tiling, tiling.tile.rows);
  if (!reason.empty())
    return reason;
  int64_t depth = fewChannelsDepth(work.problem);
  return tiling.tile.depth == depth
             ? ""
             : "expects a depth of all taps of all channels in eights, " +
                   std::to_string(depth) + ", got " +
                   std::to_string(tiling.tile.depth);
}

std::string refusal(const GemmWork &work,
                    const MmaFewChannelsGradTiling &tiling) {
  // Each eight pixels are code of their own.
  constexpr int64_t maxPixels = 256;
  return tiling.tile.depth > maxPixels
             ? "expects a box of at most 256 pixels, got " +
                   std::to_string(tiling.tile.depth)
             : tileRefusal(work, tiling, tiling.tile.depth);
}

/// Instructions of a block that loads all factors of a step one by one and
/// rounds them. Those of the input may need an address each.
static double factorInstructions(const MmaTiling &tiling,
                                 double instructionsOfAddress) {
  constexpr double instructionsOfFactor = 2;
  const GemmTile &tile = tiling.tile;
  auto depth = static_cast<double>(tile.depth),
       ofInput =
           static_cast<double>(tile.rows * (tile.columns / tiling.warpColumns)),
       others =
           static_cast<double>(tile.columns * (tile.rows / tiling.warpRows));
  return depth * ((instructionsOfFactor + instructionsOfAddress) * ofInput +
                  instructionsOfFactor * others);
}

/// Instructions of a block that brings its patch.
template <typename Tiling>
static double patchInstructions(const GemmWork &work, const Tiling &tiling) {
  return copyInstructions(work, tiling, GemmOperand::A) *
         static_cast<double>(tiling.patchElements(work.problem)) /
         static_cast<double>(tiling.tile.rows * tiling.tile.depth);
}

double modelledSeconds(const GemmWork &work, const MmaFewChannelsTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  // A lane chooses one of four offsets for each four taps, and adds it to each
  // row's, unless these are the channels of one tap.
  bool ofOneTap = work.problem.groupInputs() == 4;
  double instructionsOfOffset = ofOneTap ? 1 : 6;
  double issued = patchInstructions(work, tiling) +
                  copyInstructions(work, tiling, GemmOperand::B) +
                  factorInstructions(tiling, ofOneTap ? 0 : 1) +
                  instructionsOfOffset *
                      static_cast<double>(tiling.threads() * tile.depth / 4);
  // The roofline's steps are taps; this block has one for all.
  auto steps = static_cast<double>(work.steps(tile, parts));
  double products = multiplySeconds(work, tiling);
  return modelledSeconds(
      work, {tile, parts, tiling.threads(), sharedFloats(work, tiling),
             heldRegisters(tiling, tile.depth / 4),
             (products + issueSeconds(work.target, issued)) / steps,
             work.target.loadSeconds / steps,
             4 *
                 static_cast<double>(tiling.patchElements(work.problem) +
                                     tile.depth * tile.columns) /
                 steps,
             tiling.threads() / 32, products / steps});
}

double modelledSeconds(const GemmWork &work,
                       const MmaFewChannelsGradTiling &tiling, int64_t parts) {
  const GemmTile &tile = tiling.tile;
  // Its copies need an address; factors of 16 bits are widened as well.
  constexpr double instructionsOfCopy = 12, instructionsOfWidening = 1;
  int64_t bytes = gradBytes(work),
          lanes = std::min(16 / bytes, work.access(GemmOperand::B).lanes);
  auto elements = static_cast<double>(tile.depth * tile.columns);
  double issued =
      patchInstructions(work, tiling) +
      instructionsOfCopy * elements / static_cast<double>(lanes) +
      factorInstructions(tiling, 0) +
      (bytes == 2 ? instructionsOfWidening * elements *
                        static_cast<double>(tile.rows / tiling.warpRows)
                  : 0);
  constexpr double beginStep = 30e-9;
  // What goes through registers is waited for in each step, a few runs at a
  // time.
  double waits = 1 / static_cast<double>(tiling.stages - 1);
  double products = multiplySeconds(work, tiling);
  GemmRuns input = runsOf(work, tiling, GemmOperand::A);
  if (!copiesOperand(work, tiling, GemmOperand::A, input))
    waits += static_cast<double>(
        divideUp(divideUp(tiling.patchElements(work.problem) / input.lanes,
                          tiling.threads()),
                 4));
  return modelledSeconds(
      work, {tile, parts, tiling.threads(), sharedFloats(work, tiling),
             heldRegisters(tiling, tiling.warpRows / 8),
             products + issueSeconds(work.target, issued) + beginStep,
             work.target.loadSeconds * waits,
             4 * static_cast<double>(tiling.patchElements(work.problem)) +
                 static_cast<double>(bytes) * elements,
             tiling.threads() / 32, products});
}

/// Whether factors may be of tf32, which holds all that 16 bits do.
static bool mayMultiply(const GemmWork &work, MultiplyTypeSet allowed) {
  return chooseMultiplyType(work, allowed) != MultiplyType::F32 &&
         allowed.contains(MultiplyType::Tf32) &&
         mmaFewChannelsRefusal(work.problem).empty();
}

/// Boxes of so many pixels.
static SmallVector<Dims> boxesOf(const ConvProblem &problem, int64_t pixels) {
  SmallVector<Dims> boxes;
  for (int64_t wide : {8, 16, 32}) {
    if (problem.out[0] == 1 || problem.taps[0] == 1) {
      boxes.push_back({1, pixels / wide, wide});
      continue;
    }
    for (int64_t high : {2, 4, 8})
      if (pixels >= high * wide)
        boxes.push_back({pixels / (high * wide), high, wide});
  }
  return boxes;
}

void collectChoices(
    const GemmWork &work, MultiplyTypeSet allowed,
    SmallVectorImpl<GemmChoice<MmaFewChannelsTiling>> &choices) {
  if (!mayMultiply(work, allowed))
    return;
  int64_t depth = fewChannelsDepth(work.problem);
  for (const MmaShape &shape : mmaShapes())
    if (shape.columns < 2 * std::max<int64_t>(16, work.columns()))
      for (const Dims &box : boxesOf(work.problem, shape.rows))
        addChoices(
            work,
            MmaFewChannelsTiling{{{shape.rows, shape.columns, depth, box},
                                  shape.warpRows,
                                  shape.warpColumns,
                                  /*stages=*/2,
                                  MultiplyType::Tf32}},
            choices);
}

void collectChoices(
    const GemmWork &work, MultiplyTypeSet allowed,
    SmallVectorImpl<GemmChoice<MmaFewChannelsGradTiling>> &choices) {
  if (!mayMultiply(work, allowed))
    return;
  int64_t rows =
      llvm::PowerOf2Ceil(std::max<int64_t>(16, tapChannels(work.problem)));
  for (int64_t columns : {16, 32, 64}) {
    if (columns >= 2 * std::max<int64_t>(16, work.columns()))
      continue;
    for (int64_t warpRows : {16, 32, 64})
      for (int64_t warpColumns : {16, 32})
        for (int64_t pixels : {64, 128, 256})
          for (const Dims &box : boxesOf(work.problem, pixels))
            for (int64_t stages : {2, 3, 4})
              addChoices(
                  work,
                  MmaFewChannelsGradTiling{
                      {{std::min<int64_t>(rows, 128), columns, pixels, box},
                       warpRows,
                       warpColumns,
                       stages,
                       MultiplyType::Tf32}},
                  choices);
  }
}

} // namespace segc
