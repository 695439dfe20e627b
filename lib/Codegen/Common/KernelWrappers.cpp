//===- KernelWrappers.cpp - Uniform entry points of kernels ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/KernelsToLLVM.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace segc {

void addKernelWrappers(Module &module, StringRef symbolPrefix) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0),
       *i64 = Type::getInt64Ty(context);
  SmallVector<Function *> kernels;
  for (Function &function : module)
    if (!function.isDeclaration())
      kernels.push_back(&function);
  for (Function *kernel : kernels) {
    auto *type = FunctionType::get(Type::getVoidTy(context),
                                   {pointer, pointer, i64, i64}, false);
    auto *wrapper =
        Function::Create(type, GlobalValue::ExternalLinkage,
                         symbolPrefix + kernel->getName() + ".task", module);
    wrapper->setVisibility(GlobalValue::HiddenVisibility);
    wrapper->copyAttributesFrom(kernel);
    wrapper->setLinkage(GlobalValue::ExternalLinkage);
    IRBuilder<> builder(BasicBlock::Create(context, "entry", wrapper));
    // Parameters of a kernel: buffers, scratch, n, task.
    SmallVector<Value *> arguments;
    for (unsigned i = 0; i + 3 < kernel->arg_size(); ++i) {
      Value *slot =
          builder.CreateConstInBoundsGEP1_64(pointer, wrapper->getArg(0), i);
      arguments.push_back(builder.CreateLoad(pointer, slot));
    }
    arguments.append(
        {wrapper->getArg(1), wrapper->getArg(2), wrapper->getArg(3)});
    builder.CreateCall(kernel, arguments);
    builder.CreateRetVoid();
    kernel->setLinkage(GlobalValue::InternalLinkage);
    kernel->addFnAttr(Attribute::AlwaysInline);
  }
}

} // namespace segc
