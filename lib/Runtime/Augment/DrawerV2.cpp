//===- DrawerV2.cpp - Patches by the rules of nnU-Net v2 ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchRandom.h"
#include "segc/Plan/CropExtents.h"

#include <cmath>

using namespace segc;

namespace {

class DrawerV2 : public PatchDrawer {
public:
  explicit DrawerV2(const PatchOptions &options);
  PatchDraw draw(const DrawnCase &source, const AugmentKey &key) const override;

private:
  Shape3 cropOrigin(const PreparedCase &source, Shape3 extent,
                    PatchRandom &random, bool foreground) const;
  void drawMap(PatchRandom &random, PatchDraw &draw) const;
  void drawIntensities(PatchRandom &random, PatchDraw &draw) const;

  PatchOptions options;
  PatchTurns turns;
  Shape3 enlarged; ///< Extent of the crops that are augmented.
};

} // namespace

DrawerV2::DrawerV2(const PatchOptions &options)
    : options(options), turns(patchTurns(options.patch)),
      enlarged(enlargedPatch(options.patch)) {}

Shape3 DrawerV2::cropOrigin(const PreparedCase &source, Shape3 extent,
                            PatchRandom &random, bool foreground) const {
  const std::vector<int64_t> *voxels = nullptr;
  if (foreground) {
    std::vector<const std::vector<int64_t> *> present;
    for (const std::vector<int64_t> &places : source.classVoxels)
      if (!places.empty())
        present.push_back(&places);
    if (!present.empty())
      voxels = present[static_cast<size_t>(
          random.index(static_cast<int64_t>(present.size())))];
  }
  if (!voxels && !source.labelledVoxels.empty())
    voxels = &source.labelledVoxels;

  Shape3 centre = {0, 0, 0};
  if (voxels) {
    const int64_t place = (*voxels)[static_cast<size_t>(
        random.index(static_cast<int64_t>(voxels->size())))];
    centre = {place / (source.shape[1] * source.shape[2]),
              place / source.shape[2] % source.shape[1],
              place % source.shape[2]};
  }
  Shape3 origin;
  for (size_t axis = 0; axis < 3; ++axis) {
    // Crops may leave the case by as much as they are larger than the patch, or
    // than the case.
    const int64_t size = source.shape[axis];
    const int64_t more =
        std::max(extent[axis] - options.patch[axis], extent[axis] - size);
    const int64_t low = -((more + 1) / 2);
    const int64_t high = size + (more + 1) / 2 - extent[axis];
    origin[axis] = voxels ? std::max(low, centre[axis] - extent[axis] / 2)
                          : random.between(low, high);
  }
  return origin;
}

/// Below 1 or above it with equal chance.
static float drawFactor(PatchRandom &random, float low, float high) {
  return random.coin() ? random.uniform(low, 1) : random.uniform(1, high);
}

using Matrix3 = std::array<std::array<double, 3>, 3>;

static Matrix3 multiply(const Matrix3 &a, const Matrix3 &b) {
  Matrix3 result = {};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k)
        result[i][j] += a[i][k] * b[k][j];
  return result;
}

/// From axis a towards axis b.
static Matrix3 rotation(size_t a, size_t b, double angle) {
  Matrix3 result = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  result[a][a] = result[b][b] = std::cos(angle);
  result[b][a] = std::sin(angle);
  result[a][b] = -result[b][a];
  return result;
}

void DrawerV2::drawMap(PatchRandom &random, PatchDraw &draw) const {
  const bool turn = random.chance(0.2f), scale = random.chance(0.2f);
  if (!turn && !scale)
    return;
  draw.map = CropMap::Affine;
  if (scale) {
    const auto factor = static_cast<double>(random.uniform(0.7f, 1.4f));
    for (size_t axis = turns.inPlane ? 1 : 0; axis < 3; ++axis)
      draw.matrix[axis][axis] = factor;
  }
  if (!turn)
    return;
  const auto largest = static_cast<float>(turns.largest);
  auto angle = [&] {
    return static_cast<double>(random.uniform(-largest, largest));
  };
  draw.matrix = multiply(rotation(1, 2, angle()), draw.matrix);
  if (turns.inPlane)
    return;
  draw.matrix = multiply(rotation(2, 0, angle()), draw.matrix);
  draw.matrix = multiply(rotation(0, 1, angle()), draw.matrix);
}

/// The odd number of taps that v2 takes for a Gaussian, as a radius.
static AxisBlur blurOf(float sigma) {
  const double wanted = static_cast<double>(sigma) * 6 + 0.5;
  auto taps = std::lrint(wanted);
  if (taps % 2 == 0)
    taps += wanted >= static_cast<double>(taps) ? 1 : -1;
  return {sigma, (taps - 1) / 2};
}

void DrawerV2::drawIntensities(PatchRandom &random, PatchDraw &draw) const {
  if (random.chance(0.1f)) {
    const float noise = random.uniform(0, 0.1f);
    for (ChannelDraw &channel : draw.channels)
      channel.noise = noise;
  }
  if (random.chance(0.2f))
    for (ChannelDraw &channel : draw.channels)
      if (random.coin())
        for (size_t axis = options.planes() ? 1 : 0; axis < 3; ++axis)
          channel.blur[axis] = blurOf(random.uniform(0.5f, 1));
  if (random.chance(0.15f))
    for (ChannelDraw &channel : draw.channels)
      channel.scale = drawFactor(random, 0.75f, 1.25f);
  if (random.chance(0.15f))
    for (ChannelDraw &channel : draw.channels)
      channel.contrast = drawFactor(random, 0.75f, 1.25f);
  if (random.chance(0.25f))
    for (ChannelDraw &channel : draw.channels)
      if (random.coin()) {
        const float factor = random.uniform(0.5f, 1);
        for (size_t axis = turns.inPlane ? 1 : 0; axis < 3; ++axis)
          channel.lowResolution[axis] = factor;
      }
  if (random.chance(0.1f))
    for (ChannelDraw &channel : draw.channels)
      channel.invertedGamma = drawFactor(random, 0.7f, 1.5f);
  if (random.chance(0.3f))
    for (ChannelDraw &channel : draw.channels)
      channel.gamma = drawFactor(random, 0.7f, 1.5f);
}

PatchDraw DrawerV2::draw(const DrawnCase &source, const AugmentKey &key) const {
  PatchRandom random(key.seed, key.sampleIndex);
  PatchDraw draw;
  draw.seed = key.seed;
  draw.sample = key.sampleIndex;
  draw.channels.resize(static_cast<size_t>(source.prepared.channels));
  draw.extent = key.augment ? enlarged : options.patch;
  const auto inBatch = static_cast<int64_t>(
      key.sampleIndex % static_cast<uint64_t>(options.batch));
  const bool foreground =
      inBatch >= std::lrint(static_cast<double>(options.batch) *
                            (1 - options.oversampling));
  draw.origin = cropOrigin(source.prepared, draw.extent, random, foreground);
  if (!key.augment)
    return draw;
  drawMap(random, draw);
  drawIntensities(random, draw);
  for (size_t axis = options.planes() ? 1 : 0; axis < 3; ++axis)
    draw.flip[axis] = random.coin();
  if (draw.map == CropMap::Copy) {
    for (size_t axis = 0; axis < 3; ++axis)
      draw.origin[axis] += enlarged[axis] / 2 - options.patch[axis] / 2;
    draw.extent = options.patch;
  }
  return draw;
}

std::unique_ptr<PatchDrawer> segc::makeDrawerV2(const PatchOptions &options) {
  return std::make_unique<DrawerV2>(options);
}
