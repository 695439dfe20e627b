//===- Outputs.h - Output files of segc -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_OUTPUTS_H
#define SEGC_LIB_DRIVER_OUTPUTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace segc {

/// Writes a file atomically; "-" is the standard output.
llvm::Error writeOutput(llvm::StringRef path, llvm::StringRef bytes);

/// A file and the option that names it.
struct NamedFile {
  std::string option, path;
};

/// Fails if an output is the same file as an input or another output. Symbolic
/// and hard links are recognized.
llvm::Error checkOutputs(llvm::ArrayRef<NamedFile> outputs,
                         llvm::ArrayRef<NamedFile> inputs);

} // namespace segc

#endif // SEGC_LIB_DRIVER_OUTPUTS_H
