//===- QuantizeOps.h - Quantization of tensors ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A header of its own, because few passes and kernels need these ops.

#ifndef SEGC_DIALECT_SEG_IR_QUANTIZEOPS_H
#define SEGC_DIALECT_SEG_IR_QUANTIZEOPS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"

#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegQuantizeOps.h.inc"

namespace segc::seg {

/// Names of attributes of a convolution of a network: the scale by which its
/// input is quantized, and the relative root mean square error that quantizing
/// both factors causes in its result. Calibration writes them; see
/// seg-quantize-products.
inline constexpr llvm::StringLiteral inputScaleAttrName = "seg.input_scale",
                                     quantizedErrorAttrName =
                                         "seg.quantized_error";

/// Verifies such an attribute.
llvm::LogicalResult verifyQuantization(mlir::Operation *op,
                                       mlir::NamedAttribute attribute);

/// The value that the operand was quantized from, if it is dequantized; else
/// null.
mlir::Value quantizedSource(mlir::Value operand);
/// Whether both factors of a convolution are dequantized.
bool multipliesInt8(mlir::Operation *conv);
/// Whether the input of a convolution is quantized, but not its filter.
bool quantizesInput(mlir::Operation *conv);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_QUANTIZEOPS_H
