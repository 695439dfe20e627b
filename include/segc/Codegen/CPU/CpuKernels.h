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

namespace segc {

/// Base class of the CPU's kernel models. Models with several strategies for a
/// root override `propose`.
class CpuKernelModel : public KernelModel {
public:
  /// The strategy of a root that has only one: it has `tempBytes`, and no
  /// parameters.
  seg::StrategyAttr onlyStrategy(seg::FusionOp fusion) const;
  /// Bytes of the temporary that the launches of `onlyStrategy` share.
  virtual int64_t tempBytes(seg::FusionOp fusion) const { return 0; }
  /// Emits the launches by the fusion's strategy, which is `onlyStrategy` if
  /// the model declares no parameters.
  virtual mlir::LogicalResult emitKernels(mlir::Operation *root,
                                          FusionEmitter &emitter) const = 0;
  /// True if the kernel can compute reductions of its result, tile by tile.
  virtual bool hasReductions(mlir::Operation *root) const { return false; }
  /// True if these may be reductions over pixels: a task computes all channels
  /// of its pixels, and its pixels are whole rows.
  virtual bool hasPixelReductions(mlir::Operation *root) const { return false; }

  bool takesReduction(mlir::Operation *root,
                      mlir::Operation *reduction) const override;
  llvm::SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override;
  int64_t reducedPixels(seg::FusionOp fusion,
                        mlir::RankedTensorType reduced) const override;
  mlir::LogicalResult emit(KernelEmission &emission) const override;
};

template <typename... Ops>
bool isOneOf(mlir::OperationName name) {
  return ((name.getTypeID() == mlir::TypeID::get<Ops>()) || ...);
}

/// Base class of the model of one or more ops.
template <typename... Ops>
struct CpuOpModel : CpuKernelModel {
  bool computes(mlir::OperationName root) const final {
    return isOneOf<Ops...>(root);
  }
};

/// Base class of the model of all ops with the interface `Formula`.
template <typename Formula>
struct CpuFormulaModel : CpuKernelModel {
  bool computes(mlir::OperationName root) const final {
    return root.hasInterface<Formula>();
  }
};

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
/// The models of all families.
KernelModels cpuKernelModels();

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUKERNELS_H
