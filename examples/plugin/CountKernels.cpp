//===- CountKernels.cpp - A pass in a plugin ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass that segc-opt loads: it reports how many kernels each entry has and
// how many ops fusion put into them.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "llvm/Config/llvm-config.h"

using namespace mlir;

namespace {
struct CountKernelsPass
    : PassWrapper<CountKernelsPass, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountKernelsPass)

  StringRef getArgument() const final { return "count-kernels"; }
  StringRef getDescription() const final {
    return "Counts the kernels of each entry and the ops in them";
  }
  void runOnOperation() final {
    int64_t kernels = 0, ops = 0;
    getOperation().walk([&](segc::seg::FusionOp fusion) {
      ++kernels;
      // All ops but the terminator.
      ops += llvm::range_size(fusion.getBody().front().without_terminator());
    });
    emitRemark(getOperation().getLoc())
        << getOperation().getName() << " has " << kernels << " kernels of "
        << ops << " ops";
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountKernels", LLVM_VERSION_STRING,
          [] { PassRegistration<CountKernelsPass>(); }};
}
