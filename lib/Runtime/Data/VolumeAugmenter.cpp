//===- VolumeAugmenter.cpp - Augmentation of volumes ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Augmentation.h"

#include <algorithm>

using namespace segc;

namespace {

/// Each axis that the pipeline names is mirrored half of the time.
class VolumeAugmenter : public Augmenter {
public:
  VolumeAugmenter(const DataPipeline &pipeline, int64_t channels)
      : shape{pipeline.inputShape[0], pipeline.inputShape[1],
              pipeline.inputShape[2]},
        channels(channels) {
    for (const std::string &name : pipeline.augment) {
      flipX |= name == "flip_x";
      flipY |= name == "flip_y";
    }
  }

  void writeSample(const PreparedSample &prepared, const AugmentKey &key,
                   float *image, int32_t *label) const override {
    // Both coins are always thrown: a draw never depends on the pipeline.
    AugmentDraws draws(key);
    const bool mirrorY = draws.coin() && flipY;
    const bool mirrorX = draws.coin() && flipX;
    copyFlipped(prepared.image, shape[2] * channels, mirrorX, mirrorY, image);
    if (label)
      copyFlipped(prepared.label, shape[2], mirrorX, mirrorY, label);
  }

private:
  /// Copies an [x][y] array of rows with x or y mirrored.
  template <typename T>
  void copyFlipped(const std::vector<T> &source, int64_t row, bool mirrorX,
                   bool mirrorY, T *result) const {
    for (int64_t x = 0; x < shape[0]; ++x)
      for (int64_t y = 0; y < shape[1]; ++y) {
        const int64_t fromX = mirrorX ? shape[0] - 1 - x : x;
        const int64_t fromY = mirrorY ? shape[1] - 1 - y : y;
        std::copy_n(source.data() + (fromX * shape[1] + fromY) * row, row,
                    result);
        result += row;
      }
  }

  Size3 shape;
  int64_t channels;
  bool flipX = false, flipY = false;
};

} // namespace

std::unique_ptr<Augmenter>
segc::makeVolumeAugmenter(const DataPipeline &pipeline, int64_t channels) {
  return std::make_unique<VolumeAugmenter>(pipeline, channels);
}
