//===- Draws.h - Decisions drawn from a seed --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_DRAWS_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_DRAWS_H

#include "segc/Base/Random.h"
#include "llvm/ADT/ArrayRef.h"

namespace segc::random_networks {

/// The purpose of draws. Draws for one purpose do not change those for another.
enum class Purpose : uint64_t { Network = 1, Configuration = 2, Values = 3 };

/// Properties that cycle through consecutive seeds (rank, channels and
/// precision), so that a few hundred seeds have enough of each.
struct Turn {
  explicit Turn(uint64_t seed)
      : isQuantized(seed % 11 == 7), regular(isQuantized || seed % 2),
        rank(seed / 2 % 2 ? 3 : 2),
        precision(isQuantized ? "int8" : precisions[seed / 4 % 5]),
        grouped(seed % 23 == 5) {}

  bool isQuantized; ///< Predictions multiply integers of 8 bits.
  bool regular;  ///< Channels are multiples of 16 and there are 3 taps, as in
                 ///< published networks.
  unsigned rank; ///< Spatial dimensions.
  const char *precision;
  bool grouped; ///< Convolutions have groups and dilations; --fit-memory is
                ///< used.

private:
  static constexpr const char *precisions[] = {"f32", "bf16", "f16", "bf16",
                                               "f16"};
};

/// A sequence of random decisions that depends only on seed and purpose.
class Draws {
public:
  Draws(uint64_t seed, Purpose purpose)
      : rng(seed, static_cast<uint64_t>(purpose)) {}

  /// Returns a number in [0, count).
  int64_t below(int64_t count) {
    return static_cast<int64_t>((uint64_t{rng.bits(next++)} * count) >> 32);
  }
  /// Returns a number in [low, high].
  int64_t between(int64_t low, int64_t high) {
    return low + below(high - low + 1);
  }
  bool percent(int64_t chance) { return below(100) < chance; }
  double uniform(double low, double high) {
    return rng.uniform(next++, static_cast<float>(low),
                       static_cast<float>(high));
  }
  template <typename T>
  T pick(llvm::ArrayRef<T> choices) {
    return choices[below(static_cast<int64_t>(choices.size()))];
  }
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return pick(llvm::ArrayRef<T>(choices.begin(), choices.size()));
  }

private:
  CounterRng rng;
  uint64_t next = 0;
};

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_DRAWS_H
