//===- KernelCheck.h - Comparison of a kernel with the reference *- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The kernels of a seg.fusion are run on random inputs and compared with the
// reference evaluation, which rounds where they round: values of 16 bits, and
// the factors of 16-bit products as the strategy packs them. The remaining
// differences come from the order of f32 sums. The bound on them is measured:
// the reference is evaluated again with perturbations of the size of an f32
// rounding, and a kernel may deviate by a multiple of the change. A result of
// 16 bits may deviate by half a unit in the last place more.

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
  /// Compare every element; otherwise a sample whose number of products is
  /// about `products`.
  bool full = false;
  double products = 5e7;
};

/// Deviation of a kernel from the reference, for the result that comes closest
/// to its bound or exceeds it most.
struct KernelDeviation {
  double largest = 0, largestBound = 0; ///< Largest deviation, relative to the
                                        ///< largest magnitude of the result.
  double rms = 0, rmsBound = 0;         ///< Root mean square deviation,
                                        ///< relative to that of the result.
  int64_t elements = 0;                 ///< Number of elements of all results.
  int64_t compared = 0;                 ///< Number of elements that were
                                        ///< compared.
  std::string fault; ///< Another fault, such as an access outside memory;
                     ///< empty: none.

  /// The deviation relative to its bound. Above 1, rounding does not explain
  /// it.
  double excess() const;
  bool ok() const { return fault.empty() && excess() <= 1; }
};

/// Runs the kernels with the inputs and results as operands. An error is a
/// fault of a kernel, such as an access outside its memory.
using KernelRun = std::function<Status(llvm::ArrayRef<void *> operands)>;

/// Compares what `run` computes with the reference; `inPlace` has for each
/// result the input whose memory it shares, or -1. Fails if there is no
/// reference.
llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            llvm::ArrayRef<int> inPlace,
                                            const KernelRun &run,
                                            const KernelCheckOptions &options);

/// Compiles the fusion's kernels in this process and compares them. A fusion
/// without a strategy gets one.
llvm::Expected<KernelDeviation> checkKernel(seg::FusionOp fusion,
                                            const Target &target,
                                            llvm::ArrayRef<int> inPlace,
                                            const KernelCheckOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_KERNELCHECK_H
