//===- WeightedMean.h - Losses that are means of pixels ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_COMMON_WEIGHTEDMEAN_H
#define SEGC_LIB_CODEGEN_COMMON_WEIGHTEDMEAN_H

#include "segc/Codegen/Common/LossPixels.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

namespace segc {

/// Emits the quotient of a sum over pixels and what their weight makes of a
/// divisor, in f64.
using MeanOfSum = llvm::function_ref<mlir::Value(
    const seg::PointwiseMath &m, mlir::Value sum, mlir::Value weight)>;

/// Stores the mean of `sums`, which are a term of each pixel and the pixels'
/// weight, to the result `loss`, and the weight to the result `weight`. The
/// mean is 0 where nothing has weight.
void storeWeightedMean(KernelBody &k, const PixelSums &sums, mlir::Value loss,
                       mlir::Value weight, MeanOfSum mean);

/// Emits the gradient of such a mean with respect to the terms, of type f32,
/// from the operands `grad` and `weight`.
mlir::Value emitWeightedMeanGrad(KernelBody &k, mlir::Value grad,
                                 mlir::Value weight, MeanOfSum mean);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_COMMON_WEIGHTEDMEAN_H
