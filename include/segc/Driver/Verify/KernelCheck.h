//===- KernelCheck.h - A kernel against the reference -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The kernels of a seg.fusion are run on random inputs and compared with the
// reference evaluation, which rounds where they round: values of 16 bits, and
// the factors of 16-bit products as the strategy packs them. What remains is
// the order of f32 sums and what follows from it. How much that may be is
// measured: the reference is evaluated again, disturbed by as much as f32
// rounds, and a kernel may deviate by a multiple of what that changes. A
// result of 16 bits may be off by half a unit in its last place besides.

#ifndef SEGC_DRIVER_VERIFY_KERNELCHECK_H
#define SEGC_DRIVER_VERIFY_KERNELCHECK_H

#include "segc/Target/TargetBackend.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <string>

namespace segc {

struct KernelCheckOptions {
  int64_t batch = 1;   ///< Samples of the fusion's tensors.
  int64_t classes = 2; ///< Labels are drawn from [0, classes).
  /// Every element, else so many that their products are about `products`.
  bool full = false;
  double products = 5e7;
};

/// How far a kernel is from the reference: of the result that takes most of
/// what it is allowed.
struct KernelDeviation {
  double largest = 0, largestBound = 0; ///< By the result's largest magnitude.
  double rms = 0, rmsBound = 0;         ///< By the result's own.
  int64_t elements = 0;                 ///< Of all results.
  int64_t compared = 0;                 ///< Those that the reference computed.
  std::string fault; ///< What else is wrong; empty: nothing.

  /// The deviation by what is allowed: above 1 it is none of rounding.
  double excess() const;
  bool ok() const { return fault.empty() && excess() <= 1; }
};

/// Runs the kernels with inputs, then results; false after an access outside
/// their memory.
using KernelRun = std::function<bool(llvm::ArrayRef<void *> operands)>;

/// Compares what `run` computes with the reference; `inPlace` has for each
/// result the input whose memory it shares, or -1. An error where there is no reference.
llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            llvm::ArrayRef<int> inPlace,
                                            const KernelRun &run,
                                            const KernelCheckOptions &options);

/// Compiles the fusion's kernels in this process, and compares those. A fusion
/// without a strategy is given one.
llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            llvm::ArrayRef<int> inPlace,
                                            const KernelCheckOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_KERNELCHECK_H
