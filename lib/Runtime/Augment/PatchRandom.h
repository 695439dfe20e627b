//===- PatchRandom.h - Random numbers of a patch ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_PATCHRANDOM_H
#define SEGC_LIB_RUNTIME_AUGMENT_PATCHRANDOM_H

#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Augment/PatchDrawer.h"

#include <algorithm>

namespace segc {

/// The draws of one sample, in the order in which they are asked for.
class PatchRandom {
public:
  PatchRandom(uint64_t seed, uint64_t sample)
      : random(seed, hashName("augment.patch") + sample) {}

  float uniform(float low, float high) {
    return random.uniform(next++, low, high);
  }
  bool chance(float probability) {
    return random.uniform(next++) < probability;
  }
  bool coin() { return chance(0.5f); }
  /// One of 0..count-1.
  int64_t index(int64_t count) {
    return static_cast<int64_t>(
        (uint64_t{random.bits(next++)} * static_cast<uint64_t>(count)) >> 32);
  }
  /// One of low..high, `low` where there is none.
  int64_t between(int64_t low, int64_t high) {
    return low + index(std::max<int64_t>(high - low, 0) + 1);
  }

private:
  CounterRng random;
  uint64_t next = 0;
};

/// The stream of the noise of one channel of a sample.
inline uint32_t noiseStream(uint64_t sample, int64_t channel) {
  return static_cast<uint32_t>(hashName("augment.noise") +
                               static_cast<uint64_t>(channel) +
                               (sample >> 32 << 16));
}

/// @name The rules
/// @{
std::unique_ptr<PatchDrawer> makeDrawerV2(const PatchOptions &options);
std::unique_ptr<PatchDrawer> makeExampleDrawer(const PatchOptions &options);
std::unique_ptr<PatchDrawer> makeMlperfDrawer(const PatchOptions &options);
/// @}

/// With a probability one of the two largest components of one of the classes
/// that a case has, else the whole case.
ForegroundBox drawRegion(const DrawnCase &source, float probability,
                         PatchRandom &random);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_PATCHRANDOM_H
