//===- CpuKernels.h - Kernel models of the CPU ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUKERNELS_H
#define SEGC_CODEGEN_CPU_CPUKERNELS_H

#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/CPU/CpuStrategyContext.h"
#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/Common/FusionKernelModel.h"

namespace segc {

/// Base class of the CPU's kernel models. Models with several strategies for a
/// root override `propose`.
class CpuKernelModel : public FusionKernelModel {
public:
  /// Emits the launches by the fusion's strategy, which is `onlyStrategy` if
  /// the model declares no parameters.
  virtual mlir::LogicalResult emitKernels(mlir::Operation *root,
                                          FusionEmitter &emitter) const = 0;

  int64_t reducedPixels(seg::FusionOp fusion,
                        mlir::RankedTensorType reduced) const override;
  mlir::LogicalResult emit(KernelEmission &emission) const override;
};

template <typename... Ops>
using CpuOpModel = OpModel<CpuKernelModel, Ops...>;
template <typename Formula>
using CpuFormulaModel = FormulaModel<CpuKernelModel, Formula>;

/// The version that kernels are emitted for.
inline const CpuTarget &cpuTarget(const FusionEmitter &emitter) {
  return static_cast<const CpuTarget &>(emitter.getVersion());
}

/// The model of fusions of pointwise ops alone.
const KernelModel &cpuPointwiseModel();
/// KernelModel::reducedPixels of all models of the CPU, whose partial results
/// are merged in f64.
int64_t reductionTilePixels(seg::FusionOp fusion,
                            mlir::RankedTensorType reduced);
/// Emits a fusion without a root.
mlir::LogicalResult emitPointwiseFusion(FusionEmitter &emitter);

// Each adds the models of one family of ops.
void addConvModels(KernelModels &models);
void addElementwiseModels(KernelModels &models);
void addLossModels(KernelModels &models);
void addOptimizerModels(KernelModels &models);
void addPoolModels(KernelModels &models);
void addReductionModels(KernelModels &models);
void addShapeModels(KernelModels &models);
void addTopKModels(KernelModels &models);
/// The models of all families.
KernelModels cpuKernelModels();

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUKERNELS_H
