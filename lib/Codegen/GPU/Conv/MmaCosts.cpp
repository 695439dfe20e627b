//===- MmaCosts.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MmaCosts.h"

#include "ConvOperands.h"
#include "FilterCopy.h"
#include "QuantizedFilter.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

/// The operand's type in memory; null if a prologue computes it.
static Type storedType(Value operand) {
  Value stored = seg::storedValue(operand);
  return isa<BlockArgument>(stored) ? getElementTypeOrSelf(stored) : Type();
}

bool copiesOperand(const GemmWork &work, const MmaTiling &tiling,
                   GemmOperand operand, const GemmRuns &runs) {
  bool isB = operand == GemmOperand::B;
  return (isB && tiling.copiesFilter) ||
         (!tiling.isInt8 &&
          copiesAsynchronously(
              storedType(work.fusion.getRoot()->getOperand(isB)), runs.lanes,
              tiling.multiplyType));
}

/// How the elements of a copy of the filter are numbered.
static GemmAccess copiedAccess(const GemmWork &work) {
  Operation *root = work.fusion.getRoot();
  return seg::multipliesInt8(root)
             ? quantizedAccess(work.problem)
             : ConvFilter::access(copiedProblem(work.problem, root));
}

GemmRuns runsOf(const GemmWork &work, const MmaTiling &tiling,
                GemmOperand operand) {
  return {tiling.tile, operand,
          operand == GemmOperand::B && tiling.copiesFilter
              ? copiedAccess(work)
              : work.access(operand),
          tiling.pieceElements(), tiling.threads()};
}

std::string warpRefusal(const GemmWork &work, const MmaTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  for (int64_t size : {tiling.warpRows, tiling.warpColumns})
    if (size < 16 || !llvm::isPowerOf2_64(size))
      return "expects the rows and columns of a warp to be powers of two, at "
             "least 16, got " +
             std::to_string(size);
  int64_t leastDepth = std::max<int64_t>(16, 2 * tiling.pieceElements());
  if (tile.rows < tiling.warpRows || tile.columns < tiling.warpColumns ||
      tile.depth < leastDepth)
    return "expects a tile of at least the rows and columns of a warp, and a "
           "depth of at least " +
           std::to_string(leastDepth);
  // Half of the registers that a thread may have.
  if (tiling.warpRows * tiling.warpColumns > 128 * 32)
    return "expects a warp to have at most 4096 sums, got " +
           std::to_string(tiling.warpRows * tiling.warpColumns);
  if (tiling.stages < 2)
    return "expects at least 2 stages, got " + std::to_string(tiling.stages);
  if (tiling.isInt8)
    return quantizedRefusal(work.fusion);
  return tiling.copiesFilter
             ? filterCopyRefusal(work.fusion, tiling.multiplyType)
             : "";
}

std::string registerRefusal(int64_t held) {
  constexpr int64_t maxHeld = 150;
  return held <= maxHeld ? ""
                         : "expects at most 150 registers of a thread for sums "
                           "and what passes through registers, got " +
                               std::to_string(held);
}

int64_t sumRegisters(const MmaTiling &tiling) {
  return tiling.warpRows * tiling.warpColumns / 32;
}

int64_t loadedRegisters(const GemmWork &work, const MmaTiling &tiling,
                        GemmOperand operand) {
  GemmRuns runs = runsOf(work, tiling, operand);
  return copiesOperand(work, tiling, operand, runs)
             ? 0
             : runs.count * divideUp(runs.lanes * tiling.elementBytes(), 4);
}

/// Pointwise ops that compute a value from what is in memory, but for casts
/// that widen it.
static int64_t prologueOps(Value value) {
  Operation *op = seg::storedValue(value).getDefiningOp();
  if (!op)
    return 0;
  int64_t ops = isa<seg::PointwiseOpInterface>(op);
  for (Value operand : op->getOperands())
    ops += prologueOps(operand);
  return ops;
}

double copyInstructions(const GemmWork &work, GemmOperand operand, int64_t runs,
                        int64_t lanes, bool copies) {
  // Copies need an address; what goes through registers is converted as well:
  // an element of bf16 is widened by one instruction, and half of a
  // cvt.rn.bf16x2 rounds it. A normalisation and a leaky ReLU are 8 more, with
  // the loads of their parameters.
  constexpr double instructionsOfCopy = 12, instructionsOfRun = 20,
                   instructionsOfConversion = 2, instructionsOfOp = 4;
  if (copies)
    return instructionsOfCopy * static_cast<double>(runs);
  Operation *root = work.fusion.getRoot();
  Value value =
      operand == GemmOperand::A ? inputFactor(root) : root->getOperand(1);
  double ofElement = instructionsOfConversion +
                     instructionsOfOp * static_cast<double>(prologueOps(value));
  return (instructionsOfRun + ofElement * static_cast<double>(lanes)) *
         static_cast<double>(runs);
}

