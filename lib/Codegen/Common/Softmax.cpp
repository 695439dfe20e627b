//===- Softmax.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Softmax.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

SoftmaxScale emitSoftmax(KernelBody &k, const ChannelValues &logits,
                         ChannelValues &probabilities) {
  Value first = logits.get(k, 0);
  seg::PointwiseMath m(k.builder(), k.loc(), first.getType());
  int64_t channels = logits.size();
  SoftmaxScale result;
  result.maximum =
      forChannels(k, 1, channels, first,
                  [&](Channel c, ValueRange carried) -> SmallVector<Value> {
                    return {m.max(carried[0], logits.get(k, c))};
                  })[0];
  auto exponential = [&](Channel c) {
    Value e = m.exp(m.sub(logits.get(k, c), result.maximum));
    probabilities.set(k, c, e);
    return e;
  };
  result.sum =
      forChannels(k, 1, channels, exponential(Channel(0)),
                  [&](Channel c, ValueRange carried) -> SmallVector<Value> {
                    return {m.add(carried[0], exponential(c))};
                  })[0];
  Value inverse = m.div(m.constant(1), result.sum);
  forChannels(k, channels, [&](Channel c) {
    probabilities.set(k, c, m.mul(probabilities.get(k, c), inverse));
  });
  return result;
}

void emitSoftmaxGrad(KernelBody &k, const ChannelValues &probabilities,
                     ChannelValues &grads) {
  Value p = probabilities.get(k, 0);
  seg::PointwiseMath m(k.builder(), k.loc(), p.getType());
  Value mean = m.mul(p, grads.get(k, 0));
  mean = forChannels(
      k, 1, grads.size(), mean,
      [&](Channel c, ValueRange carried) -> SmallVector<Value> {
        return {m.fma(probabilities.get(k, c), grads.get(k, c), carried[0])};
      })[0];
  forChannels(k, grads.size(), [&](Channel c) {
    grads.set(k, c,
              m.mul(probabilities.get(k, c), m.sub(grads.get(k, c), mean)));
  });
}

Value emitChannelTotal(KernelBody &k, const ChannelValues &values) {
  Value first = values.get(k, 0);
  seg::PointwiseMath m(k.builder(), k.loc(), first.getType());
  return forChannels(k, 1, values.size(), first,
                     [&](Channel c, ValueRange carried) -> SmallVector<Value> {
                       return {m.add(carried[0], values.get(k, c))};
                     })[0];
}

} // namespace segc
