//===- SegInterfaces.h - Interfaces of seg ops ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DIALECT_SEG_INTERFACES_SEGINTERFACES_H
#define SEGC_DIALECT_SEG_INTERFACES_SEGINTERFACES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace segc::seg {
/// Trait of ops that are derivatives or have none. See SegInterfaces.td.
template <typename ConcreteOp>
class NotDifferentiable
    : public mlir::OpTrait::TraitBase<ConcreteOp, NotDifferentiable> {};

/// The source of a result's elements: element (position, channel) of the result
/// is element (position + offsets, channel - firstChannel) of the operand.
struct ElementSource {
  mlir::Value operand;
  int64_t firstChannel = 0;
  llvm::SmallVector<int64_t> offsets; ///< One for each dimension; empty: all 0.
};

/// Inputs of OptimizerOpInterface::buildUpdate.
struct OptimizerInputs {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::DictionaryAttr options; ///< The `optimizer` of the network.
  mlir::Value params, grads, finite, learningRate, weightDecay, lossScale;
  mlir::IntegerAttr decayElements;
  /// A scalar of the step: "momentum" or "step".
  llvm::function_ref<mlir::Value(llvm::StringRef name)> scalar;
  /// A state of the parameters' size, initialised with `initial`.
  llvm::function_ref<mlir::Value(llvm::StringRef name, double initial)> state;

  /// The number `name` of the options.
  mlir::FloatAttr number(llvm::StringRef name, double fallback) const;
  /// The flag `name` of the options; null if it is off.
  mlir::UnitAttr flag(llvm::StringRef name) const;
};

/// Precision class of an op: it gains from 16-bit values (Allow), takes them
/// where that saves a cast (Infer), is safe with either type (Clear), or needs
/// f32 (Deny).
enum class PrecisionClass { Allow, Infer, Clear, Deny };

template <PrecisionClass value>
struct PrecisionIs {
  template <typename ConcreteOp>
  class Impl : public mlir::OpTrait::TraitBase<ConcreteOp, Impl> {
  public:
    static PrecisionClass precisionClass() { return value; }
  };
};

/// See ShapeFunctions.h.
int64_t tensorBytes(mlir::Value value);

template <int count>
struct FlopsAnElement {
  template <typename ConcreteOp>
  class Impl : public mlir::OpTrait::TraitBase<ConcreteOp, Impl> {
  public:
    double flops() {
      auto type = llvm::cast<mlir::RankedTensorType>(
          this->getOperation()->getOperand(0).getType());
      return static_cast<double>(count) *
             static_cast<double>(type.getNumElements());
    }
  };
};

namespace detail {
/// pointwise_c1: every operand broadcasts to the result, and one has its shape.
llvm::LogicalResult verifyPointwise(mlir::Operation *op);
} // namespace detail
} // namespace segc::seg

#include "segc/Dialect/Seg/Interfaces/SegInterfaces.h.inc"

#endif // SEGC_DIALECT_SEG_INTERFACES_SEGINTERFACES_H
