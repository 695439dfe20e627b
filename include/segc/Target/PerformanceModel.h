//===- PerformanceModel.h - Predicted times of kernels ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What a kernel takes on a device that is described by figures alone, and the
// least that any kernel could take there (docs/Gpu.md).

#ifndef SEGC_TARGET_PERFORMANCEMODEL_H
#define SEGC_TARGET_PERFORMANCEMODEL_H

#include "segc/Target/TargetBackend.h"

namespace segc {

/// A launch of a kernel, as far as it is known.
struct LaunchFacts {
  int64_t blocks = 0, threads = 0, sharedBytes = 0;
  std::optional<KernelResources> resources; ///< Of its assembler.
  std::optional<KernelCounts> counts;       ///< Of the emulated launch.
};

/// The prediction for a fusion, with all samples of the largest batch.
/// What a launch asks the caches of the multiprocessors for, and they L2.
inline double countedBytes(const KernelCounts &counts) {
  constexpr double sector = 32;
  return sector * static_cast<double>(counts.globalSectorsRead +
                                      counts.globalSectorsWritten);
}

struct KernelPrediction {
  /// What does its arithmetic: "bf16 tensor cores".
  std::string arithmetic;
  double flops = 0,
         bytes = 0; ///< Of a direct algorithm, read and written once.
  /// Blocks of the main launch by those that the device holds at a time; 0 if
  /// that is not known.
  double waves = 0;
  double seconds = 0;
  /// The roofline of `flops` and `bytes`, and one launch.
  double boundSeconds = 0;
};

/// The performance model of a backend.
class PerformanceModel {
public:
  virtual ~PerformanceModel();

  /// Devices whose figures are known. Code for all versions runs on them.
  virtual llvm::ArrayRef<llvm::StringRef> devices() const = 0;
  /// The target that runs the same kernels on this machine and counts what they
  /// do.
  virtual Target countingTarget(const TargetVersion &version) const = 0;
  /// Predicts a fusion, which has a strategy. The main launch is the one of
  /// `launches` that does its work. The bound is that of products in
  /// `products`, the fastest type that the precision allows.
  virtual KernelPrediction
  predict(seg::FusionOp fusion, const TargetVersion &version,
          llvm::StringRef device, llvm::ArrayRef<LaunchFacts> launches,
          size_t mainLaunch, MultiplyType products) const = 0;
};

} // namespace segc

#endif // SEGC_TARGET_PERFORMANCEMODEL_H
