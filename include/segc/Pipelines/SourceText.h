//===- SourceText.h - Reading of untrusted MLIR text ------------*- C++ -*-===//
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

/// A file of MLIR text; "-" is the standard input. Fails for binary data, which
/// a diagnostic would print. Fails for nesting (of attributes, types,
/// locations, regions and affine expressions, also through aliases) that would
/// overflow the stack of MLIR's recursive parser and printer. The error names
/// line and column.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readText(llvm::StringRef path);

/// Parses and verifies a file of MLIR text. Diagnostics go to the context's
/// handler; `sources` owns the text, for their source lines.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseText(mlir::MLIRContext &context, llvm::SourceMgr &sources,
          llvm::StringRef path);

} // namespace segc

#endif // SEGC_PIPELINES_SOURCETEXT_H
