//===- Serialize.cpp - Machine code of kernels ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/LowerToLLVM.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/Common/MachineCode.h"
#include "segc/Codegen/Common/SerializeInParts.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

namespace segc {

static llvm::Expected<CodeBytes> generate(ModuleOp part,
                                          const CpuTarget &target,
                                          const SerializeOptions &options) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateKernels(part, context, target);
  if (!module)
    return llvm::createStringError("the kernels do not translate to LLVM IR");
  addKernelWrappers(*module, options.symbolPrefix);
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  optimizeModule(*module, **machine, options.optLevel);
  return emitMachineCode(*module, **machine, options.assembly);
}

llvm::Expected<SerializedKernels>
serializeKernels(ModuleOp kernels, const CpuTarget &target,
                 const SerializeOptions &options) {
  OwningOpRef<ModuleOp> lowered = kernels.clone();
  if (failed(lowerKernelsToLLVM(*lowered)))
    return llvm::createStringError("the kernels do not lower to LLVM");
  return serializeInParts(*lowered, options.jobs, [&](ModuleOp part) {
    return generate(part, target, options);
  });
}

} // namespace segc
