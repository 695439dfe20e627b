//===- LowerToLLVM.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/LowerToLLVM.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace segc {

/// Models are built for Linux.
static llvm::Triple tripleOf(const CpuTarget &target) {
  return llvm::Triple(target.architecture + "-unknown-linux-gnu");
}

/// Without an instruction each fused multiply-add would be a call of libm's
/// emulation. The product is rounded instead: as good, in other bits.
static void splitMultiplyAdds(llvm::Function &function) {
  for (llvm::Instruction &instruction : llvm::instructions(function)) {
    auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (call && call->getIntrinsicID() == llvm::Intrinsic::fma)
      call->setCalledFunction(llvm::Intrinsic::getOrInsertDeclaration(
          function.getParent(), llvm::Intrinsic::fmuladd, {call->getType()}));
  }
}

void populateLowerToLLVM(OpPassManager &manager) {
  manager.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  manager.addNestedPass<func::FuncOp>(createCSEPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.x86Vector = true;
  populateKernelsToLLVM(manager, vectors);
}

LogicalResult lowerKernelsToLLVM(ModuleOp module) {
  erasePrograms(module);
  if (module.getOps<func::FuncOp>().empty())
    return success(); // The kernels are already in the LLVM dialect.
  PassManager manager(module.getContext());
  populateLowerToLLVM(manager);
  return manager.run(module);
}

std::unique_ptr<llvm::Module> translateKernels(ModuleOp module,
                                               llvm::LLVMContext &context,
                                               const CpuTarget &target) {
  std::unique_ptr<llvm::Module> result =
      translateModuleToLLVMIR(module, context);
  if (!result)
    return nullptr;
  result->setTargetTriple(tripleOf(target));
  for (llvm::Function &function : llvm::make_early_inc_range(*result)) {
    if (function.isDeclaration())
      continue;
    if (!target.fusedMultiplyAdd)
      splitMultiplyAdds(function);
    function.addFnAttr("target-cpu", target.llvmCpu);
    if (!target.llvmFeatures.empty())
      function.addFnAttr("target-features", target.llvmFeatures);
    // Without this attribute LLVM splits 512-bit operations in two.
    function.addFnAttr("prefer-vector-width",
                       std::to_string(32 * target.lanes));
    function.addFnAttr("min-legal-vector-width",
                       std::to_string(32 * target.lanes));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return result;
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CpuTarget &target) {
  return createTargetMachine(tripleOf(target), target.llvmCpu,
                             target.llvmFeatures);
}

llvm::Expected<std::unique_ptr<LoadedKernels>>
loadKernels(ModuleOp kernels, const CpuTarget &target) {
  if (failed(verify(kernels)) || failed(lowerKernelsToLLVM(kernels)))
    return llvm::createStringError("lowering failed");
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module =
      translateKernels(kernels, *context, target);
  if (!module)
    return llvm::createStringError("translation failed");
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  return JitKernels::create(std::move(context), std::move(module), **machine);
}

} // namespace segc
