//===- NumpyRandom.h - Splits by NumPy's random generator -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// The published examples split their data with NumPy's legacy generator, so
// comparing results needs the same permutations (docs/ReferenceBehaviour.md,
// "Permutations and folds"). Everything else in segc draws from CounterRng.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_NUMPYRANDOM_H
#define SEGC_RUNTIME_DATA_NUMPYRANDOM_H

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace segc {

/// numpy.random.RandomState(seed), as far as shuffle needs it.
class NumpyRandom {
public:
  explicit NumpyRandom(uint32_t seed) : engine(seed) {}

  /// Uniform in 0..most by masked rejection of 32-bit words.
  uint32_t bounded(uint32_t most);
  /// numpy's permutation(count): Fisher-Yates from the end.
  std::vector<int64_t> permutation(int64_t count);

private:
  std::mt19937 engine; // Seeded like init_genrand.
};

/// The folds of a cross-validation where nothing says otherwise, and the most
/// that there may be.
inline constexpr int64_t defaultFolds = 5, maxFolds = 1 << 16;

struct FoldSplit {
  std::vector<int64_t> train, validation;
};

/// The U-Net examples' split of `count` slices: the seed's permutation rotated
/// right by fold * int((1 - 0.8) * count), the first int(0.8 * count) train.
/// With 30 slices the step is 5, so adjacent folds share one slice. Without a
/// fold all slices train and none validates.
FoldSplit unetFold(int64_t count, uint32_t seed, std::optional<int64_t> fold);

/// scikit-learn's KFold(folds, shuffle=True, random_state=seed): fold `fold`
/// as sorted indices.
FoldSplit kFold(int64_t count, int64_t folds, uint32_t seed, int64_t fold);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_NUMPYRANDOM_H
