//===- Verify.h - Verification of a model's kernels -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_VERIFY_VERIFY_H
#define SEGC_DRIVER_VERIFY_VERIFY_H

#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Verify/KernelCheck.h"

namespace segc {

struct VerifyOptions {
  /// The input (a network, text of a phase or a model) and the options that
  /// change code, as for `segc compile`. A model records its own.
  CompileOptions compile;
  /// Source of the kernels to check instead: text of the phase `kernels` or
  /// `llvm`, or a model.
  std::string kernels;
  /// Verify whole programs instead of kernels, by the reference evaluation in
  /// their planned memory.
  bool programs = false;
  bool full = false; ///< Compare all elements of every kernel.
  /// Kernels of requested versions that were skipped are no failure.
  bool allowSkipped = false;
};

/// Result of the verification of a kernel.
struct KernelReport {
  std::string kernel;   ///< "k3_conv", as in the model.
  std::string op;       ///< "seg.conv"
  std::string entry;    ///< Entry of its first use.
  std::string layer;    ///< "down1.conv"; empty if it is not known.
  std::string location; ///< Location of the op, as MLIR prints it.
  std::string strategy; ///< "winograd 1x4x4 bf16"
  KernelDeviation deviation;
  std::string skipped; ///< Reason why it was not checked; empty: it was
                       ///< checked.

  bool ok() const { return skipped.empty() && deviation.ok(); }
};

/// Numbers of kernels by result.
struct VerifyCounts {
  size_t checked = 0, skipped = 0, bad = 0;

  void add(const KernelReport &report) {
    ++(report.skipped.empty() ? checked : skipped);
    bad += report.skipped.empty() && !report.ok();
  }
  /// Returns an error if a kernel deviates, or was skipped without permission.
  llvm::Error verdict(bool allowSkipped) const;
};

/// Returns the kernels of a fusion by the name of the first one.
using KernelSource =
    std::function<KernelRun(seg::FusionOp fusion, llvm::StringRef symbol)>;

/// Checks every distinct kernel of a module's programs. Kernels are compiled
/// one by one unless there is a `source`. A kernel that cannot be compiled or
/// has no reference has a fault; a kernel that cannot run on this machine is
/// skipped. `done` is called with each report.
std::vector<KernelReport>
verifyKernels(mlir::ModuleOp programs, const Target &target,
              const KernelCheckOptions &options,
              llvm::function_ref<void(const KernelReport &)> done = nullptr,
              const KernelSource &source = nullptr);

/// Compiles up to the phase `program` and checks the kernels of each version
/// that `compile` makes; prints a line for every kernel. Returns an error if a
/// kernel deviates, if a kernel of a requested version was skipped, or if none
/// was checked.
llvm::Error verify(const VerifyOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_VERIFY_H
