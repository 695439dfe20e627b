//===- PatchRendererTest.cpp - Patches against recordings -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchRenderer.h"
#include "TestCases.h"

using namespace segc;
using namespace segc::test;

namespace {
struct Rendered {
  std::vector<float> image;
  std::vector<int32_t> labels;
};
} // namespace

static Rendered render(const PreparedCase &source, Shape3 patch,
                       const PatchDraw &draw,
                       std::vector<bool> maskedChannels = {}) {
  const auto voxels = static_cast<size_t>(patch[0] * patch[1] * patch[2]);
  Rendered result{
      std::vector<float>(voxels * static_cast<size_t>(source.channels)),
      std::vector<int32_t>(voxels)};
  PatchRenderer renderer(patch, source.channels, std::move(maskedChannels));
  const Status status =
      renderer.render(source, draw, result.image.data(), result.labels.data());
  EXPECT_TRUE(status.ok()) << status.message();
  return result;
}

static Json recordings() {
  StatusOr<std::string> text = readFile(
      SEGC_SOURCE_DIR "/unittests/Runtime/Augment/golden/augmentations.json");
  EXPECT_TRUE(text.ok());
  StatusOr<Json> cases = parseJson(*text, "augmentations.json");
  EXPECT_TRUE(cases.ok());
  return *cases;
}

static PatchDraw drawOf(const Json &recorded) {
  PatchDraw draw;
  draw.origin = recorded["origin"].get<Shape3>();
  draw.extent = recorded["extent"].get<Shape3>();
  draw.map = recorded["map"] == "affine" ? CropMap::Affine
             : recorded["map"] == "zoom" ? CropMap::Zoom
                                         : CropMap::Copy;
  draw.matrix = recorded["matrix"].get<decltype(draw.matrix)>();
  draw.flip = recorded["flip"].get<std::array<bool, 3>>();
  ChannelDraw channel;
  if (recorded.contains("blur"))
    for (size_t axis = 0; axis < 3; ++axis)
      channel.blur[axis] = {recorded["blur"][axis][0].get<float>(),
                            recorded["blur"][axis][1].get<int64_t>()};
  if (recorded.contains("low"))
    channel.lowResolution = recorded["low"].get<std::array<float, 3>>();
  channel.scale = recorded.value("scale", 1.0f);
  channel.shift = recorded.value("shift", 0.0f);
  auto take = [&](const char *name, std::optional<float> &value) {
    if (recorded.contains(name))
      value = recorded[name].get<float>();
  };
  take("contrast", channel.contrast);
  take("gamma", channel.gamma);
  take("inverted_gamma", channel.invertedGamma);
  draw.channels = {channel};
  return draw;
}

// Each operation alone, and all of them.
TEST(PatchRenderer, IsThatOfTheRecordings) {
  const Json cases = recordings();
  ASSERT_EQ(cases.size(), 24u);
  for (size_t i = 1; i < cases.size(); ++i) {
    const Json &recorded = cases[i];
    SCOPED_TRACE("recording " + std::to_string(i));
    const Shape3 patch = recorded["patch"].get<Shape3>();
    const Rendered result = render(makeCase(recorded["shape"].get<Shape3>()),
                                   patch, drawOf(recorded));
    const auto image = recorded["image"].get<std::vector<float>>();
    ASSERT_EQ(result.image.size(), image.size());
    for (size_t voxel = 0; voxel < image.size(); ++voxel)
      ASSERT_NEAR(result.image[voxel], image[voxel], 2e-5) << voxel;
    EXPECT_EQ(result.labels, recorded["labels"].get<std::vector<int32_t>>());
  }
}

// Channels lie side by side; each has its own intensities.
TEST(PatchRenderer, Channels) {
  const PreparedCase one = makeCase({9, 10, 11});
  const PreparedCase two = makeCase({9, 10, 11}, 2);
  const Json cases = recordings();
  for (size_t i : {1u, 3u, 6u, 11u, 23u}) {
    SCOPED_TRACE("recording " + std::to_string(i));
    PatchDraw draw = drawOf(cases[i]);
    const Shape3 patch = cases[i]["patch"].get<Shape3>();
    const Rendered first = render(one, patch, draw);
    draw.channels.push_back(draw.channels[0]);
    draw.channels[1].contrast = 0.5f;
    const Rendered both = render(two, patch, draw);
    for (size_t voxel = 0; voxel < first.image.size(); ++voxel)
      ASSERT_EQ(both.image[2 * voxel], first.image[voxel]);
    EXPECT_EQ(both.labels, first.labels);
    // The second channel has 1 more, and half of the contrast.
    const auto range = [&](size_t channel) {
      float low = 1e9f, high = -1e9f;
      for (size_t at = channel; at < both.image.size(); at += 2) {
        low = std::min(low, both.image[at]);
        high = std::max(high, both.image[at]);
      }
      return high - low;
    };
    EXPECT_LT(range(1), 0.75f * range(0));
  }
}

