//===- ConvEval.cpp - Convolutions ----------------------------------------===//
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

/// The relation of a convolution between a large side (its input), a small
/// side (its output) and a filter, by the constraints conv_c*.
struct Convolution {
  Shape large, small, taps;
  ArrayRef<int64_t> strides, low;
  int64_t samples, in, out;
  bool transposed;
  /// Of the filter's input channels, and which of them the large side has.
  int64_t allIn, first;

  template <typename OpTy>
  Convolution(OpTy op, const HostTensor &largeSide, const HostTensor &smallSide,
              const HostTensor &filter, bool transposed, int64_t first = 0)
      : large(largeSide.shape().drop_front().drop_back()),
        small(smallSide.shape().drop_front().drop_back()),
        taps(filter.shape().drop_back(2)), strides(op.getStrides()),
        low(op.getPadLow()), samples(largeSide.shape()[0]),
        in(largeSide.channels()), out(smallSide.channels()),
        transposed(transposed),
        allIn(filter.shape()[filter.shape().size() - (transposed ? 1 : 2)]),
        first(first) {}

  int64_t filterAt(int64_t tap, int64_t c, int64_t k) const {
    c += first;
    return transposed ? (tap * out + k) * allIn + c
                      : (tap * allIn + c) * out + k;
  }

  /// Visits every product of the convolution: positions in the large side,
  /// the small side and the filter.
  template <typename Visit>
  void forEachProduct(Visit visit) const {
    int64_t largeSize = product(large), smallSize = product(small);
    Shape position(large.size());
    forEachIndex(small, [&](ArrayRef<int64_t> o) {
      forEachIndex(taps, [&](ArrayRef<int64_t> t) {
        for (size_t d = 0; d < large.size(); ++d) {
          position[d] = o[d] * strides[d] + t[d] - low[d];
          if (position[d] < 0 || position[d] >= large[d])
            return;
        }
        int64_t tap = linearIndex(t, taps);
        for (int64_t n = 0; n < samples; ++n) {
          int64_t i = (n * largeSize + linearIndex(position, large)) * in;
          int64_t j = (n * smallSize + linearIndex(o, small)) * out;
          for (int64_t c = 0; c < in; ++c)
            for (int64_t k = 0; k < out; ++k)
              visit(i + c, j + k, filterAt(tap, c, k));
        }
      });
    });
  }
};

void addBias(Operands operands, HostTensor &y) {
  if (operands.size() == 3)
    for (int64_t i = 0; i < y.size(); ++i)
      y[i] += (*operands[2])[i % y.channels()];
}

void conv(ConvOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0], &w = *operands[1];
  HostTensor &y = results[0];
  Convolution(op, x, y, w, op.getTransposeFilter())
      .forEachProduct(
          [&](int64_t i, int64_t j, int64_t f) { y[j] += x[i] * w[f]; });
  addBias(operands, y);
}

void convTranspose(ConvTransposeOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0], &w = *operands[1];
  HostTensor &y = results[0];
  Convolution(op, y, x, w, /*transposed=*/true)
      .forEachProduct(
          [&](int64_t i, int64_t j, int64_t f) { y[i] += x[j] * w[f]; });
  addBias(operands, y);
}

void convInputGrad(ConvInputGradOp op, Operands operands, Results results) {
  const HostTensor &dy = *operands[0], &w = *operands[1];
  HostTensor &dx = results[0];
  Convolution(op, dx, dy, w, op.getTransposeFilter(), op.getFirstChannel())
      .forEachProduct(
          [&](int64_t i, int64_t j, int64_t f) { dx[i] += dy[j] * w[f]; });
}

void convFilterGrad(ConvFilterGradOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0], &dy = *operands[1];
  HostTensor &dw = results[0];
  Convolution(op, x, dy, dw, op.getTransposeFilter())
      .forEachProduct(
          [&](int64_t i, int64_t j, int64_t f) { dw[f] += x[i] * dy[j]; });
}

void channelSum(ChannelSumOp, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  for (int64_t i = 0; i < x.size(); ++i)
    results[0][i % x.channels()] += x[i];
}

} // namespace

void attachConvModels(MLIRContext *context) {
  attach<ConvOp, conv>(context);
  attach<ConvTransposeOp, convTranspose>(context);
  attach<ConvInputGradOp, convInputGrad>(context);
  attach<ConvFilterGradOp, convFilterGrad>(context);
  attach<ChannelSumOp, channelSum>(context);
}

} // namespace segc::reference
