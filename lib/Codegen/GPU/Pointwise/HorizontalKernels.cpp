//===- HorizontalKernels.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Fusions of several parts without a root in one launch. Each part has a range
// of the blocks, which find their part by comparisons of their number with
// constants: branches are uniform in a block, and no table is loaded.

#include "PointwiseBlocks.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "segc/Dialect/Seg/IR/FusionParts.h"

using namespace mlir;
using namespace segc;

namespace {

struct Part {
  PointwiseBlocks blocks;
  int64_t first; ///< Number of its first block.
};

/// Emits a binary search for the block's part.
void emitBlock(GpuKernelBody &k, ArrayRef<Part> parts) {
  if (parts.size() == 1)
    return parts.front().blocks.emit(k, k.sub(k.task(), parts.front().first));
  size_t half = parts.size() / 2;
  OpBuilder &b = k.builder();
  auto branch = scf::IfOp::create(b, k.loc(),
                                  k.less(k.task(), k.index(parts[half].first)),
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitBlock(k, parts.take_front(half));
  b.setInsertionPointToStart(branch.elseBlock());
  emitBlock(k, parts.drop_front(half));
}

class HorizontalModel : public PointwiseFusionModel {
public:
  HorizontalModel() : PointwiseFusionModel(gpuDevice) {}

  StringRef kindWithoutRoot() const override { return horizontalKind; }
  LogicalResult emitKernels(KernelEmission &emission) const override;
};

} // namespace

/// The iteration space of a part.
static FailureOr<RankedTensorType> spaceOf(const seg::FusionPart &part) {
  RankedTensorType space;
  for (Operation *op : part) {
    if (llvm::none_of(op->getUsers(), llvm::IsaPred<seg::YieldOp>))
      continue;
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (space && space.getShape() != type.getShape())
      return op->emitOpError("expects the shape of ")
             << space << ", another result of its part of the kernel, got "
             << type;
    space = type;
  }
  return space;
}

LogicalResult HorizontalModel::emitKernels(KernelEmission &emission) const {
  GpuFusionEmitter emitter(emission);
  seg::FusionOp fusion = emission.fusion;
  SmallVector<Part> parts;
  int64_t blocks = 0;
  for (const seg::FusionPart &ops : seg::fusionParts(fusion)) {
    FailureOr<RankedTensorType> space = spaceOf(ops);
    if (failed(space))
      return failure();
    parts.push_back(
        {{fusion, ops, *space, /*batched=*/false, emitter.getTarget().lanes},
         blocks});
    blocks += parts.back().blocks.count();
  }
  emitter.launch({blocks, 0}, pointwiseThreads, 0,
                 [&](GpuKernelBody &k) { emitBlock(k, parts); });
  return success();
}

const KernelModel &segc::gpuHorizontalModel() {
  static const HorizontalModel model;
  return model;
}
