//===- Resampling.h - Gathers with tables of weights ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What kernels of seg.resize and its gradient compute at one position of the
// result. The tables of ResizeWeights.h are constants of the kernel.

#ifndef SEGC_CODEGEN_COMMON_RESAMPLING_H
#define SEGC_CODEGEN_COMMON_RESAMPLING_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/Common/ResizeWeights.h"

namespace segc {

/// result[p] = sum over the tables' entries of weights * operand[sources], with
/// a table for each spatial dimension.
struct Resampling {
  explicit Resampling(seg::ResizeOp op);
  explicit Resampling(seg::ResizeGradOp op);

  /// Elements of the operand that an element of the result adds up, about.
  double terms() const;

  mlir::Value operand, result;
  llvm::SmallVector<ResizeWeights> tables;
};

/// The table of one dimension, as constant globals.
class ResamplingTable {
public:
  ResamplingTable(KernelBody &k, const ResizeWeights &table, size_t dimension);

  /// Emits a left fold of `body(source, weight, sum)` over the entries of
  /// `position`.
  mlir::Value
  fold(KernelBody &k, mlir::Value position, mlir::Value sum,
       llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, mlir::Value)>
           body) const;

private:
  int64_t uniformCount; ///< Number of entries of every position; -1 if it
                        ///< differs.
  mlir::Value startArray, sourceArray, weightArray;
};

/// A kernel with the tables of a resampling.
class ResamplingBody {
public:
  ResamplingBody(KernelBody &k, const Resampling &resampling);

  /// Emits the value at a position.
  mlir::Value valueAt(llvm::ArrayRef<mlir::Value> position, mlir::Value sample,
                      mlir::Value channel, int64_t lanes,
                      mlir::Value mask) const;

private:
  /// Emits the dimensions from `d` on. `row` and `weight` are the row and the
  /// product of weights of the outer dimensions.
  struct Element {
    llvm::ArrayRef<mlir::Value> position;
    mlir::Value channel;
    int64_t lanes;
    mlir::Value mask;
  };
  mlir::Value fold(const Element &element, size_t d, mlir::Value row,
                   mlir::Value weight, mlir::Value sum) const;

  KernelBody &k;
  const Resampling &resampling;
  llvm::SmallVector<ResamplingTable> tables;
};

/// The label that seg.downsample_labels takes at a voxel of the result.
mlir::Value downsampledLabel(KernelBody &k, seg::DownsampleLabelsOp op,
                             mlir::Value sample, mlir::Value voxel);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_RESAMPLING_H
