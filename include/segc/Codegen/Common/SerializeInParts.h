//===- SerializeInParts.h - Parallel code generation ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_SERIALIZEINPARTS_H
#define SEGC_CODEGEN_COMMON_SERIALIZEINPARTS_H

#include "segc/Target/TargetBackend.h"

namespace segc {

/// Splits a module in the LLVM dialect in up to `jobs` parts with functions of
/// about the same size, and generates the objects of the parts on as many
/// threads.
llvm::Expected<SerializedKernels> serializeInParts(
    mlir::ModuleOp lowered, unsigned jobs,
    llvm::function_ref<llvm::Expected<CodeBytes>(mlir::ModuleOp part)>
        generate);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_SERIALIZEINPARTS_H
