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

/// The functions of an LLVM module as machine code of this process. A kernel is
/// `void name(ptr per memref..., i64 n, i64 task)`.
class JitKernels : public LoadedKernels {
public:
  /// External functions that kernels call, by name.
  using Functions = llvm::ArrayRef<std::pair<llvm::StringRef, void *>>;

  static llvm::Expected<std::unique_ptr<JitKernels>>
  create(std::unique_ptr<llvm::LLVMContext> context,
         std::unique_ptr<llvm::Module> module, llvm::TargetMachine &machine,
         Functions functions = {});
  ~JitKernels() override;

  llvm::Expected<Task> lookup(llvm::StringRef kernel) override;

private:
  JitKernels();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_JITKERNELS_H
