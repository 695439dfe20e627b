//===- Strategy.h - Names in a seg.fusion's strategy ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_STRATEGY_H
#define SEGC_TARGET_STRATEGY_H

#include "mlir/IR/BuiltinAttributes.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Target/TargetVersion.h"

namespace segc {

/// Strategy entries that every strategy may have.
inline constexpr llvm::StringLiteral strategyKindName = "kind";
inline constexpr llvm::StringLiteral strategyTempName = "temp_bytes";
/// Beside a temporary that holds a filter: what tiles leave of reductions that
/// follow the root.
inline constexpr llvm::StringLiteral strategySumsName = "sums_bytes";
/// Of pointwise fusions: the first dimension is not the batch.
inline constexpr llvm::StringLiteral strategyUnbatchedName = "unbatched";
/// The temporary is filled once by the entry `prepare`; it lies in the region
/// of that name, not in the arena.
inline constexpr llvm::StringLiteral strategyPreparedName = "prepared";

/// Of convolutions: outputs of a Winograd tile in each dimension, 1 where none
/// are transformed; and what they multiply, unless it is f32.
inline constexpr llvm::StringLiteral strategyTilesName = "m";
inline constexpr llvm::StringLiteral strategyMultiplyTypeName = "multiply_type";

/// What a strategy makes of a convolution's products.
struct ProductWork {
  /// Of the products of a direct convolution, with the transforms of Winograd
  /// tiles, which take about as long as what they leave.
  double share = 1;
  MultiplyType multiplyType = MultiplyType::F32;

  /// Work of the version's f32 units for each product of a direct convolution:
  /// its instructions take more of 16 bits at a time, where it has them.
  double on(const TargetVersion &version) const;
};
ProductWork productWork(mlir::DictionaryAttr strategy);

/// Checks the entries that every strategy may have: what planners and tables
/// read. The others are checked by the kernels.
llvm::LogicalResult verifyStrategyMemory(seg::FusionOp fusion);

/// The entry `name` of a strategy, which may be null; 0 if there is none.
int64_t strategyBytes(mlir::DictionaryAttr strategy, llvm::StringRef name);
/// Bytes of the arena that the kernels need while they run: the temporary,
/// unless it is prepared, and the sums behind it.
int64_t arenaTempBytes(mlir::DictionaryAttr strategy);
/// Where the sums begin in them.
int64_t sumsOffset(mlir::DictionaryAttr strategy);

} // namespace segc

#endif // SEGC_TARGET_STRATEGY_H
