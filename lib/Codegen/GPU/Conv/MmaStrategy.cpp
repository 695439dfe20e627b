//===- MmaStrategy.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmTilings.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const MmaTiling &tiling) {
  return work.sharedFloats(tiling.tile, tiling.threads(), tiling.stageFloats());
}

std::string refusal(const GemmWork &work, const MmaTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  for (int64_t size : {tiling.warpRows, tiling.warpColumns})
    if (size < 16 || !llvm::isPowerOf2_64(size))
      return "expects the rows and columns of a warp to be powers of two, at "
             "least 16, got " +
             std::to_string(size);
  if (tile.rows < tiling.warpRows || tile.columns < tiling.warpColumns ||
      tile.depth < 16)
    return "expects a tile of at least the rows and columns of a warp, and a "
           "depth of at least 16";
  // Half of the registers that a thread may have.
  if (tiling.warpRows * tiling.warpColumns > 128 * 32)
    return "expects a warp to have at most 4096 sums, got " +
           std::to_string(tiling.warpRows * tiling.warpColumns);
  if (tiling.stages < 2)
    return "expects at least 2 stages, got " + std::to_string(tiling.stages);
  // Each is code of its own.
  constexpr int64_t maxRuns = 32;
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B})
    if (GemmRuns runs(tile, operand, work.access(operand),
                      tiling.pieceElements(), tiling.threads());
        runs.count > maxRuns)
      return "expects a thread to load at most 32 times for a step, got " +
             std::to_string(runs.count);
  return work.refusal(tile, tiling.threads(), sharedFloats(work, tiling));
}

/// The operand's type in memory; null if a prologue computes it.
static Type storedType(Value operand) {
  Value stored = seg::storedValue(operand);
  return isa<BlockArgument>(stored) ? getElementTypeOrSelf(stored) : Type();
}

double modelledSeconds(const GemmWork &work, const MmaTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  // Copies need an address; what goes through registers is converted as well.
  constexpr double instructionsOfCopy = 12, instructionsOfRun = 20,
                   instructionsOfElement = 8;
  double issued = 0;
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B}) {
    GemmRuns runs(tile, operand, work.access(operand), tiling.pieceElements(),
                  tiling.threads());
    Type type = storedType(
        work.fusion.getRoot()->getOperand(operand == GemmOperand::B));
    issued += static_cast<double>(runs.total) *
              (copiesAsynchronously(type, runs.lanes, tiling.multiplyType)
                   ? instructionsOfCopy
                   : instructionsOfRun + instructionsOfElement * runs.lanes);
    // Factors of tf32 are rounded as a warp loads them, and loaded one by one
    // where they lie across the depth.
    if (tiling.multiplyType == MultiplyType::Tf32)
      issued += static_cast<double>(
          tile.depth * (runs.access.alongDepth ? 1 : 2) *
          (operand == GemmOperand::A
               ? tile.rows * (tile.columns / tiling.warpColumns)
               : tile.columns * (tile.rows / tiling.warpRows)));
  }
  // Tensor cores reach 60 % of their rate through mma.sync, less where a warp
  // loads many factors for each product.
  double sums = static_cast<double>(tiling.warpRows * tiling.warpColumns),
         factors = static_cast<double>(tiling.warpRows + tiling.warpColumns);
  double products = static_cast<double>(tile.rows * tile.columns * tile.depth);
  double multiply =
      products * 2 * target.multiprocessors /
      (0.6 * target.rateOf(tiling.multiplyType) * target.peakFlops) *
      (1 + 8 * factors / sums);
  // A barrier, behind which the first fragments are loaded.
  constexpr double beginStep = 30e-9;
  return modelledSeconds(
      work,
      {tile, parts, tiling.threads(), sharedFloats(work, tiling),
       sums / 32 + 96, multiply + issueSeconds(target, issued) + beginStep,
       target.loadSeconds / static_cast<double>(tiling.stages - 1),
       static_cast<double>(tiling.elementBytes())});
}

/// The type of 16 bits in which the factors lie in memory, or in which what
/// their prologue reads does; null if it is f32.
static Type factorType(Value operand) {
  Value stored = seg::storedValue(operand);
  if (stored != operand)
    return getElementTypeOrSelf(stored);
  Operation *op = operand.getDefiningOp();
  return op && op->getNumOperands() ? factorType(op->getOperand(0)) : Type();
}

/// The type in which the factors are multiplied, f32 if in none of `allowed`.
static MultiplyType chooseMultiplyType(const GemmWork &work,
                                       MultiplyTypeSet allowed) {
  // The other factor of a convolution is its filter, which has the precision of
  // the activations.
  Operation *root = work.fusion.getRoot();
  Type type = factorType(root->getOperand(0));
  auto chosen = MultiplyType::Bf16;
  if (!type || (work.isFilterGrad && !factorType(root->getOperand(1)))) {
    auto own = root->getAttrOfType<StringAttr>(seg::precisionAttrName);
    chosen = own && own.getValue() == "tf32" ? MultiplyType::Tf32
                                             : MultiplyType::F32;
  } else if (type.isF16() && allowed.contains(MultiplyType::F16)) {
    chosen = MultiplyType::F16;
  }
  return allowed.contains(chosen) ? chosen : MultiplyType::F32;
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<MmaTiling>> &choices) {
  MultiplyType multiplyType = chooseMultiplyType(work, allowed);
  if (multiplyType == MultiplyType::F32)
    return;
  struct Shape {
    int64_t rows, columns, warpRows, warpColumns;
  };
  constexpr Shape shapes[] = {
      {128, 128, 64, 64}, {256, 128, 64, 64}, {128, 64, 64, 32},
      {256, 64, 64, 64},  {64, 64, 32, 32},   {128, 32, 32, 32},
      {64, 128, 32, 64},  {256, 32, 64, 32},  {64, 32, 32, 16},
      {128, 16, 32, 16},  {64, 16, 16, 16},   {32, 32, 16, 16}};
  for (const Shape &shape : shapes)
    for (int64_t depth : {16, 32, 64})
      for (int64_t stages : {2, 3, 4})
        if (shape.columns < 2 * std::max<int64_t>(16, work.columns()))
          addChoices(work,
                     MmaTiling{{shape.rows, shape.columns, depth},
                               shape.warpRows,
                               shape.warpColumns,
                               stages,
                               multiplyType},
                     choices);
}

} // namespace segc
