//===- JitKernels.h - Kernels compiled into this process --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_JITKERNELS_H
#define SEGC_CODEGEN_COMMON_JITKERNELS_H

#include "segc/Target/TargetBackend.h"

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace segc {

/// An LLVM module as machine code of this process, by LLVM's -O<level> (0 to
/// 3). Below 2 registers are assigned and instructions selected in the shortest
/// time, for code that runs once.
class JitModule {
public:
  static llvm::Expected<std::unique_ptr<JitModule>>
  create(std::unique_ptr<llvm::LLVMContext> context,
         std::unique_ptr<llvm::Module> module, llvm::TargetMachine &machine,
         unsigned level = 2);
  ~JitModule();

  llvm::Expected<void *> lookup(llvm::StringRef symbol);

private:
  JitModule();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

/// The functions of an LLVM module as kernels of this process. A kernel is
/// `void name(ptr per memref..., i64 n, i64 task)`, whose last memref is the
/// scratch.
class JitKernels : public LoadedKernels {
public:
  static llvm::Expected<std::unique_ptr<JitKernels>>
  create(std::unique_ptr<llvm::LLVMContext> context,
         std::unique_ptr<llvm::Module> module, llvm::TargetMachine &machine);

  llvm::Expected<Task> lookup(llvm::StringRef kernel) override;

private:
  std::unique_ptr<JitModule> module;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_JITKERNELS_H
