//===- ChannelRenderer.cpp - One channel of a patch -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelRenderer.h"
#include "PatchRandom.h"

#include <algorithm>
#include <cmath>

using namespace segc;

static double meanOf(const ValueSums &sums) {
  return sums.pivot + sums.sum / static_cast<double>(sums.count);
}

/// Of the sample, as v2 has it.
static double deviationOf(const ValueSums &sums) {
  const auto count = static_cast<double>(sums.count);
  const double squares = sums.squares - sums.sum * sums.sum / count;
  return std::sqrt(std::max(squares, 0.0) / std::max(count - 1, 1.0));
}

/// Whether a map has no rotation: each axis has its own taps.
static bool isDiagonal(const PatchDraw &draw) {
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      if (i != j && draw.matrix[i][j] != 0)
        return false;
  return true;
}

void ChannelRenderer::startCrop() {
  rows = Rows::Crop;
  taps.clear();
  if (draw->map == CropMap::Affine && !isDiagonal(*draw))
    return;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t first = draw->origin[axis], extent = draw->extent[axis];
    const int64_t size = source->shape[axis];
    const double factor = draw->matrix[axis][axis];
    if (draw->map == CropMap::Zoom)
      taps.push_back(AxisTaps::zoom(first, extent, size, patch[axis]));
    else if (factor == 1 && extent == patch[axis])
      taps.push_back(AxisTaps::copy(first, size, patch[axis]));
    else
      taps.push_back(AxisTaps::scale(factor, first, extent, size, patch[axis]));
    if (draw->flip[axis])
      taps.back().flip();
  }
}

void ChannelRenderer::startFilter(std::vector<AxisTaps> newTaps) {
  finishPass();
  taps = std::move(newTaps);
  rows = Rows::Filter;
}

void ChannelRenderer::applyOps(float *values, int64_t z, int64_t y) {
  const int64_t n = patch[2];
  if (ops.noise > 0) {
    kernels.addNoise(values, n, ops.noise,
                     {draw->seed, static_cast<uint32_t>(draw->sample),
                      noiseStream(draw->sample, channel),
                      static_cast<uint32_t>(z * patch[1] + y)});
  }
  if (ops.scale != 1 || ops.shift != 0 || std::isfinite(ops.low))
    kernels.mapRow(values, n, ops.scale, ops.shift, ops.low, ops.high);
  if (ops.exponent)
    kernels.raiseRow(values, n, ops.powerLow, ops.powerRange, *ops.exponent);
}

template <typename F>
void ChannelRenderer::forEachRow(F &&f) {
  auto finish = [&](int64_t z, int64_t y, float *values) {
    applyOps(values, z, y);
    f(z, y, values);
  };
  if (rows == Rows::Filter) {
    resampler.forEachRow({current.data(), {patch[1] * patch[2], patch[2], 1}},
                         taps, finish);
    return;
  }
  const int64_t step = source->channels;
  const float *data = rows == Rows::Crop ? source->image + channel : nullptr;
  if (rows == Rows::Crop && !taps.empty()) {
    const Shape3 &shape = source->shape;
    resampler.forEachRow(
        {data, {shape[1] * shape[2] * step, shape[2] * step, step}}, taps,
        finish);
    return;
  }
  row.resize(static_cast<size_t>(paddedRow(patch[2])));
  const AffineCrop crop(*draw, patch, source->shape);
  CaseBox<float> box;
  AffineRow place;
  AffineCrop::forEachRow(patch, [&](int64_t z, int64_t y) {
    if (rows == Rows::Again)
      std::copy_n(current.data() + (z * patch[1] + y) * patch[2], patch[2],
                  row.data());
    else if (crop.locate(data, step, z, y, box, place))
      kernels.affineRow(box, place, patch[2], row.data());
    else
      std::fill(row.begin(), row.end(), 0.0f);
    finish(z, y, row.data());
  });
}

void ChannelRenderer::finishPass(ValueSums *sums) {
  // Rows that are read again are replaced where they are.
  std::vector<float> &target = rows == Rows::Again ? current : other;
  target.resize(static_cast<size_t>(patch[0] * patch[1] * patch[2]));
  forEachRow([&](int64_t z, int64_t y, const float *values) {
    if (sums) {
      if (sums->count == 0)
        sums->pivot = static_cast<double>(values[0]);
      kernels.measureRow(values, patch[2], *sums);
    }
    std::copy_n(values, patch[2],
                target.data() + (z * patch[1] + y) * patch[2]);
  });
  if (rows != Rows::Again)
    current.swap(other);
  rows = Rows::Again;
  ops = {};
}

void ChannelRenderer::applyGamma(float exponent, bool inverted) {
  ValueSums before, after;
  finishPass(&before);
  ops.scale = inverted ? -1.0f : 1.0f;
  ops.exponent = exponent;
  ops.powerLow = inverted ? -before.high : before.low;
  ops.powerRange = before.high - before.low;
  finishPass(&after);
  const double factor = (inverted ? -1 : 1) * deviationOf(before) /
                        std::max(deviationOf(after), 1e-7);
  ops.scale = static_cast<float>(factor);
  ops.shift = static_cast<float>(meanOf(before) - meanOf(after) * factor);
}

void ChannelRenderer::render(const PreparedCase &newSource,
                             const PatchDraw &newDraw, int64_t newChannel,
                             const int32_t *mask, float *image) {
  source = &newSource;
  draw = &newDraw;
  channel = newChannel;
  const ChannelDraw &drawn = draw->channels[static_cast<size_t>(channel)];
  ops = {};
  startCrop();
  ops.noise = drawn.noise;
  if (drawn.blurs()) {
    std::vector<AxisTaps> blurs;
    for (size_t axis = 0; axis < 3; ++axis)
      blurs.push_back(AxisTaps::blur(drawn.blur[axis], patch[axis]));
    startFilter(std::move(blurs));
  }
  ops.scale = drawn.scale;
  ops.shift = drawn.shift;
  if (drawn.contrast) {
    ValueSums sums;
    finishPass(&sums);
    ops.scale = *drawn.contrast;
    ops.shift = static_cast<float>(meanOf(sums) *
                                   (1 - static_cast<double>(*drawn.contrast)));
    ops.low = sums.low;
    ops.high = sums.high;
  }
  if (drawn.reduces()) {
    std::vector<AxisTaps> reduced;
    for (size_t axis = 0; axis < 3; ++axis)
      reduced.push_back(
          AxisTaps::lowResolution(drawn.lowResolution[axis], patch[axis]));
    startFilter(std::move(reduced));
  }
  if (drawn.invertedGamma)
    applyGamma(*drawn.invertedGamma, true);
  if (drawn.gamma)
    applyGamma(*drawn.gamma, false);
  const int64_t step = source->channels;
  forEachRow([&](int64_t z, int64_t y, float *values) {
    const int64_t first = (z * patch[1] + y) * patch[2];
    if (mask)
      for (int64_t x = 0; x < patch[2]; ++x)
        if (mask[first + x] < 0)
          values[x] = 0;
    float *target = image + first * step + channel;
    if (step == 1)
      std::copy_n(values, patch[2], target);
    else
      for (int64_t x = 0; x < patch[2]; ++x)
        target[x * step] = values[x];
  });
}
