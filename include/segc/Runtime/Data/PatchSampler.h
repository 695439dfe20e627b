//===- PatchSampler.h - Selection of cases for samples ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PATCHSAMPLER_H
#define SEGC_RUNTIME_DATA_PATCHSAMPLER_H

#include "segc/Runtime/Data/EpochOrder.h"

namespace segc {

/// What a sample shows: a whole case.
struct Patch {
  int64_t caseIndex = 0; ///< In the split.
  uint64_t sample = 0;   ///< Place in the whole run.
};

/// Answers for any place of a run, from the seed alone: no state, so that a
/// run is resumed anywhere and samples are made in any order. Copies are cheap;
/// each thread has its own.
class PatchSampler {
public:
  /// `cases` > 0.
  PatchSampler(int64_t cases, uint64_t seed, bool shuffle)
      : order(cases, seed, shuffle) {}

  Patch at(uint64_t sample) { return {order.at(sample), sample}; }

private:
  EpochOrder order; // Keeps the order of the epoch that was asked for last.
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PATCHSAMPLER_H
