//===- QuantizeEval.cpp - Quantization ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// As with seg.cast, the interpreter rounds to whole numbers, depending on its
// precision; saturation belongs to the ops.

#include "ReferenceModels.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

static constexpr double largest = 127;

static void quantize(QuantizeOp op, Operands operands, Results results) {
  double scale = op.getScale().convertToDouble();
  for (int64_t i = 0; i < results[0].size(); ++i)
    results[0][i] = std::clamp((*operands[0])[i] / scale, -largest, largest);
}

static void quantizeFilter(QuantizeFilterOp, Operands operands,
                           Results results) {
  const HostTensor &filter = *operands[0];
  HostTensor &quantized = results[0], &scales = results[1];
  int64_t channels = filter.channels();
  for (int64_t i = 0; i < filter.size(); ++i) {
    double &scale = scales[i % channels];
    scale = std::max(scale, std::fabs(filter[i]) / largest);
  }
  for (int64_t i = 0; i < filter.size(); ++i)
    if (double scale = scales[i % channels]; scale > 0)
      quantized[i] = filter[i] / scale;
}

static void dequantize(DequantizeOp op, Operands operands, Results results) {
  FloatAttr scale = op.getScaleAttr();
  for (int64_t i = 0; i < results[0].size(); ++i)
    results[0][i] =
        (*operands[0])[i] * (scale ? scale.getValueAsDouble()
                                   : (*operands[1])[i % operands[1]->size()]);
}

void attachQuantizeModels(MLIRContext *context) {
  attach<QuantizeOp, quantize>(context);
  attach<QuantizeFilterOp, quantizeFilter>(context);
  attach<DequantizeOp, dequantize>(context);
}

} // namespace segc::reference
