//===- Verify.h - Kernels against the reference -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_VERIFY_H
#define SEGC_DRIVER_VERIFY_H

#include "segc/Pipelines/Phases.h"
#include "llvm/Support/Error.h"
#include <string>

namespace segc {

struct VerifyOptions {
  std::string input; ///< Network (.mlir).
  std::string cpu = "native";
  int64_t batch = 1;
  PipelineOptions pipeline; ///< Its batch and CPU are those above.
  bool full = false; ///< Kernels of any size, else those up to 2e9 operations.
};

/// Compiles every distinct seg.fusion of the network's entries, runs it in
/// memory on random inputs and compares each result with the reference
/// evaluation in f64, which rounds where values are of 16 bits: relative rms
/// error below 1e-5, and for each element 1e-3 of the result's largest
/// magnitude; more for results of 16 bits. Prints a line for every kernel.
llvm::Error verify(const VerifyOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_H
