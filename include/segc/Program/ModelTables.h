//===- ModelTables.h - The tables of a model, in LLVM IR --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_MODELTABLES_H
#define SEGC_PROGRAM_MODELTABLES_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Target/TargetBackend.h"
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

/// A version of a model: the module with its programs. The symbol of a kernel
/// is `<symbolPrefix><kernel>`.
struct ModelVersion {
  Target target;
  mlir::ModuleOp module;
  std::string symbolPrefix;
  std::vector<CodeBlob> blobs = {};            ///< Empty: kernels are symbols.
  std::vector<KernelResources> resources = {}; ///< Empty: unknown.
};

/// Data that a model embeds in addition to its kernels.
struct ModelContents {
  std::string manifest;              ///< JSON.
  std::string source;                ///< Text of the network.
  std::vector<char> weights, states; ///< Empty: not embedded.
  int64_t batch = 1;
};

/// Emits the tables and the query function, linked with the bitcode `support`
/// that executes them. Kernels are external functions `void
/// <prefix><kernel>.task(buffers, scratch, n, task)`, which the serialization
/// of kernels defines.
llvm::Expected<std::unique_ptr<llvm::Module>>
buildModelModule(llvm::LLVMContext &context,
                 llvm::ArrayRef<ModelVersion> versions,
                 const ModelContents &contents, llvm::StringRef support);

} // namespace segc

#endif // SEGC_PROGRAM_MODELTABLES_H
