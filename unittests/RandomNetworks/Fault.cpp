//===- Fault.cpp - An injected miscompile ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fault.h"

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace segc::random_networks {

namespace {

struct BreakGatesPass : PassWrapper<BreakGatesPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BreakGatesPass)

  StringRef getArgument() const override { return "test-break-gates"; }
  StringRef getDescription() const override {
    return "Makes every product with one channel wrong by a quarter";
  }

  void runOnOperation() override {
    getOperation().walk([](seg::MulOp op) {
      auto lhs = cast<RankedTensorType>(op.getLhs().getType()),
           rhs = cast<RankedTensorType>(op.getRhs().getType());
      if (lhs == rhs || seg::channels(rhs) != 1)
        return;
      OpBuilder b(op->getContext());
      b.setInsertionPointAfter(op);
      auto wrong =
          seg::ScaleOp::create(b, op.getLoc(), op.getOutput(), APFloat(1.25));
      op.getOutput().replaceAllUsesExcept(wrong, wrong);
    });
  }
};

} // namespace

void registerFault() { PassRegistration<BreakGatesPass>(); }

} // namespace segc::random_networks
