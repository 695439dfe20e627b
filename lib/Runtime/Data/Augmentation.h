//===- Augmentation.h - Random numbers of an augmented sample ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_AUGMENTATION_H
#define SEGC_LIB_RUNTIME_DATA_AUGMENTATION_H

#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Data/Augmenter.h"

namespace segc {

/// The augmentation's random numbers of one sample, in a fixed order.
class AugmentDraws {
public:
  explicit AugmentDraws(const AugmentKey &key)
      : random(key.seed, hashName("data.augment")),
        next(key.sampleIndex * drawsPerSample) {}

  float uniform(float low, float high) {
    return random.uniform(next++, low, high);
  }
  bool coin() { return random.uniform(next++) < 0.5f; }

private:
  static constexpr uint64_t drawsPerSample = 16;
  CounterRng random;
  uint64_t next;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_AUGMENTATION_H
