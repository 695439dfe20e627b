//===- ReferenceModels.h - Registration of evaluations ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_REFERENCEMODELS_H
#define SEGC_LIB_REFERENCE_REFERENCEMODELS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Reference/ReferenceInterface.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <type_traits>

namespace segc::reference {

/// Makes `evaluateFn(op, operands, results)`, which returns void or a
/// LogicalResult, the reference evaluation of OpTy.
template <typename OpTy, auto evaluateFn>
struct Model
    : ReferenceOpInterface::ExternalModel<Model<OpTy, evaluateFn>, OpTy> {
  llvm::LogicalResult evaluate(mlir::Operation *op, Operands operands,
                               Results results) const {
    OpTy typed = mlir::cast<OpTy>(op);
    if constexpr (std::is_void_v<decltype(evaluateFn(typed, operands,
                                                     results))>) {
      evaluateFn(typed, operands, results);
      return mlir::success();
    } else {
      return evaluateFn(typed, operands, results);
    }
  }
};

template <typename OpTy, auto evaluateFn>
void attach(mlir::MLIRContext *context) {
  OpTy::template attachInterface<Model<OpTy, evaluateFn>>(*context);
}

// Each attaches the evaluations of one file.
void attachCollectiveModels(mlir::MLIRContext *context);
void attachConvModels(mlir::MLIRContext *context);
void attachElementwiseModels(mlir::MLIRContext *context);
void attachLossModels(mlir::MLIRContext *context);
void attachNormModels(mlir::MLIRContext *context);
void attachOptimizerModels(mlir::MLIRContext *context);
void attachPoolModels(mlir::MLIRContext *context);
void attachQuantizeModels(mlir::MLIRContext *context);
void attachShapeModels(mlir::MLIRContext *context);

/// Visits every index of a box in row-major order. An empty shape has one
/// index.
inline void
forEachIndex(llvm::ArrayRef<int64_t> shape,
             llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit) {
  for (int64_t size : shape)
    if (size == 0)
      return;
  Shape index(shape.size(), 0);
  while (true) {
    visit(index);
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1])
      index[--d] = 0;
    if (d == 0)
      return;
  }
}

/// Returns the row-major position of an index.
inline int64_t linearIndex(llvm::ArrayRef<int64_t> index,
                           llvm::ArrayRef<int64_t> shape) {
  int64_t linear = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    linear = linear * shape[d] + index[d];
  return linear;
}

inline int64_t product(llvm::ArrayRef<int64_t> shape) {
  int64_t result = 1;
  for (int64_t size : shape)
    result *= size;
  return result;
}

/// Returns the element of `tensor` for element i of a tensor of shape `to`, by
/// the broadcasting of pointwise ops.
double broadcastAt(const HostTensor &tensor, int64_t i,
                   llvm::ArrayRef<int64_t> to);

/// Returns the softmax over the channels of every position.
std::vector<double> softmax(const HostTensor &logits);

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_REFERENCEMODELS_H
