//===- Fingerprint.h - Fingerprint of the files of a data set ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_FINGERPRINT_H
#define SEGC_RUNTIME_PREPARE_FINGERPRINT_H

#include "segc/Runtime/Prepare/TrainingCases.h"

#include <functional>

namespace segc {

class ThreadPool;

struct FingerprintOptions {
  PlanRules rules = PlanRules::V2;
  AxisFrame frame = AxisFrame::File;
  ImageLimits limits;
  /// Cases read, all cases; may be called by several threads at once.
  std::function<void(int64_t, int64_t)> progress;
};

/// A case that could not be used, and why.
struct CaseFault {
  std::string name;
  Status status;
};

struct FingerprintResult {
  Fingerprint fingerprint; ///< Of the cases without a fault.
  std::vector<CaseFault> faults;
  std::vector<std::string> notes;
};

/// Reads every case once, as many at a time as the pool has workers, and keeps
/// no voxel: intensities of the foreground are counted by value (at most 2^20
/// values a channel, f32 numbers rounded to fewer bits beyond that). By the
/// rules of v2 a fixed number of voxels of each case is drawn with a fixed
/// seed, by those of the example all count. The bits do not depend on the
/// number of threads. Fails if no case can be used, or after a signal.
StatusOr<FingerprintResult> fingerprintOf(const TrainingCases &set,
                                          const FingerprintOptions &options,
                                          ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_FINGERPRINT_H
