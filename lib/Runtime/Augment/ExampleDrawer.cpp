//===- ExampleDrawer.cpp - Patches by the published example's rules -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchRandom.h"

#include <cmath>

using namespace segc;

namespace {

class ExampleDrawer : public PatchDrawer {
public:
  explicit ExampleDrawer(const PatchOptions &options)
      : options(options),
        slices(options.planes() ? options.slicesPerVolume : 1) {}
  PatchDraw draw(const DrawnCase &source, const AugmentKey &key) const override;

private:
  PatchOptions options;
  int64_t slices; ///< Samples that share their draws.
};

} // namespace

/// A crop around a component of the foreground, or anywhere.
static Shape3 cropOrigin(const DrawnCase &source, Shape3 crop,
                         float oversampling, PatchRandom &random) {
  const Shape3 &shape = source.prepared.shape;
  const ForegroundBox region = drawRegion(source, oversampling, random);
  Shape3 origin;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t begin = region.begin[axis], end = region.end[axis];
    const int64_t last = shape[axis] - crop[axis];
    if (last < 0) // Zeros on both sides.
      origin[axis] = -((1 - last) / 2);
    else if (end - begin > crop[axis])
      origin[axis] = random.between(begin, end - crop[axis]);
    else
      origin[axis] = random.between(std::max<int64_t>(0, end - crop[axis]),
                                    std::min(begin, last));
  }
  return origin;
}

PatchDraw ExampleDrawer::draw(const DrawnCase &source,
                              const AugmentKey &key) const {
  const auto group = static_cast<uint64_t>(slices);
  PatchRandom random(key.seed, key.sampleIndex / group);
  const size_t firstAxis = options.planes() ? 1 : 0;
  PatchDraw draw;
  draw.seed = key.seed;
  draw.sample = key.sampleIndex;
  draw.extent = options.patch;
  draw.extent[0] *= slices;
  draw.origin = cropOrigin(source, draw.extent,
                           static_cast<float>(options.oversampling), random);
  draw.extent = options.patch;
  draw.origin[0] += static_cast<int64_t>(key.sampleIndex % group);
  draw.channels.resize(static_cast<size_t>(source.prepared.channels));
  if (!key.augment)
    return draw;
  if (random.chance(0.15f)) {
    draw.map = CropMap::Zoom;
    const float scale = random.uniform(0.7f, 1);
    for (size_t axis = firstAxis; axis < 3; ++axis) {
      draw.extent[axis] = std::max<int64_t>(
          1, static_cast<int64_t>(scale *
                                  static_cast<float>(options.patch[axis])));
      draw.origin[axis] += (options.patch[axis] - draw.extent[axis]) / 2;
    }
  }
  for (size_t axis = firstAxis; axis < 3; ++axis)
    draw.flip[axis] = random.coin();
  // All channels alike.
  ChannelDraw channel;
  if (random.chance(0.15f))
    channel.noise = random.uniform(0, 0.3f);
  if (random.chance(0.15f)) {
    const float sigma = random.uniform(0.5f, 1.5f);
    for (size_t axis = firstAxis; axis < 3; ++axis)
      channel.blur[axis] = {sigma, static_cast<int64_t>(std::ceil(3 * sigma))};
  }
  if (random.chance(0.15f)) {
    // brightness * (0.5 + contrast * (x - 0.5))
    const float brightness = random.uniform(0.7f, 1.3f);
    const float contrast = random.uniform(0.65f, 1.5f);
    channel.scale = brightness * contrast;
    channel.shift = brightness * 0.5f * (1 - contrast);
  }
  draw.channels.assign(draw.channels.size(), channel);
  return draw;
}

std::unique_ptr<PatchDrawer>
segc::makeExampleDrawer(const PatchOptions &options) {
  return std::make_unique<ExampleDrawer>(options);
}
