//===- ConvEval.cpp - Convolutions ----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Convolution.h"

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {
namespace {

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
