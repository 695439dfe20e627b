//===- MlperfDrawer.cpp - Patches by the MLPerf training benchmark --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchRandom.h"

using namespace segc;

namespace {

class MlperfDrawer : public PatchDrawer {
public:
  explicit MlperfDrawer(const PatchOptions &options) : options(options) {}
  PatchDraw draw(const DrawnCase &source, const AugmentKey &key) const override;

private:
  PatchOptions options;
};

} // namespace

/// A crop that holds a component of the foreground or lies in it, axis by axis,
/// as far as the case reaches; or one anywhere.
static Shape3 cropOrigin(const DrawnCase &source, Shape3 crop,
                         float oversampling, PatchRandom &random) {
  const ForegroundBox region = drawRegion(source, oversampling, random);
  Shape3 origin;
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t begin = region.begin[axis],
                  more = region.end[axis] - begin - crop[axis],
                  last = source.prepared.shape[axis] - crop[axis];
    const int64_t drawn = begin + (more > 0 ? random.between(0, more)
                                            : -random.between(0, -more));
    // Cases of other rules may be smaller than a patch: zeros on both sides.
    origin[axis] =
        last < 0 ? -((1 - last) / 2) : std::clamp<int64_t>(drawn, 0, last);
  }
  return origin;
}

PatchDraw MlperfDrawer::draw(const DrawnCase &source,
                             const AugmentKey &key) const {
  PatchRandom random(key.seed, key.sampleIndex);
  PatchDraw draw;
  draw.seed = key.seed;
  draw.sample = key.sampleIndex;
  draw.extent = options.patch;
  draw.origin = cropOrigin(source, draw.extent,
                           static_cast<float>(options.oversampling), random);
  draw.channels.resize(static_cast<size_t>(source.prepared.channels));
  if (!key.augment)
    return draw;
  for (size_t axis = options.planes() ? 1 : 0; axis < 3; ++axis)
    draw.flip[axis] = random.chance(1.0f / 3);
  // All channels alike.
  ChannelDraw channel;
  if (random.chance(0.1f))
    channel.scale =
        random.uniform(0.7f, 1.3f) + (options.publishedBrightness ? 1.0f : 0);
  // Noise comes last here, but in front of the scale where it is rendered.
  if (random.chance(0.1f))
    channel.noise = random.uniform(0, 0.1f) / channel.scale;
  draw.channels.assign(draw.channels.size(), channel);
  return draw;
}

std::unique_ptr<PatchDrawer>
segc::makeMlperfDrawer(const PatchOptions &options) {
  return std::make_unique<MlperfDrawer>(options);
}
