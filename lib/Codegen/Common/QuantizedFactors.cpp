//===- QuantizedFactors.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

using namespace mlir;

namespace segc {

double quantizedInputScale(Operation *conv) {
  return conv->getOperand(0)
      .getDefiningOp<seg::DequantizeOp>()
      .getScaleAttr()
      .getValueAsDouble();
}

FilterScale filterScale(seg::PointwiseMath &m, Value largest) {
  Value scale = m.div(largest, m.constant(127));
  // A channel below the normal numbers is zero: the inverse of its scale would
  // be infinite.
  Value inverse = m.select(m.greater(scale, m.constant(0x1p-126)),
                           m.div(m.constant(1), scale), m.constant(0));
  return {scale, inverse};
}

} // namespace segc
