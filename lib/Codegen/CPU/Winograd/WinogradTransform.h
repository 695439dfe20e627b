//===- WinogradTransform.h - Winograd transforms of vectors -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADTRANSFORM_H
#define SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADTRANSFORM_H

#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/Common/WinogradMatrices.h"

namespace segc {

using TransformMatrices = std::array<TransformMatrix, 3>;
/// Returns the matrices of the three dimensions.
TransformMatrices forEachDim(const Dims &m, TransformMatrix (*make)(int64_t));
/// Returns the matrices of a tiling of convolutions.
TransformMatrices inputTransform(const WinogradTiling &tiling);
TransformMatrices filterTransform(const WinogradTiling &tiling);
TransformMatrices outputTransform(const WinogradTiling &tiling);
/// The columns [first, past) of a box, by height and width, and their transform
/// along depth.
struct ColumnTransform {
  std::array<int64_t, 2> first, past;
  TransformMatrix matrix;
};
/// Returns the transforms along depth where they differ between columns: those
/// of 8-bit integers, which are divided (see wholeDivisor), and of their
/// filter.
llvm::SmallVector<ColumnTransform> inputColumns(const WinogradTiling &tiling);
llvm::SmallVector<ColumnTransform> filterColumns(const WinogradTiling &tiling);
TransformMatrices transposed(const TransformMatrices &matrices);

/// Returns the product of one row of a matrix with a column of vectors. Vectors
/// whose coefficient is 0 may be null. For vectors of integers coefficients are
/// whole numbers or quarters, with which the sum is rounded to the nearest
/// number, halves up in even lanes and down in odd ones; no part of it is
/// larger than its terms together.
mlir::Value transformRow(KernelBody &body, const TransformMatrix &matrix,
                         int64_t row, llvm::ArrayRef<mlir::Value> in,
                         int64_t lanes);

/// Memory for the planes of a box between the transforms of two dimensions.
struct TransformBuffer {
  mlir::Value memref;
  int64_t base;
};
/// Returns the size of that memory in floats.
int64_t transformBufferSize(const TransformMatrices &matrices, int64_t lanes);

/// Multiplies a box of vectors with a matrix along each dimension. `load`
/// returns the vector at (d, h, w) of the box, `store` stores the vector at (d,
/// h, w) of the result. `columns`, which may be empty, replace the matrix along
/// depth; a box of depth 1 has no such transform.
void transformBox(
    KernelBody &body, const TransformMatrices &matrices, TransformBuffer buffer,
    int64_t lanes,
    llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, mlir::Value)> load,
    llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value, mlir::Value)>
        store,
    llvm::ArrayRef<ColumnTransform> columns = {});

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_WINOGRAD_WINOGRADTRANSFORM_H
