//===- SupportBitcode.h - The model support, as LLVM bitcode ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_SUPPORTBITCODE_H
#define SEGC_CODEGEN_CPU_SUPPORTBITCODE_H

#include "llvm/ADT/StringRef.h"

namespace segc {
/// The bitcode of Support/model_support.c, compiled when segc is built for an
/// architecture: "x86_64" or "aarch64".
llvm::StringRef supportBitcode(llvm::StringRef architecture);
} // namespace segc

#endif // SEGC_CODEGEN_CPU_SUPPORTBITCODE_H
