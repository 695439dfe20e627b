//===- MmaWarps.h - Factors and sums of warps -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_MMAWARPS_H
#define SEGC_LIB_CODEGEN_GPU_CONV_MMAWARPS_H

#include "FactorCopies.h"
#include "MmaBlock.h"

namespace segc {

/// What the blocks of mma.sync share: factors in shared memory, and the sums of
/// a warp.
///
/// Shared memory holds factors in rows: by depth, or by row (A) or column (B).
/// A row consists of pieces of 16 bytes, which are permuted from row to row so
/// that the eight rows that ldmatrix reads at a time lie in different banks.
/// ldmatrix transposes 16-bit elements alone: factors of tf32 that lie across
/// the depth are loaded one by one, a warp two pieces of four rows at a time.
/// Those of 8 bits lie along the depth, two in the place of one of 16 bits.
class MmaWarps : public FactorCopies {
public:
  /// Of a block whose steps take so many elements of shared memory.
  MmaWarps(GpuKernelBody &k, const MmaTiling &tiling, int64_t elements);

  using Values = llvm::SmallVector<mlir::Value>;

  /// The element at `at` of a row.
  mlir::Value elementAt(int64_t rowElements, bool alongDepth, mlir::Value row,
                        mlir::Value at);
  /// The element of shared memory that has the factor of a row or column and a
  /// depth.
  using Place =
      llvm::function_ref<mlir::Value(mlir::Value index, mlir::Value depth)>;
  /// Loads the warp's fragments of an operand, 16 rows or columns by
  /// `fragmentDepth`, four registers each: the halves of rows or columns by
  /// those of the depth. A has the rows first, B the depth.
  Values loadFragments(GemmOperand operand, bool alongDepth, int64_t depth,
                       Place place);
  /// The same of tf32 for one product, factor by factor: what `load` returns
  /// for a row or column and `depth` + lane % 4, its second argument that
  /// without the lane.
  Values loadElements(
      GemmOperand operand, int64_t depth,
      llvm::function_ref<mlir::Value(mlir::Value index, int64_t depth)> load);
  /// Zeros, four for each 16 x 8 of the warp's tile.
  Values zeros();
  /// Adds the product of two operands' fragments.
  void multiply(llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b,
                llvm::MutableArrayRef<mlir::Value> sums);
  /// Passes the sums on in f32 by twos, which are two columns of a row of the
  /// tile.
  void
  forSums(llvm::ArrayRef<mlir::Value> sums,
          llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> body);
  /// Stores the sums in the place of the factors.
  void storeSums(llvm::ArrayRef<mlir::Value> sums);

  const int64_t fragmentDepth; ///< Of a product.

private:
  static constexpr int64_t fragment = 16; ///< Rows or columns.
  mlir::Value roundToTf32(mlir::Value value);
  mlir::Value pairOf(llvm::ArrayRef<mlir::Value> sums);
  Values multiplyFragment(llvm::ArrayRef<mlir::Value> a,
                          llvm::ArrayRef<mlir::Value> b, mlir::ValueRange sums);
  int64_t rowFragments() const { return tiling.warpRows / fragment; }
  int64_t columnFragments() const { return tiling.warpColumns / fragment; }

  MmaTiling tiling;
  bool isTf32;
  mlir::Type element;
  mlir::Value lane, warpRow, warpColumn;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_MMAWARPS_H
