//===- JitKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/JitKernels.h"

#include "segc/Codegen/Common/MachineCode.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Target/TargetMachine.h"

namespace segc {

struct JitKernels::Implementation {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

JitKernels::JitKernels() : self(std::make_unique<Implementation>()) {}
JitKernels::~JitKernels() = default;

/// Adds `@name.call(buffers, batch, task)`, which calls `@name` with the
/// pointers of `buffers` as arguments.
static void addCaller(llvm::Module &module, llvm::StringRef name) {
  llvm::Function *kernel = module.getFunction(name);
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *pointer = llvm::PointerType::getUnqual(context),
             *i64 = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {pointer, i64, i64}, false);
  auto *caller = llvm::Function::Create(type, llvm::Function::ExternalLinkage,
                                        name + ".call", module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", caller));
  llvm::SmallVector<llvm::Value *> args;
  for (unsigned i = 0; i + 2 < kernel->arg_size(); ++i)
    args.push_back(b.CreateLoad(
        pointer, b.CreateConstGEP1_64(pointer, caller->getArg(0), i)));
  args.append({caller->getArg(1), caller->getArg(2)});
  b.CreateCall(kernel, args);
  b.CreateRetVoid();
}

/// Defines the functions as symbols that the kernels can call.
static llvm::Error define(llvm::orc::LLJIT &jit,
                          JitKernels::Functions functions) {
  llvm::orc::SymbolMap symbols;
  for (auto [name, address] : functions)
    symbols[jit.mangleAndIntern(name)] = {
        llvm::orc::ExecutorAddr::fromPtr(address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  return jit.getMainJITDylib().define(
      llvm::orc::absoluteSymbols(std::move(symbols)));
}

llvm::Expected<std::unique_ptr<JitKernels>>
JitKernels::create(std::unique_ptr<llvm::LLVMContext> context,
                   std::unique_ptr<llvm::Module> module,
                   llvm::TargetMachine &machine, Functions functions) {
  std::vector<std::string> kernels;
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      kernels.push_back(function.getName().str());
  for (const std::string &kernel : kernels)
    addCaller(*module, kernel);
  optimizeModule(*module, machine);

  llvm::orc::JITTargetMachineBuilder builder(module->getTargetTriple());
  builder.setCPU(machine.getTargetCPU().str());
  if (!machine.getTargetFeatureString().empty())
    builder.addFeatures({machine.getTargetFeatureString().str()});
  auto made =
      llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(builder).create();
  if (!made)
    return made.takeError();
  std::unique_ptr<JitKernels> library(new JitKernels);
  library->self->jit = std::move(*made);
  if (llvm::Error error = define(*library->self->jit, functions))
    return error;
  if (llvm::Error error = library->self->jit->addIRModule(
          llvm::orc::ThreadSafeModule(std::move(module), std::move(context))))
    return error;
  return library;
}

llvm::Expected<LoadedKernels::Task> JitKernels::lookup(llvm::StringRef kernel) {
  auto address = self->jit->lookup((kernel + ".call").str());
  if (!address)
    return address.takeError();
  return address->toPtr<Task>();
}

} // namespace segc
