//===- Verify.h - A model's kernels against the reference -------*- C++ -*-===//
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
  /// As for `segc compile`: network or text of a phase, and what changes code;
  /// or a model (.so), which holds that.
  CompileOptions compile;
  /// Whose kernels are checked instead: text of the phase kernels or llvm, or a
  /// model.
  std::string kernels;
  /// Whole programs in place of kernels, by the reference evaluation in the
  /// memory that is planned for them.
  bool programs = false;
  bool full = false;         ///< All elements of every kernel.
  /// Kernels that were not checked of versions asked for are no failure.
  bool allowSkipped = false;
};

/// What became of a kernel.
struct KernelReport {
  std::string kernel;   ///< "k3_conv", as in the model.
  std::string op;       ///< "seg.conv"
  std::string entry;    ///< Of its first use.
  std::string layer;    ///< "down1.conv"; empty if it is not known.
  std::string location; ///< Of the op, as MLIR prints it.
  std::string strategy; ///< "winograd 1x4x4 bf16"
  KernelDeviation deviation;
  std::string skipped; ///< Why it was not checked; empty: it was.

  bool ok() const { return skipped.empty() && deviation.ok(); }
};

/// What became of all of them.
struct VerifyCounts {
  size_t checked = 0, skipped = 0, bad = 0;

  void add(const KernelReport &report) {
    ++(report.skipped.empty() ? checked : skipped);
    bad += report.skipped.empty() && !report.ok();
  }
  /// An error if a kernel deviates, or was skipped and may not be.
  llvm::Error verdict(bool allowSkipped) const;
};

/// Where kernels come from: those of a fusion, by the name of the first.
using KernelSource =
    std::function<KernelRun(seg::FusionOp fusion, llvm::StringRef symbol)>;

/// Checks every distinct kernel of a module's programs; they
/// are compiled one by one unless there is a `source`. What cannot be compiled
/// or has no reference has a fault; what cannot run here is skipped. `done`
/// sees each report as it comes.
std::vector<KernelReport>
verifyKernels(mlir::ModuleOp programs, const Target &target,
              const KernelCheckOptions &options,
              llvm::function_ref<void(const KernelReport &)> done = nullptr,
              const KernelSource &source = nullptr);

/// Compiles up to the phase `program` and checks the kernels of each version that
/// `compile` makes; prints a line for every kernel. An error if one deviates, if
/// one of a version that was asked for was skipped, or if none was checked.
llvm::Error verify(const VerifyOptions &options);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_VERIFY_H
