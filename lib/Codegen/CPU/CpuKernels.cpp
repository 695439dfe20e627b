//===- CpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuKernels.h"

#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"

using namespace mlir;

namespace segc {

/// What error messages call the target.
static constexpr StringLiteral device = "CPU";

bool CpuKernelModel::takesReduction(Operation *root,
                                    Operation *reduction) const {
  return hasReductions(root) && (isa<ChannelReductionOpInterface>(reduction) ||
                                 (isa<PixelReductionOpInterface>(reduction) &&
                                  hasPixelReductions(root)));
}

/// Verifies that the fusion has a strategy. A model without parameters has only
/// one.
static LogicalResult checkStrategy(seg::FusionOp fusion,
                                   const CpuKernelModel &model) {
  seg::StrategyAttr given = fusion.getStrategyAttr();
  if (!given)
    return fusion.emitOpError("has no strategy; run seg-select-strategy first");
  if (!model.parameters().empty())
    return success();
  if (seg::StrategyAttr only = model.onlyStrategy(fusion); given != only)
    return fusion.getRoot()->emitOpError("expects the strategy ")
           << only << ", got " << given;
  return success();
}

/// Verifies the strategy of a fusion without root: its kind is `pointwise` and
/// it has no memory.
static LogicalResult checkPointwiseStrategy(seg::FusionOp fusion) {
  seg::StrategyAttr given = fusion.getStrategyAttr();
  auto own = given ? seg::StrategyAttr::get(fusion.getContext(), pointwiseKind,
                                            given.getParameters().getValue())
                   : given;
  if (given != own)
    return fusion.emitOpError(
               "has only pointwise ops and expects the strategy ")
           << own << ", got " << given;
  return success();
}

int64_t CpuKernelModel::reducedPixels(seg::FusionOp fusion,
                                      RankedTensorType reduced) const {
  return reductionTilePixels(fusion, reduced);
}

LogicalResult CpuKernelModel::emit(KernelEmission &emission) const {
  FusionEmitter emitter(emission);
  seg::FusionOp fusion = emission.fusion;
  if (failed(verifyFusion(fusion, *this, device, /*readsTilesAgain=*/true)) ||
      failed(checkStrategy(fusion, *this)))
    return failure();
  return emitKernels(fusion.getRoot(), emitter);
}

seg::StrategyAttr CpuKernelModel::onlyStrategy(seg::FusionOp fusion) const {
  auto bytes = static_cast<int64_t>(llvm::alignTo(tempBytes(fusion), 64));
  return seg::StrategyAttr::get(fusion.getContext(),
                                kind(fusion.getRoot()->getName()),
                                /*parameters=*/{}, bytes);
}

SmallVector<StrategyProposal>
CpuKernelModel::propose(seg::FusionOp fusion,
                        const StrategyContext &context) const {
  StrategyProposal only;
  only.strategy = onlyStrategy(fusion);
  only.seconds = seconds(fusion, *context.target.version);
  return {only};
}

namespace {
struct PointwiseModel : KernelModel {
  bool takesReduction(Operation *, Operation *reduction) const override {
    return isReduction(reduction);
  }
  int64_t reducedPixels(seg::FusionOp fusion,
                        RankedTensorType reduced) const override {
    return reductionTilePixels(fusion, reduced);
  }
  LogicalResult emit(KernelEmission &emission) const override {
    FusionEmitter emitter(emission);
    return failure(failed(verifyTypes(emission.fusion, device)) ||
                   failed(checkPointwiseStrategy(emission.fusion)) ||
                   failed(emitPointwiseFusion(emitter)));
  }
};
} // namespace

const KernelModel &cpuPointwiseModel() {
  static const PointwiseModel model;
  return model;
}

KernelModels cpuKernelModels() {
  KernelModels models;
  addConvModels(models);
  addElementwiseModels(models);
  addLossModels(models);
  addOptimizerModels(models);
  addPoolModels(models);
  addReductionModels(models);
  addShapeModels(models);
  return models;
}

} // namespace segc
