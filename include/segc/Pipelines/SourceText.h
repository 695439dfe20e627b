//===- SourceText.h - Reading MLIR text from anywhere -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PIPELINES_SOURCETEXT_H
#define SEGC_PIPELINES_SOURCETEXT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

namespace segc {

/// A file of MLIR text; "-" is the standard input. Fails for what is no text: a
/// message about it would show its bytes. Fails for text that MLIR's parser and
/// printer, which recurse, would overflow the stack on: attributes, types,
/// locations, regions and affine expressions, also those that are nested by
/// aliases. The error names line and column.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readText(llvm::StringRef path);

/// Parses and verifies a file of MLIR text. Diagnostics go to the context's
/// handler; `sources` owns the text, for their source lines.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseText(mlir::MLIRContext &context, llvm::SourceMgr &sources,
          llvm::StringRef path);

} // namespace segc

#endif // SEGC_PIPELINES_SOURCETEXT_H
