//===- ShapeFunctions.h - Shapes of seg ops, as free functions --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Shared by verifiers, builders, gradients and the reference evaluation.

#ifndef SEGC_DIALECT_SEG_IR_SHAPEFUNCTIONS_H
#define SEGC_DIALECT_SEG_IR_SHAPEFUNCTIONS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace segc::seg {

using Shape = llvm::SmallVector<int64_t, 6>;

// Verifiers call these for types of any rank: missing dimensions are empty, and
// a tensor of rank 0 has one channel.

/// Whether every size is known and at least 1, and their product small enough
/// that the bytes of thousands of tensors add up in 64 bits. There is no
/// encoding: layouts are the compiler's.
bool hasBoundedShape(mlir::RankedTensorType type);

/// The largest stride, window or padding. Its sums and products with a size fit
/// into 64 bits.
inline constexpr int64_t maxStep = 1 << 20;

/// Spatial dimensions of an activation: all but the first and the last.
llvm::ArrayRef<int64_t> spatialDims(mlir::RankedTensorType type);
/// All dimensions but the last.
llvm::ArrayRef<int64_t> positionDims(mlir::RankedTensorType type);
/// Product of the spatial dimensions.
int64_t spatialSize(mlir::RankedTensorType type);
int64_t channels(mlir::RankedTensorType type);
/// Bytes of a tensor value of static shape.
int64_t tensorBytes(mlir::Value value);

/// Positions from a filter's first tap to its last, both included. Empty
/// dilations mean 1.
Shape dilatedTaps(llvm::ArrayRef<int64_t> taps,
                  std::optional<llvm::ArrayRef<int64_t>> dilations);

/// (in + low + high - taps) / stride + 1 in each dimension.
Shape convOutputSpatial(llvm::ArrayRef<int64_t> in,
                        llvm::ArrayRef<int64_t> taps,
                        llvm::ArrayRef<int64_t> strides,
                        llvm::ArrayRef<int64_t> low,
                        llvm::ArrayRef<int64_t> high);

/// (in - 1) * stride + taps - low - high in each dimension.
Shape convTransposeOutputSpatial(llvm::ArrayRef<int64_t> in,
                                 llvm::ArrayRef<int64_t> taps,
                                 llvm::ArrayRef<int64_t> strides,
                                 llvm::ArrayRef<int64_t> low,
                                 llvm::ArrayRef<int64_t> high);

/// N x spatial x C with the sample count and element type of `like`.
mlir::RankedTensorType activationType(mlir::RankedTensorType like,
                                      llvm::ArrayRef<int64_t> spatial,
                                      int64_t channels);

/// How an operand of a pointwise op is broadcast to the result's shape.
enum class Broadcast {
  None,       ///< Same shape.
  Channel,    ///< Last dimension 1: one value for all channels.
  PerChannel, ///< [C].
  PerSample,  ///< [N, C] on a result of higher rank.
  Scalar,     ///< Rank 0.
  Invalid,
};
Broadcast classifyBroadcast(mlir::RankedTensorType operand,
                            mlir::RankedTensorType result);

/// "2x8x8x16", for messages.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace segc::seg

#endif // SEGC_DIALECT_SEG_IR_SHAPEFUNCTIONS_H
