//===- WrongKernel.cpp - A pass that breaks kernels -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For the tests of `segc verify`: after the phase `kernels`, the last vector
// that a kernel stores is stored negated.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

using namespace mlir;

namespace {
struct WrongKernelPass
    : PassWrapper<WrongKernelPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WrongKernelPass)

  StringRef getArgument() const final { return "wrong-kernel"; }
  StringRef getDescription() const final {
    return "Negates a vector that the kernel stores";
  }
  void runOnOperation() final {
    Operation *last = nullptr;
    getOperation().walk([&](Operation *op) {
      if (isa<vector::StoreOp, vector::MaskedStoreOp>(op))
        last = op;
    });
    if (!last)
      return;
    OpBuilder builder(last);
    for (OpOperand &operand : last->getOpOperands())
      if (auto type = dyn_cast<VectorType>(operand.get().getType());
          type && isa<FloatType>(type.getElementType()))
        operand.set(
            arith::NegFOp::create(builder, last->getLoc(), operand.get()));
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "WrongKernel", LLVM_VERSION_STRING,
          [] { PassRegistration<WrongKernelPass>(); }};
}
