//===- PatchSampler.h - Selection of cases for samples ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PATCHSAMPLER_H
#define SEGC_RUNTIME_DATA_PATCHSAMPLER_H

#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Data/EpochOrder.h"

namespace segc {

/// What a sample shows: a case, or a part of it.
struct Patch {
  int64_t caseIndex = 0; ///< In the split.
  uint64_t sample = 0;   ///< Place in the whole run.
};

/// Which case a sample shows.
enum class CaseOrder {
  Sequential, ///< Again and again from the first to the last.
  Shuffled,   ///< Epochs, each in an order of its own.
  Drawn,      ///< Any of them, with the same chance every time.
};

/// Answers for any place of a run, from the seed alone: no state, so that a
/// run is resumed anywhere and samples are made in any order. Copies are cheap;
/// each thread has its own.
class PatchSampler {
public:
  /// `cases` > 0; `samplesPerCase` samples that follow each other show one.
  PatchSampler(int64_t cases, uint64_t seed, CaseOrder order,
               int64_t samplesPerCase = 1)
      : cases(cases), samplesPerCase(static_cast<uint64_t>(samplesPerCase)),
        drawn(order == CaseOrder::Drawn), draws(seed, hashName("data.case")),
        order(cases, seed, order == CaseOrder::Shuffled) {}

  Patch at(uint64_t sample) {
    const uint64_t place = sample / samplesPerCase;
    return {drawn ? static_cast<int64_t>((uint64_t{draws.bits(place)} *
                                          static_cast<uint64_t>(cases)) >>
                                         32)
                  : order.at(place),
            sample};
  }

private:
  int64_t cases;
  uint64_t samplesPerCase;
  bool drawn;
  CounterRng draws;
  EpochOrder order; // Keeps the order of the epoch that was asked for last.
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PATCHSAMPLER_H
