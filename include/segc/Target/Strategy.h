//===- Strategy.h - Parameters of strategies --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_STRATEGY_H
#define SEGC_TARGET_STRATEGY_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Target/TargetVersion.h"

namespace segc {

/// The kind of fusions without a root, and their parameter: the first dimension
/// is not the batch.
inline constexpr llvm::StringLiteral pointwiseKind = "pointwise",
                                     strategyUnbatchedName = "unbatched";
/// The kind of fusions of several parts without a root (FusionParts.h).
inline constexpr llvm::StringLiteral horizontalKind = "horizontal";

/// Of convolutions: outputs of a Winograd tile in each dimension, 1 where none
/// are transformed; and what they multiply, unless it is f32.
inline constexpr llvm::StringLiteral strategyTilesName = "m";
inline constexpr llvm::StringLiteral strategyMultiplyTypeName = "multiply_type";

/// A parameter that a kernel model declares for its strategies.
struct StrategyParameter {
  enum class Type {
    Size,    ///< A number from 1 to 2^20: products of a few stay in 64 bits.
    Sizes,   ///< Three of them.
    Switch,  ///< true or false.
    Keyword, ///< One of `keywords`.
    Kind,    ///< That of the strategy of another model.
    Flag     ///< There or not, without a value.
  };

  llvm::StringRef name;
  Type type;
  /// May be left out, as a flag may.
  bool optional = false;
  llvm::SmallVector<llvm::StringRef> keywords = {};

  bool isOptional() const { return optional || type == Type::Flag; }
  bool accepts(mlir::Attribute value) const;
  /// "three numbers from 1 to 1048576": what it accepts, in error messages.
  std::string expected() const;
};

/// Checks the fusion's strategy against the parameters of its model. Errors on
/// the root, or on the fusion without one, name the parameter, what is expected
/// and what there is.
llvm::LogicalResult
verifyStrategyParameters(seg::FusionOp fusion,
                         llvm::ArrayRef<StrategyParameter> parameters);

/// What a strategy makes of a convolution's products.
struct ProductWork {
  /// Of the products of a direct convolution, with the transforms of Winograd
  /// tiles, which take about as long as what they leave.
  double share = 1;
  MultiplyType multiplyType = MultiplyType::F32;
  /// Quantized factors are multiplied as integers of 8 bits, whatever
  /// `multiplyType` says.
  bool isInt8 = false;

  /// Work of the version's f32 units for each product of a direct convolution:
  /// its instructions take more of 16 bits at a time, where it has them.
  double on(const TargetVersion &version) const;
};
ProductWork productWork(seg::StrategyAttr strategy);

} // namespace segc

#endif // SEGC_TARGET_STRATEGY_H
