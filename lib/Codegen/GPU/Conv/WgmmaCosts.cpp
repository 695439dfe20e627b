//===- WgmmaCosts.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaCosts.h"

#include "WgmmaStages.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

Type copiedType(Value operand) {
  Value stored = seg::storedValue(operand);
  Type type = getElementTypeOrSelf(stored);
  return isa<BlockArgument>(stored) && (type.isF16() || type.isBF16()) ? type
                                                                       : Type();
}

std::string warpgroupRefusal(const GemmWork &work) {
  if (!work.target.hasWarpgroups)
    return "takes a GPU with warpgroups, sm_90a";
  return work.problem.groups == 1 ? "" : "takes one group of channels";
}

MultiplyType wgmmaType(const GemmWork &work) {
  return copiedType(work.fusion.getRoot()->getOperand(0)).isF16()
             ? MultiplyType::F16
             : MultiplyType::Bf16;
}

bool isFlat(const GemmWork &work) {
  Value input = work.fusion.getRoot()->getOperand(0);
  return seg::spatialDims(cast<RankedTensorType>(input.getType())).size() == 2;
}

std::string clusterRefusal(const GemmWork &work, const GemmTile &tile) {
  constexpr int64_t maxCluster = 8, minColumns = 8;
  if (!llvm::isPowerOf2_64(tile.cluster) || tile.cluster > maxCluster ||
      (tile.cluster > 1 && !work.isFilterGrad &&
       tile.columns / tile.cluster < minColumns))
    return "expects clusters of 1, 2, 4 or 8 blocks, of a convolution with 8 "
           "columns of the tile each, got " +
           std::to_string(tile.cluster);
  return "";
}

double wgmmaSeconds(const GpuTarget &target, double count, int64_t columns) {
  // Tensor cores reach 80 % of their rate, and read both factors from shared
  // memory, 128 bytes a cycle of 128 f32 lanes.
  double products =
             count * static_cast<double>(wgmmaRows * columns * wgmmaDepth),
         bytes = count * 2 *
                 static_cast<double>((wgmmaRows + columns) * wgmmaDepth);
  return std::max(products * 2 * target.multiprocessors /
                      (0.8 * target.rate16Bit * target.peakFlops),
                  bytes * 2 * target.multiprocessors / target.peakFlops);
}

} // namespace segc
