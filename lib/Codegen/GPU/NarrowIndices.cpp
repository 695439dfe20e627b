//===- NarrowIndices.cpp - Index arithmetic of 32 bits --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Codegen/GPU/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_NARROWINDICESPASS
#include "segc/Codegen/GPU/Passes.h.inc"

namespace {

/// Whether the op computes in whatever type its indices have.
bool isArithmetic(Operation *op) {
  return isa<arith::ArithDialect>(op->getDialect()) &&
         !isa<arith::IndexCastOp, arith::IndexCastUIOp>(op);
}

class Narrowing {
public:
  explicit Narrowing(gpu::GPUFuncOp function)
      : function(function), b(function.getContext()),
        narrow(b.getIntegerType(32)) {}

  void run() {
    if (!constantsFit())
      return;
    SmallVector<Value> wide;
    collect(wide);
    for (Value value : wide)
      narrowUses(value);
    function.walk([&](Operation *op) { widenOperands(op); });
  }

private:
  bool constantsFit() {
    return !function
                .walk([](arith::ConstantIndexOp constant) {
                  return llvm::isInt<32>(constant.value())
                             ? WalkResult::advance()
                             : WalkResult::interrupt();
                })
                .wasInterrupted();
  }

  /// Changes the types of what the kernel computes with indices, and finds the
  /// indices that come from elsewhere.
  void collect(SmallVectorImpl<Value> &wide) {
    for (Block &block : function.getBody())
      for (BlockArgument argument : block.getArguments())
        if (argument.getType().isIndex()) {
          if (block.isEntryBlock())
            wide.push_back(argument);
          else
            setNarrow(argument);
        }
    function.walk([&](Operation *op) {
      for (OpResult result : op->getResults()) {
        if (!result.getType().isIndex())
          continue;
        if (!isArithmetic(op)) {
          wide.push_back(result);
          continue;
        }
        setNarrow(result);
        if (auto constant = dyn_cast<arith::ConstantOp>(op))
          constant.setValueAttr(b.getI32IntegerAttr(static_cast<int32_t>(
              cast<IntegerAttr>(constant.getValue()).getInt())));
        // Nothing exceeds 31 bits: an access may add a constant behind the
        // extension of an address.
        if (auto sum = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(op))
          op->setAttr(sum.getIntegerOverflowAttrName(),
                      arith::IntegerOverflowFlagsAttr::get(
                          op->getContext(), arith::IntegerOverflowFlags::nsw));
      }
    });
  }

  void setNarrow(Value value) {
    value.setType(narrow);
    indices.insert(value);
  }

  void narrowUses(Value value) {
    b.setInsertionPointAfterValue(value);
    auto cast = arith::IndexCastOp::create(b, value.getLoc(), narrow, value);
    value.replaceAllUsesExcept(cast, cast);
    indices.insert(cast);
  }

  /// Accesses to memory and other ops take indices as they are.
  void widenOperands(Operation *op) {
    if (isArithmetic(op) || isa<BranchOpInterface>(op))
      return;
    b.setInsertionPoint(op);
    for (OpOperand &operand : op->getOpOperands())
      if (indices.contains(operand.get()))
        operand.set(arith::IndexCastOp::create(
            b, op->getLoc(), b.getIndexType(), operand.get()));
  }

  gpu::GPUFuncOp function;
  OpBuilder b;
  Type narrow;
  DenseSet<Value> indices; ///< Those of 32 bits.
};

struct NarrowIndicesPass : impl::NarrowIndicesPassBase<NarrowIndicesPass> {
  void runOnOperation() override {
    getOperation().walk([](gpu::GPUFuncOp function) {
      if (function->removeAttr(narrowIndicesAttrName))
        Narrowing(function).run();
    });
  }
};

} // namespace
} // namespace segc
