//===- ChannelSum.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Formulas.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace segc;

namespace {

struct ChannelSumFormula
    : ChannelReductionOpInterface::ExternalModel<ChannelSumFormula,
                                                 seg::ChannelSumOp> {
  unsigned getSumCount(Operation *) const { return 1; }
  MomentLayout getMomentLayout(Operation *op, const TileGrid &grid,
                               int64_t base) const {
    return {cast<seg::ChannelSumOp>(op).getInput().getType(),
            seg::NormKind::batch, 0, grid, base};
  }

  SmallVector<Value> getTermOperands(Operation *op) const {
    return {cast<seg::ChannelSumOp>(op).getInput()};
  }
  SmallVector<Value> emitTerms(Operation *, KernelBody &, ValueRange elements,
                               ValueRange) const {
    return {elements[0]};
  }

  void emitChannelMerge(Operation *op, KernelBody &k, ChannelBlock &block,
                        const MomentLayout &layout) const {
    Value total = k.loop(k.index(0), k.mul(layout.callSamples(k), layout.tiles),
                         1, toDouble(k, k.zeroVector(block.lanes)),
                         [&](Value tile, ValueRange carried) {
                           Value row = layout.tileRow(k, k.index(0), tile);
                           Value part = toDouble(k, block.load(k.sums(), row));
                           return SmallVector<Value>{arith::AddFOp::create(
                               k.builder(), k.loc(), carried[0], part)};
                         })[0];
    block.store(toFloat(k, total),
                outputOf(k, cast<seg::ChannelSumOp>(op).getOutput()),
                k.index(0));
  }
};

} // namespace

void segc::attachChannelSumFormulas(MLIRContext *context) {
  seg::ChannelSumOp::attachInterface<ChannelSumFormula>(*context);
}
