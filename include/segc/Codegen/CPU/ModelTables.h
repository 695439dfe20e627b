//===- ModelTables.h - The tables of a model, in LLVM IR --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_MODELTABLES_H
#define SEGC_CODEGEN_CPU_MODELTABLES_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Target/CpuTarget.h"
#include "segc/model_tables.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace segc {

/// One instruction-set version: the module that seg-outline-cpu-kernels left,
/// whose kernels are found as `<symbolPrefix><kernel>`.
struct ModelVersion {
  CpuTarget target;
  mlir::ModuleOp module;
  std::string symbolPrefix;
  std::string planDigest = ""; ///< What identifies the plan; may be empty.
};

/// What a model embeds beside its kernels.
struct ModelContents {
  std::string manifest;              ///< JSON.
  std::string source;                ///< Canonical seg module.
  std::vector<char> weights, states; ///< Empty: not embedded.
  int64_t batch = 1;
};

/// Checks what the tables and the manifest are written from: an outlined
/// module may have been edited.
llvm::LogicalResult verifyTables(mlir::ModuleOp outlined);

/// The tables, the query function and the code that runs them, ready for code
/// generation. Kernels are external `void <prefix><kernel>.task(buffers,
/// scratch, n, task)`; addKernelWrappers defines those.
llvm::Expected<std::unique_ptr<llvm::Module>>
buildModelModule(llvm::LLVMContext &context,
                 llvm::ArrayRef<ModelVersion> versions,
                 const ModelContents &contents);

/// Adds to a module of translated kernels, for each of them, a function that
/// unpacks its buffers; the kernels become internal.
void addKernelWrappers(llvm::Module &module, llvm::StringRef symbolPrefix);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_MODELTABLES_H
