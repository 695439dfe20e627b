//===- ReductionKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reductions/TileReductions.h"

using namespace mlir;
using namespace segc;

namespace {

/// A reduction by channels as a root of its own, or what others follow.
struct ReductionKernel : CpuFormulaModel<ChannelReductionOpInterface> {
  DictionaryAttr strategy(Operation *, seg::FusionOp fusion,
                          const CpuStrategyContext &) const override {
    return reductionStrategy(fusion);
  }
  LogicalResult emitKernels(Operation *,
                            FusionEmitter &emitter) const override {
    return emitReductionFusion(emitter);
  }
  bool hasReductions(Operation *) const override { return true; }
};

} // namespace

void segc::addReductionModels(KernelModels &models) {
  models.push_back(std::make_unique<ReductionKernel>());
}
