//===- FusionEvaluation.h - The reference of a kernel's results -*- C++ -*-===//
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

namespace segc {

/// Relative rounding error of an f32 operation.
inline constexpr double f32Unit = 0x1p-24;

/// Evaluates the ops of a seg.fusion as its kernels do: values of 16 bits are
/// rounded, the root's factors as its strategy says, and reductions read what
/// the kernel has stored.
class FusionEvaluation {
public:
  /// `stored`: the results as the kernels wrote them. Of the root's result
  /// `elements` are computed, all if there are none.
  FusionEvaluation(seg::FusionOp fusion, const KernelModel &model,
                   llvm::ArrayRef<reference::HostTensor> inputs,
                   llvm::ArrayRef<reference::HostTensor> stored,
                   llvm::ArrayRef<int64_t> elements);

  /// The results, of 16 bits those before they are rounded. With `noise`,
  /// operations are disturbed by so many units of f32.
  llvm::FailureOr<std::vector<reference::HostTensor>> run(double noise,
                                                          uint64_t seed) const;

  /// Whether only the chosen elements of a result were computed.
  bool isSampled(unsigned result) const;

private:
  using Tensors = llvm::DenseMap<mlir::Value, reference::HostTensor>;

  llvm::FailureOr<std::vector<reference::HostTensor>>
  evaluate(mlir::Operation *op,
           llvm::ArrayRef<const reference::HostTensor *> operands, double noise,
           uint64_t seed) const;
  const reference::HostTensor *storedOperand(mlir::OpOperand &use) const;

  reference::SumRows rowsOf(seg::EpilogueReductionOpInterface op, double noise,
                            uint64_t seed) const;

  const KernelModel &model;
  mlir::Block &body; ///< Of the fusion.
  mlir::Operation *root;
  llvm::ArrayRef<reference::HostTensor> inputs, stored;
  llvm::ArrayRef<int64_t> elements;
  reference::ProductArithmetic arithmetic;
  /// Those of which only the chosen elements are known.
  llvm::DenseSet<mlir::Value> sampled;
};

/// How kernels of this strategy multiply.
reference::ProductArithmetic productArithmetic(mlir::DictionaryAttr strategy);

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_FUSIONEVALUATION_H
