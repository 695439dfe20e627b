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

/// Of a pixel's logits z, beside the probabilities.
struct SoftmaxScale {
  mlir::Value maximum, sum; ///< Of z, and of exp(z - maximum).
};
/// The probabilities may lie where the logits do.
SoftmaxScale emitSoftmax(KernelBody &k, const ChannelValues &logits,
                         ChannelValues &probabilities);
/// p * (grad - sum over channels of grad * p), in place of the gradients.
void emitSoftmaxGrad(KernelBody &k, const ChannelValues &probabilities,
                     ChannelValues &grads);
/// Sum over the channels.
mlir::Value emitChannelTotal(KernelBody &k, const ChannelValues &values);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_SOFTMAX_H
