//===- FusionEvaluation.h - Reference evaluation of a kernel ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_VERIFY_FUSIONEVALUATION_H
#define SEGC_LIB_DRIVER_VERIFY_FUSIONEVALUATION_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/Products.h"
#include "segc/Reference/Sums.h"
#include "segc/Target/KernelModel.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include <optional>

namespace segc {

/// Relative rounding error of an f32 operation.
inline constexpr double f32Unit = 0x1p-24;

/// The error that a kernel may have in the element that is worst, relative to
/// the largest of a random perturbation, since it sums in another order; and in
/// addition, in units of the largest value, because every op rounds its result.
inline constexpr double largestFactor = 10, minUnits = 8;

/// Evaluates the ops of a seg.fusion with the rounding of its kernels: 16-bit
/// values are rounded, the root's factors are rounded by its strategy, and
/// reductions read the values that the kernel has stored.
class FusionEvaluation {
public:
  /// `stored` are the results that the kernels wrote. `elements` selects the
  /// elements of the root's result; empty means all.
  FusionEvaluation(seg::FusionOp fusion, const KernelModel &model,
                   llvm::ArrayRef<reference::HostTensor> inputs,
                   llvm::ArrayRef<reference::HostTensor> stored,
                   llvm::ArrayRef<int64_t> elements);

  /// Returns the results; 16-bit results are not yet rounded. Operations are
  /// perturbed by `noise` units of f32.
  llvm::FailureOr<std::vector<reference::HostTensor>> run(double noise,
                                                          uint64_t seed);

  /// Values inside of the fusion that are rounded to 16 bits have either of two
  /// neighbours where they are so near to the middle between these that the
  /// error of the kernel decides. Returns the results with each of these
  /// rounded to the other side; null if there is none. Must follow run() with
  /// and without noise.
  llvm::FailureOr<std::optional<std::vector<reference::HostTensor>>>
  runUndecided();

  /// Whether only the selected elements of a result were computed.
  bool isSampled(unsigned result) const;

private:
  using Tensors = llvm::DenseMap<mlir::Value, reference::HostTensor>;

  llvm::FailureOr<std::vector<reference::HostTensor>>
  evaluate(mlir::Operation *op,
           llvm::ArrayRef<const reference::HostTensor *> operands, double noise,
           uint64_t seed) const;
  const reference::HostTensor *storedOperand(mlir::OpOperand &use) const;
  /// Whether an op of the fusion reads the value as it is rounded to 16 bits.
  bool isRoundedInside(mlir::Value value) const;

  /// A value that is rounded to 16 bits inside.
  struct RoundedValue {
    reference::HostTensor exact; ///< Before it is rounded.
    double noise = 0;            ///< The largest perturbation of an element.
    /// How far the kernel's value may be from the exact one.
    double bound() const;
    /// Whether no element is as near as that to a middle.
    bool isDecided() const;
  };
  void note(RoundedValue &rounded, const reference::HostTensor &tensor,
            double noise);
  using Rounding =
      llvm::function_ref<void(mlir::Value, reference::HostTensor &)>;
  llvm::FailureOr<std::vector<reference::HostTensor>>
  evaluateAll(double noise, uint64_t seed, Rounding round) const;

  reference::SumRows rowsOf(seg::EpilogueReductionOpInterface op, double noise,
                            uint64_t seed) const;

  const KernelModel &model;
  mlir::Block &body; ///< Body of the fusion.
  mlir::Operation *root;
  llvm::ArrayRef<reference::HostTensor> inputs, stored;
  llvm::ArrayRef<int64_t> elements;
  reference::ProductArithmetic arithmetic;
  llvm::MapVector<mlir::Value, RoundedValue> roundedInside;
  /// Values of which only the selected elements are known.
  llvm::DenseSet<mlir::Value> sampled;
};

/// The arithmetic of the products of a strategy.
reference::ProductArithmetic productArithmetic(seg::FusionOp fusion);

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_FUSIONEVALUATION_H
