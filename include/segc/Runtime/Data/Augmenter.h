//===- Augmenter.h - Augmentation of training samples -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_AUGMENTER_H
#define SEGC_RUNTIME_DATA_AUGMENTER_H

#include "segc/Runtime/Data/Preprocessor.h"

namespace segc {

/// The key of the random numbers of a sample. Augmentation depends on nothing
/// else.
struct AugmentKey {
  uint64_t seed = 0;
  uint64_t sampleIndex = 0; ///< Number of the sample in the whole run.
  bool augment = false;
};

/// Writes augmented samples. Several threads may call it.
class Augmenter {
public:
  virtual ~Augmenter() = default;
  /// Replaces Preprocessor::writeSample. Image and label are transformed in the
  /// same way.
  virtual void writeSample(const PreparedSample &prepared,
                           const AugmentKey &key, float *image,
                           int32_t *label) const = 0;
};

/// Augments by mirroring.
std::unique_ptr<Augmenter> makeVolumeAugmenter(const DataPipeline &pipeline,
                                               int64_t channels);
/// Augments by mirroring, a random crop that is resized, and brightness.
std::unique_ptr<Augmenter> makeSliceAugmenter(const DataPipeline &pipeline);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_AUGMENTER_H
