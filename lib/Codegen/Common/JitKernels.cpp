//===- JitKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/JitKernels.h"

#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/Common/MachineCode.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Target/TargetMachine.h"

namespace segc {

struct JitModule::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

JitModule::JitModule() : self(std::make_unique<Implementation>()) {}
JitModule::~JitModule() = default;

llvm::Expected<std::unique_ptr<JitModule>>
JitModule::create(std::unique_ptr<llvm::LLVMContext> context,
                  std::unique_ptr<llvm::Module> module,
                  llvm::TargetMachine &machine, unsigned level) {
  optimizeModule(*module, machine, level);
  llvm::orc::JITTargetMachineBuilder builder(module->getTargetTriple());
  if (level < 2)
    builder.setCodeGenOptLevel(llvm::CodeGenOptLevel::None);
  builder.setCPU(machine.getTargetCPU().str());
  if (!machine.getTargetFeatureString().empty())
    builder.addFeatures({machine.getTargetFeatureString().str()});
  auto made =
      llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(builder).create();
  if (!made)
    return made.takeError();
  std::unique_ptr<JitModule> result(new JitModule);
  result->self->jit = std::move(*made);
  if (llvm::Error error = result->self->jit->addIRModule(
          llvm::orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  return result;
}

llvm::Expected<void *> JitModule::lookup(llvm::StringRef symbol) {
  auto address = self->jit->lookup(symbol);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

llvm::Expected<std::unique_ptr<JitKernels>>
JitKernels::create(std::unique_ptr<llvm::LLVMContext> context,
                   std::unique_ptr<llvm::Module> module,
                   llvm::TargetMachine &machine) {
  addKernelWrappers(*module, /*symbolPrefix=*/"");
  auto made = JitModule::create(std::move(context), std::move(module), machine);
  if (!made)
    return made.takeError();
  auto library = std::make_unique<JitKernels>();
  library->module = std::move(*made);
  return library;
}

llvm::Expected<LoadedKernels::Task> JitKernels::lookup(llvm::StringRef kernel) {
  auto address = module->lookup((kernel + ".task").str());
  if (!address)
    return address.takeError();
  auto function = reinterpret_cast<segc_kernel_fn>(*address);
  return Task([function](const TaskCall &call) {
    function(call.buffers.data(), call.scratch, call.batch, call.task);
    return Status::success();
  });
}

} // namespace segc