// Outside of the mask a masked channel is 0, whatever was added.
TEST(PatchRenderer, MaskedChannels) {
  PatchDraw draw;
  draw.origin = {-1, 0, 0};
  draw.extent = {4, 5, 6};
  draw.channels.resize(2);
  for (ChannelDraw &channel : draw.channels)
    channel.shift = 3;
  const Rendered result =
      render(makeCase({6, 7, 8}, 2), {4, 5, 6}, draw, {true, false});
  for (size_t voxel = 0; voxel < 30; ++voxel) {
    EXPECT_EQ(result.image[2 * voxel], 0);
    EXPECT_EQ(result.image[2 * voxel + 1], 3);
    EXPECT_EQ(result.labels[voxel], 0);
    EXPECT_GE(result.image[2 * (voxel + 30)], 3);
  }
}

// Far away from the case there is nothing.
TEST(PatchRenderer, Outside) {
  const PreparedCase source = makeCase({3, 4, 5});
  PatchDraw draw;
  draw.extent = {6, 6, 6};
  draw.channels.resize(1);
  draw.matrix[1][2] = 0.1;
  for (CropMap map : {CropMap::Copy, CropMap::Affine, CropMap::Zoom})
    for (int64_t far : {-40, 40}) {
      draw.map = map;
      draw.origin = {0, far, 0};
      if (map == CropMap::Copy)
        draw.extent = {4, 4, 4};
      const Rendered result = render(source, {4, 4, 4}, draw);
      EXPECT_THAT(result.image, testing::Each(0.0f));
      EXPECT_THAT(result.labels, testing::Each(0));
    }
}

// A constant image has no range for gamma and no contrast.
TEST(PatchRenderer, ConstantImage) {
  PreparedCase source = makeCase({4, 5, 6});
  const std::vector<float> constant(120, 2.5f);
  source.image = constant.data();
  PatchDraw draw;
  draw.extent = source.shape;
  draw.channels.resize(1);
  draw.channels[0].contrast = 1.2f;
  draw.channels[0].gamma = 0.7f;
  draw.channels[0].invertedGamma = 1.4f;
  for (float value : render(source, source.shape, draw).image)
    ASSERT_NEAR(value, 2.5f, 1e-5);
}

// Normal numbers, others in each voxel, channel and sample, the same again.
TEST(PatchRenderer, Noise) {
  const Shape3 patch = {10, 40, 50};
  PreparedCase source = makeCase(patch, 2);
  const std::vector<float> zeros(40000);
  source.image = zeros.data();
  PatchDraw draw;
  draw.extent = patch;
  draw.channels.resize(2);
  draw.channels[0].noise = draw.channels[1].noise = 2;
  draw.seed = 7;
  draw.sample = 5;
  const std::vector<float> noise = render(source, patch, draw).image;
  double powers[4] = {}, products = 0, neighbours = 0, below = 0;
  for (size_t i = 0; i < noise.size(); ++i) {
    const double value = static_cast<double>(noise[i]) / 2;
    double power = 1;
    for (double &sum : powers)
      sum += power *= value;
    products += i % 2 ? value * static_cast<double>(noise[i - 1]) / 2 : 0;
    neighbours += i > 1 ? value * static_cast<double>(noise[i - 2]) / 2 : 0;
    below += value < -1;
  }
  const auto count = static_cast<double>(noise.size());
  EXPECT_NEAR(powers[0] / count, 0, 0.02);
  EXPECT_NEAR(powers[1] / count, 1, 0.03);
  EXPECT_NEAR(powers[2] / count, 0, 0.08);
  EXPECT_NEAR(powers[3] / count, 3, 0.2);
  EXPECT_NEAR(products / count, 0, 0.02);
  EXPECT_NEAR(neighbours / count, 0, 0.02);
  EXPECT_NEAR(below / count, 0.1587, 0.008);
  EXPECT_EQ(render(source, patch, draw).image, noise);
  draw.sample = 6;
  EXPECT_NE(render(source, patch, draw).image, noise);
  draw.sample = uint64_t{1} << 32 | 5;
  EXPECT_NE(render(source, patch, draw).image, noise);
}

// Places of a crop must fit in 32 bits.
TEST(PatchRenderer, HugeCase) {
  PreparedCase source = makeCase({2, 2, 2});
  source.shape = {4000, 4000, 4000};
  PatchDraw draw;
  draw.extent = {3000, 3000, 3000};
  draw.map = CropMap::Affine;
  draw.channels.resize(1);
  float image;
  int32_t label;
  PatchRenderer renderer({1, 1, 1}, 1);
  EXPECT_ERROR(renderer.render(source, draw, &image, &label), Unsupported,
               "made", "2^31");
}
