//===- Softmax.h - Softmax over channels and its gradient -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_SOFTMAX_H
#define SEGC_CODEGEN_COMMON_SOFTMAX_H

#include "segc/Codegen/Common/ChannelValues.h"

namespace segc {

/// Intermediate results of the softmax of a pixel's logits z.
struct SoftmaxScale {
  mlir::Value maximum, sum; ///< Maximum of z, and sum of exp(z - maximum).
};
/// Emits the softmax. `probabilities` may be the same values as `logits`.
SoftmaxScale emitSoftmax(KernelBody &k, const ChannelValues &logits,
                         ChannelValues &probabilities);
/// Replaces the gradients by p * (grad - sum over channels of grad * p).
void emitSoftmaxGrad(KernelBody &k, const ChannelValues &probabilities,
                     ChannelValues &grads);
/// Sum over the channels.
mlir::Value emitChannelTotal(KernelBody &k, const ChannelValues &values);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_SOFTMAX_H
