//===- Verify.h - Kernels against the reference -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_VERIFY_H
#define SEGC_DRIVER_VERIFY_H

#include "llvm/Support/Error.h"
#include <string>

namespace segc {

struct VerifyOptions {
  std::string input; ///< Network (.mlir).
  std::string cpu = "native";
  int64_t batch = 1;
  bool full = false; ///< Kernels of any size, else those up to 2e9 operations.
};

/// Compiles every distinct seg.fusion of the network's entries, runs it in
/// memory on random inputs and compares each result with the reference
/// evaluation in f64: relative rms error below 1e-5, and for each element
/// 1e-3 of the result's largest magnitude. Prints a line for every kernel.
llvm::Error verify(const VerifyOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_H
