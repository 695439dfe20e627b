//===- Pooling.h - Windows of pooling ops -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What kernels of pooling compute for a vector of channels at one position; the
// target writes the loops. Average pooling and its gradient gather, so that
// results do not depend on the order of tasks where windows overlap.

#ifndef SEGC_CODEGEN_COMMON_POOLING_H
#define SEGC_CODEGEN_COMMON_POOLING_H

#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

//===----------------------------------------------------------------------===//
// Max pooling
//===----------------------------------------------------------------------===//

/// The windows of an op, which do not overlap. `large` are the spatial sizes of
/// their elements, `small` those of the tensor with one value for each window.
struct MaxPoolWindows {
  explicit MaxPoolWindows(seg::MaxPoolOp op);
  explicit MaxPoolWindows(seg::MaxPoolGradOp op);

  int64_t taps() const { return product(window); }
  /// Rows of windows of a sample.
  int64_t rows() const { return product(small.drop_back()); }
  /// Whether some elements are in no window.
  bool hasGaps() const;

  /// First elements of the rows of pixels that the windows of a row span, whose
  /// outer position is `position`.
  llvm::SmallVector<mlir::Value>
  rowsOf(KernelBody &k, mlir::Value sample,
         llvm::ArrayRef<mlir::Value> position) const;
  /// Channel 0 of each tap, in row-major order, of window number `x` of the row
  /// with these `rowsOf`.
  llvm::SmallVector<mlir::Value>
  tapsOf(KernelBody &k, llvm::ArrayRef<mlir::Value> rows, mlir::Value x) const;

  llvm::ArrayRef<int64_t> large, small, window, strides;
  int64_t channels;

private:
  static int64_t product(llvm::ArrayRef<int64_t> sizes);
};

/// A vector of channels of a window: the elements of its taps and of its value.
struct MaxPoolVector {
  llvm::ArrayRef<mlir::Value> taps;
  mlir::Value small;
  int64_t lanes;
  mlir::Value mask; ///< Null: all lanes.
};

/// Stores the maximum.
void emitMaxPool(KernelBody &k, seg::MaxPoolOp op, const MaxPoolVector &window);
/// Stores the gradient to the first maximum, and zero to the other taps.
void emitMaxPoolGrad(KernelBody &k, seg::MaxPoolGradOp op,
                     const MaxPoolVector &window);

//===----------------------------------------------------------------------===//
// Average pooling
//===----------------------------------------------------------------------===//

/// Consecutive positions of one dimension. `count` is a constant where it is
/// the same for all positions.
struct PositionRange {
  mlir::Value first, count;
};

/// One dimension of a pooling, from `large` elements to `small` windows.
struct PooledDimension {
  int64_t large, small, window, stride, low;

  bool isPadded() const {
    return low > 0 || (small - 1) * stride - low + window > large;
  }
  /// Returns the elements of a window.
  PositionRange elementsOf(KernelBody &k, mlir::Value small) const;
  /// Returns the windows of an element. Their count may be negative after the
  /// last window, which loops treat as 0.
  PositionRange windowsOf(KernelBody &k, mlir::Value large) const;
};

/// Average pooling or its gradient.
class AvgPooling {
public:
  explicit AvgPooling(seg::AvgPoolOp op);
  explicit AvgPooling(seg::AvgPoolGradOp op);

  mlir::Value getResult() const { return result; }
  /// Elements of the operand that an element of the result adds up, about.
  double terms() const;
  /// Emits the value at a position: the mean of its window, or the sum of its
  /// windows' gradients divided by their counts.
  mlir::Value valueAt(KernelBody &k, llvm::ArrayRef<mlir::Value> position,
                      mlir::Value sample, mlir::Value channel, int64_t lanes,
                      mlir::Value mask) const;

private:
  template <typename Op>
  AvgPooling(Op op, mlir::Value operand, bool isGradient,
             mlir::RankedTensorType large, mlir::RankedTensorType small);
  /// 1 / count of the window at a position, in every lane.
  mlir::Value share(KernelBody &k, llvm::ArrayRef<mlir::Value> window,
                    int64_t lanes) const;
  /// The index of an element of the activation whose spatial sizes are the
  /// member `size`.
  mlir::Value elementIndex(KernelBody &k, int64_t PooledDimension::*size,
                           mlir::Value sample,
                           llvm::ArrayRef<mlir::Value> position,
                           mlir::Value channel) const;

  llvm::SmallVector<PooledDimension> dimensions;
  int64_t taps = 1, channels;
  bool countsPadding, isGradient;
  mlir::Value operand, result;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_POOLING_H
