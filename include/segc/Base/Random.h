//===- Random.h - Counter-based random numbers ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Philox-4x32-10 (Salmon et al., SC 2011): a draw is a pure function of
// (seed, stream, index), so that a resumed, replayed or differently threaded
// run sees the same numbers.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_RANDOM_H
#define SEGC_BASE_RANDOM_H

#include <array>
#include <cstdint>

namespace segc {

/// One Philox block: four words from a 128-bit counter and a 64-bit key.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                      uint64_t key) {
  uint32_t k0 = static_cast<uint32_t>(key),
           k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53u} * counter[0];
    uint64_t p1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ k0,
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ k1,
               static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

/// A stream of draws keyed by (seed, stream); `at(i)` is stateless.
class CounterRng {
public:
  CounterRng(uint64_t seed, uint64_t stream) : seed(seed), stream(stream) {}

  uint32_t bits(uint64_t index) const {
    std::array<uint32_t, 4> block = philox(
        {static_cast<uint32_t>(index >> 2), static_cast<uint32_t>(index >> 34),
         static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
        seed);
    return block[index & 3];
  }
  /// Uniform in [0, 1) with 24 bits, exactly representable in f32.
  float uniform(uint64_t index) const {
    return static_cast<float>(bits(index) >> 8) * 0x1p-24f;
  }
  float uniform(uint64_t index, float low, float high) const {
    return low + (high - low) * uniform(index);
  }

private:
  uint64_t seed, stream;
};

} // namespace segc

#endif // SEGC_BASE_RANDOM_H
