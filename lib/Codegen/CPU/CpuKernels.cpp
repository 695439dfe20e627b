//===- CpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuKernels.h"
#include "Pointwise/AugmentKernels.h"

#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"

using namespace mlir;

namespace segc {

/// What error messages call the target.
static constexpr StringLiteral device = "CPU";

int64_t CpuKernelModel::reducedPixels(seg::FusionOp fusion,
                                      RankedTensorType reduced) const {
  return reductionTilePixels(fusion, reduced);
}

LogicalResult CpuKernelModel::emit(KernelEmission &emission) const {
  FusionEmitter emitter(emission);
  seg::FusionOp fusion = emission.fusion;
  if (failed(verify(fusion, device)))
    return failure();
  return emitKernels(fusion.getRoot(), emitter);
}

namespace {
struct PointwiseModel : PointwiseFusionModel {
  PointwiseModel() : PointwiseFusionModel(device) {}
  int64_t reducedPixels(seg::FusionOp fusion,
                        RankedTensorType reduced) const override {
    return reductionTilePixels(fusion, reduced);
  }
  LogicalResult emitKernels(KernelEmission &emission) const override {
    FusionEmitter emitter(emission);
    return emitPointwiseFusion(emitter);
  }
};
} // namespace

const KernelModel &cpuPointwiseModel() {
  static const PointwiseModel model;
  return model;
}

KernelModels cpuKernelModels() {
  KernelModels models;
  addAugmentModels(models);
  addConvModels(models);
  addElementwiseModels(models);
  addLossModels(models);
  addOptimizerModels(models);
  addPoolModels(models);
  addReductionModels(models);
  addShapeModels(models);
  addTopKModels(models);
  return models;
}

} // namespace segc
