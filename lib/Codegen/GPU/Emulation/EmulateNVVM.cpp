//===- EmulateNVVM.cpp - Kernels of a GPU on the host ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmulation.h"

#include "segc/Codegen/GPU/LowerToPTX.h"
#include "segc/Codegen/GPU/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_EMULATENVVMPASS
#include "segc/Codegen/GPU/Passes.h.inc"

namespace {

struct EmulateNVVMPass : impl::EmulateNVVMPassBase<EmulateNVVMPass> {
  using EmulateNVVMPassBase::EmulateNVVMPassBase;

  void runOnOperation() override {
    for (auto kernels :
         llvm::make_early_inc_range(getOperation().getOps<gpu::GPUModuleOp>()))
      if (failed(emulate(kernels)))
        return signalPassFailure();
  }

private:
  /// Moves the content of a gpu.module into the module around it.
  LogicalResult emulate(gpu::GPUModuleOp kernels) {
    OpBuilder outer(kernels);
    for (auto global : llvm::make_early_inc_range(
             kernels.getBody()->getOps<LLVM::GlobalOp>())) {
      if (global.getSymName() == sharedMemoryName)
        continue;
      if (!global.getConstant())
        return global.emitError("expected the shared memory @")
               << sharedMemoryName << " or a constant";
      global->moveBefore(kernels);
      global.setAddrSpace(0);
      global.setLinkage(LLVM::Linkage::Private);
    }
    for (Operation &op : llvm::make_early_inc_range(*kernels.getBody())) {
      if (isa<LLVM::GlobalOp>(op))
        continue;
      auto kernel = dyn_cast<LLVM::LLVMFuncOp>(op);
      if (!kernel || kernel.isExternal())
        return op.emitError("expected a lowered kernel");
      std::string symbol = prefix + kernel.getSymName().str() + ".task";
      if (failed(KernelEmulation(kernel, symbol, outer).run()))
        return failure();
    }
    kernels.erase();
    return success();
  }
};

} // namespace

} // namespace segc
