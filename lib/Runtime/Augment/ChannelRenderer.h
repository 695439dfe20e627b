//===- ChannelRenderer.h - One channel of a patch ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_CHANNELRENDERER_H
#define SEGC_LIB_RUNTIME_AUGMENT_CHANNELRENDERER_H

#include "AffineCrop.h"
#include "Resampler.h"
#include "segc/Runtime/Data/PreparedCase.h"

#include <limits>

namespace segc {

/// What a pass does to the values of its rows, in this order.
struct RowOps {
  float noise = 0;
  float scale = 1, shift = 0;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  std::optional<float> exponent;
  float powerLow = 0, powerRange = 1; ///< What `exponent` is applied between.
};

/// Renders channels of patches. Rows are made by the map of the crop, by a
/// filter or read again; everything that is known about their values by then is
/// applied while they are in the cache. A pass ends where statistics or
/// neighbours of its results are needed.
class ChannelRenderer {
public:
  ChannelRenderer(Shape3 patch, const PatchKernels &kernels)
      : patch(patch), kernels(kernels), resampler(kernels) {}

  /// Writes every `channels`-th value of `image`, zeros where `mask`, if there
  /// is one, is negative.
  void render(const PreparedCase &source, const PatchDraw &draw,
              int64_t channel, const int32_t *mask, float *image);

private:
  enum class Rows { Crop, Filter, Again };

  void startCrop();
  void startFilter(std::vector<AxisTaps> newTaps);
  void applyGamma(float exponent, bool inverted);
  /// Runs the pass into a buffer, and measures its results.
  void finishPass(ValueSums *sums = nullptr);
  template <typename F>
  void forEachRow(F &&f);
  void applyOps(float *row, int64_t z, int64_t y);

  Shape3 patch;
  const PatchKernels &kernels;
  Resampler resampler;

  const PreparedCase *source = nullptr;
  const PatchDraw *draw = nullptr;
  int64_t channel = 0;
  Rows rows = Rows::Crop; ///< Of the pass that is next.
  RowOps ops;
  std::vector<AxisTaps> taps; ///< Three; none for an affine crop.
  std::vector<float> current, other, row;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_CHANNELRENDERER_H
