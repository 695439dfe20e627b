//===- WeightedMean.cpp - Losses that are means of pixels -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightedMean.h"

using namespace mlir;

namespace segc {

void storeWeightedMean(KernelBody &k, const PixelSums &sums, Value loss,
                       Value weight, MeanOfSum mean) {
  seg::PointwiseMath m = doubles(k);
  Value zero = k.index(0), tiles = k.mul(k.batch(), sums.tiles);
  Value first = sums.tileRow(k, zero, zero);
  Value total = sumStrided(k, k.sums(), first, tiles, sums.count);
  Value all = sumStrided(k, k.sums(), k.add(first, 1), tiles, sums.count);
  Value value = mean(m, total, all);
  value = m.select(m.greater(all, m.constant(0)), value, m.constant(0));
  if (Value memref = outputOf(k, loss))
    k.storeScalar(toFloat(k, value), memref, zero);
  if (Value memref = outputOf(k, weight))
    k.storeScalar(toFloat(k, all), memref, zero);
}

Value emitWeightedMeanGrad(KernelBody &k, Value grad, Value weight,
                           MeanOfSum mean) {
  seg::PointwiseMath m = doubles(k);
  Value all = loadDouble(k, inputOf(k, weight), k.index(0));
  Value scale = mean(m, loadDouble(k, inputOf(k, grad), k.index(0)), all);
  scale = m.select(m.greater(all, m.constant(0)), scale, m.constant(0));
  return toFloat(k, scale);
}

} // namespace segc
