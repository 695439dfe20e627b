//===- WinogradTransform.h - Transforms of tiles ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Y = A^T [(G g) (B^T d)] in each dimension: m outputs y of a correlation with
// 3 taps g from m + 2 inputs d by m + 2 products (Lavin and Gray, arXiv
// 1509.09308). Tiles of 2 use the points 0, 1, -1; tiles of 4 the points
// 0, 1, -1, 1/2, -2, which err half as much as 2 and -2 do (Barabasz et al.,
// arXiv 1803.10986). A dimension without taps has m = 1 and 1x1 matrices.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_WINOGRADTRANSFORM_H
#define SEGC_LIB_CODEGEN_CPU_WINOGRADTRANSFORM_H

#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// A constant matrix that multiplies vectors of vectors.
struct TransformMatrix {
  int64_t rows, columns;
  llvm::SmallVector<double> values; ///< Row-major.

  double at(int64_t row, int64_t column) const {
    return values[row * columns + column];
  }
  bool isIdentity() const { return rows == 1 && columns == 1; }
  TransformMatrix transposed() const;
};

/// B^T, G and A^T of tiles of `m` outputs (1, 2 or 4) and 3 taps.
TransformMatrix winogradInput(int64_t m);
TransformMatrix winogradFilter(int64_t m);
TransformMatrix winogradOutput(int64_t m);

using TransformMatrices = std::array<TransformMatrix, 3>;
/// One matrix for each dimension.
TransformMatrices forEachDim(const Dims &m, TransformMatrix (*make)(int64_t));
TransformMatrices transposed(const TransformMatrices &matrices);

/// One row of a matrix times a vector of vectors; those that the row has no use
/// for may be null.
mlir::Value transformRow(KernelBody &body, const TransformMatrix &matrix,
                         int64_t row, llvm::ArrayRef<mlir::Value> in,
                         int64_t lanes);

/// Memory for the planes of a box between two dimensions' transforms.
struct TransformBuffer {
  mlir::Value memref;
  int64_t base;
};
/// Floats of it.
int64_t transformBufferSize(const TransformMatrices &matrices, int64_t lanes);

/// Multiplies a box of vectors with a matrix along each dimension. `load`
/// gives the vector at (d, h, w), `store` takes that of the result.
void transformBox(
    KernelBody &body, const TransformMatrices &matrices, TransformBuffer buffer,
    int64_t lanes,
    llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, mlir::Value)> load,
    llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value, mlir::Value)>
        store);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_WINOGRADTRANSFORM_H
