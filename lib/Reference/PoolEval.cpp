//===- PoolEval.cpp - Pooling ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {
namespace {

/// Visits every element of the pooled side with its position and that of the
/// first maximum of its window.
void forEachWindow(const HostTensor &x, ArrayRef<int64_t> pooledShape,
                   ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                   llvm::function_ref<void(int64_t, int64_t)> visit) {
  Shape shape(x.shape());
  forEachIndex(pooledShape, [&](ArrayRef<int64_t> o) {
    int64_t best = -1;
    Shape index(o);
    forEachIndex(window, [&](ArrayRef<int64_t> t) {
      for (size_t d = 0; d < window.size(); ++d)
        index[d + 1] = o[d + 1] * strides[d] + t[d];
      int64_t i = linearIndex(index, shape);
      if (best < 0 || x[i] > x[best])
        best = i;
    });
    visit(linearIndex(o, pooledShape), best);
  });
}

void maxPool(MaxPoolOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  forEachWindow(x, results[0].shape(), op.getWindow(), op.getStrides(),
                [&](int64_t o, int64_t i) { results[0][o] = x[i]; });
}

void maxPoolGrad(MaxPoolGradOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0], &dy = *operands[1];
  forEachWindow(x, dy.shape(), op.getWindow(), op.getStrides(),
                [&](int64_t o, int64_t i) { results[0][i] += dy[o]; });
}

/// Visits every element of every window with the position of the window's
/// value, that of the element in the larger side, and the weight of the element
/// in the mean.
template <typename Op>
void forEachShare(Op op, ArrayRef<int64_t> largeShape,
                  ArrayRef<int64_t> smallShape,
                  llvm::function_ref<void(int64_t, int64_t, double)> visit) {
  ArrayRef<int64_t> window = op.getWindow();
  forEachIndex(smallShape, [&](ArrayRef<int64_t> o) {
    SmallVector<int64_t> elements;
    Shape index(o);
    forEachIndex(window, [&](ArrayRef<int64_t> t) {
      for (size_t d = 0; d < window.size(); ++d) {
        int64_t i = o[d + 1] * op.getStrides()[d] + t[d] - op.getPadLow()[d];
        if (i < 0 || i >= largeShape[d + 1])
          return;
        index[d + 1] = i;
      }
      elements.push_back(linearIndex(index, largeShape));
    });
    int64_t count = op.getCountIncludePad() ? product(window) : elements.size();
    for (int64_t i : elements)
      visit(linearIndex(o, smallShape), i, 1.0 / static_cast<double>(count));
  });
}

void avgPool(AvgPoolOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  forEachShare(op, x.shape(), results[0].shape(),
               [&](int64_t o, int64_t i, double share) {
                 results[0][o] += share * x[i];
               });
}

void avgPoolGrad(AvgPoolGradOp op, Operands operands, Results results) {
  const HostTensor &dy = *operands[0];
  forEachShare(op, results[0].shape(), dy.shape(),
               [&](int64_t o, int64_t i, double share) {
                 results[0][i] += share * dy[o];
               });
}

} // namespace

void attachPoolModels(MLIRContext *context) {
  attach<AvgPoolGradOp, avgPoolGrad>(context);
  attach<AvgPoolOp, avgPool>(context);
  attach<MaxPoolOp, maxPool>(context);
  attach<MaxPoolGradOp, maxPoolGrad>(context);
}

} // namespace segc::reference
