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

/// What augmentation draws from: a pure function of these.
struct AugmentKey {
  uint64_t seed = 0;
  uint64_t sampleIndex = 0; ///< Place in the whole run, never repeated.
  bool augment = false;
};

/// Writes augmented samples. May be called from several threads.
class Augmenter {
public:
  virtual ~Augmenter() = default;
  /// In place of Preprocessor::writeSample; image and label move together.
  virtual void writeSample(const PreparedCase &prepared, const AugmentKey &key,
                           float *image, int32_t *label) const = 0;
};

/// Mirrored axes.
std::unique_ptr<Augmenter> makeVolumeAugmenter(const DataPipeline &pipeline,
                                               int64_t channels);
/// Mirrored axes, a random crop that is resized, and brightness.
std::unique_ptr<Augmenter> makeSliceAugmenter(const DataPipeline &pipeline);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_AUGMENTER_H