double copyInstructions(const GemmWork &work, const MmaTiling &tiling,
                        GemmOperand operand) {
  GemmRuns runs = runsOf(work, tiling, operand);
  return copyInstructions(work, operand, runs.total, runs.lanes,
                          copiesOperand(work, tiling, operand, runs));
}

double stepBytes(const MmaTiling &tiling, double rows) {
  // An input that is quantized on the way has 16 bits in memory.
  auto ofFilter = static_cast<double>(tiling.elementBytes()),
       ofInput = std::max(2.0, ofFilter);
  const GemmTile &tile = tiling.tile;
  return static_cast<double>(tile.depth) *
         (ofInput * rows + ofFilter * static_cast<double>(tile.columns));
}

double roundInstructions(const GemmWork &work, const MmaTiling &tiling) {
  if (tiling.isInt8 || tiling.multiplyType != MultiplyType::Tf32)
    return 0;
  // Factors that lie across the depth are loaded one by one, too.
  const GemmTile &tile = tiling.tile;
  auto ofFactor = [&](GemmOperand operand) {
    return work.access(operand).alongDepth ? 1 : 2;
  };
  return static_cast<double>(tile.depth *
                             (ofFactor(GemmOperand::A) * tile.rows *
                                  (tile.columns / tiling.warpColumns) +
                              ofFactor(GemmOperand::B) * tile.columns *
                                  (tile.rows / tiling.warpRows)));
}

double multiplySeconds(const GemmWork &work, const MmaTiling &tiling) {
  return multiplySeconds(
      work, tiling, static_cast<double>(tiling.warpRows + tiling.warpColumns));
}

double multiplySeconds(const GemmWork &work, const MmaTiling &tiling,
                       double factors) {
  // Tensor cores reach 60 % of their rate through mma.sync, less where a warp
  // loads many factors for each product.
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double sums = static_cast<double>(tiling.warpRows * tiling.warpColumns),
         products = static_cast<double>(tile.rows * tile.columns * tile.depth);
  double rate =
      tiling.isInt8 ? target.rate8Bit : target.rateOf(tiling.multiplyType);
  return products * 2 * target.multiprocessors /
         (0.6 * rate * target.peakFlops) * (1 + 8 * factors / sums);
}

double copySeconds(const GemmWork &work, const MmaTiling &tiling) {
  return tiling.copiesFilter && !work.isPrepared
             ? filterCopySeconds(work.fusion, work.target)
             : 0;
}

/// The type of 16 bits in which the factors lie in memory, or in which what
/// their prologue reads does; null if it is f32.
static Type narrowType(Value operand) {
  Value stored = seg::storedValue(operand);
  if (stored != operand)
    return getElementTypeOrSelf(stored);
  Operation *op = operand.getDefiningOp();
  return op && op->getNumOperands() ? narrowType(op->getOperand(0)) : Type();
}

MultiplyType chooseMultiplyType(const GemmWork &work, MultiplyTypeSet allowed) {
  // The other factor of a convolution is its filter, which has the precision of
  // the activations.
  Operation *root = work.fusion.getRoot();
  Type type = narrowType(root->getOperand(0));
  auto chosen = MultiplyType::Bf16;
  if (!type || (work.isFilterGrad && !narrowType(root->getOperand(1)))) {
    auto own = root->getAttrOfType<StringAttr>(seg::precisionAttrName);
    chosen = own && own.getValue() == "tf32" ? MultiplyType::Tf32
                                             : MultiplyType::F32;
  } else if (type.isF16() && allowed.contains(MultiplyType::F16)) {
    chosen = MultiplyType::F16;
  }
  return allowed.contains(chosen) ? chosen : MultiplyType::F32;
}

SmallVector<bool> filterCopies(const GemmWork &work,
                               MultiplyType multiplyType) {
  if (work.isFilterGrad ||
      !filterCopyRefusal(work.fusion, multiplyType).empty())
    return {false};
  // Where a copy costs nothing, nothing is gained without it.
  if (work.isPrepared)
    return {true};
  return {false, true};
}

ArrayRef<MmaShape> mmaShapes() {
  static constexpr MmaShape shapes[] = {
      {128, 128, 64, 64}, {256, 128, 64, 64}, {128, 64, 64, 32},
      {256, 64, 64, 64},  {64, 64, 32, 32},   {128, 32, 32, 32},
      {64, 128, 32, 64},  {256, 32, 64, 32},  {64, 32, 32, 16},
      {128, 16, 32, 16},  {64, 16, 16, 16},   {32, 32, 16, 16}};
  return shapes;
}

} // namespace segc
