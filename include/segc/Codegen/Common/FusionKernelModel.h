//===- FusionKernelModel.h - Models with one strategy -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What the kernel models of targets share whose kernels are written with
// KernelBuilder.h.

#ifndef SEGC_CODEGEN_COMMON_FUSIONKERNELMODEL_H
#define SEGC_CODEGEN_COMMON_FUSIONKERNELMODEL_H

#include "segc/Target/KernelModel.h"

namespace segc {

/// The model of fusions without a root. `device` is what error messages call
/// the target.
class PointwiseFusionModel : public KernelModel {
public:
  explicit PointwiseFusionModel(llvm::StringRef device) : deviceName(device) {}

  bool takesReduction(mlir::Operation *root,
                      mlir::Operation *reduction) const final;
  /// Verifies the fusion's types and its strategy, and emits its kernels.
  mlir::LogicalResult emit(KernelEmission &emission) const final;

protected:
  virtual mlir::LogicalResult emitKernels(KernelEmission &emission) const = 0;

private:
  llvm::StringRef deviceName;
};

/// A model that proposes one strategy without parameters, unless it overrides
/// `propose`.
class FusionKernelModel : public KernelModel {
public:
  /// The strategy of a root that has only one: it has `tempBytes`, and no
  /// parameters.
  seg::StrategyAttr onlyStrategy(seg::FusionOp fusion) const;
  /// Bytes of the temporary that the launches of `onlyStrategy` share.
  virtual int64_t tempBytes(seg::FusionOp fusion) const { return 0; }
  /// True if the kernel can compute reductions of its result, tile by tile.
  virtual bool hasReductions(mlir::Operation *root) const { return false; }
  /// True if these may be reductions over pixels: a task computes all channels
  /// of its pixels, and its pixels are whole rows.
  virtual bool hasPixelReductions(mlir::Operation *root) const { return false; }

  bool takesReduction(mlir::Operation *root,
                      mlir::Operation *reduction) const override;
  llvm::SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override;

protected:
  /// Verifies the fusion, whose tiles the kernel reads again to reduce them,
  /// and that it has a strategy; a model without parameters has only one.
  /// `device` is what error messages call the target.
  mlir::LogicalResult verify(seg::FusionOp fusion,
                             llvm::StringRef device) const;
};

template <typename... Ops>
bool isOneOf(mlir::OperationName name) {
  return ((name.getTypeID() == mlir::TypeID::get<Ops>()) || ...);
}

/// The model, of a target with the base class `Base`, of one or more ops.
template <typename Base, typename... Ops>
struct OpModel : Base {
  bool computes(mlir::OperationName root) const final {
    return isOneOf<Ops...>(root);
  }
};

/// The model, of a target with the base class `Base`, of all ops with the
/// interface `Formula`.
template <typename Base, typename Formula>
struct FormulaModel : Base {
  bool computes(mlir::OperationName root) const final {
    return root.hasInterface<Formula>();
  }
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_FUSIONKERNELMODEL_H
