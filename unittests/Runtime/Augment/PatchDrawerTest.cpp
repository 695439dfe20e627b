//===- PatchDrawerTest.cpp - Drawing of patches ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchDrawer.h"
#include "TestCases.h"
#include "segc/Plan/CropExtents.h"

#include <map>

using namespace segc;
using namespace segc::test;

/// What `count` samples of a case draw.
static std::vector<PatchDraw> drawMany(const PatchOptions &options,
                                       const PreparedCase &source,
                                       uint64_t count, bool augment = true) {
  const auto boxes = foregroundBoxes(source);
  const auto drawer = makePatchDrawer(options);
  std::vector<PatchDraw> draws;
  for (uint64_t sample = 0; sample < count; ++sample)
    draws.push_back(drawer->draw({source, boxes}, {0, sample, augment}));
  return draws;
}

namespace {
/// How often something is drawn, and its range.
struct Drawn {
  double count = 0, low = 1e9, high = -1e9, sum = 0;

  void add(double value) {
    ++count;
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  /// The range is nearly filled and the share is `chance`.
  void expect(double total, double chance, double from, double to) const {
    EXPECT_NEAR(count / total, chance,
                5 * std::sqrt(chance * (1 - chance) / total));
    EXPECT_GE(low, from);
    EXPECT_LE(high, to);
    EXPECT_NEAR(low, from, 0.02 * (to - from));
    EXPECT_NEAR(high, to, 0.02 * (to - from));
  }
};
} // namespace

static std::map<std::string, Drawn>
intensities(const std::vector<PatchDraw> &draws) {
  std::map<std::string, Drawn> drawn;
  for (const PatchDraw &draw : draws)
    for (const ChannelDraw &channel : draw.channels) {
      if (channel.noise > 0)
        drawn["noise"].add(static_cast<double>(channel.noise));
      if (channel.blurs())
        drawn["blur"].add(static_cast<double>(channel.blur[2].sigma));
      if (channel.scale != 1)
        drawn["scale"].add(static_cast<double>(channel.scale));
      if (channel.contrast)
        drawn["contrast"].add(static_cast<double>(*channel.contrast));
      if (channel.reduces())
        drawn["low"].add(static_cast<double>(channel.lowResolution[2]));
      if (channel.invertedGamma)
        drawn["inverted"].add(static_cast<double>(*channel.invertedGamma));
      if (channel.gamma)
        drawn["gamma"].add(static_cast<double>(*channel.gamma));
    }
  return drawn;
}

// v2's probabilities and ranges.
TEST(PatchDrawer, IntensitiesOfV2) {
  PatchOptions options;
  options.patch = {8, 9, 10};
  const auto draws = drawMany(options, makeCase({20, 21, 22}), 20000);
  const auto drawn = intensities(draws);
  drawn.at("noise").expect(20000, 0.1, 0, 0.1);
  drawn.at("blur").expect(20000, 0.2 * 0.5, 0.5, 1);
  drawn.at("scale").expect(20000, 0.15, 0.75, 1.25);
  drawn.at("contrast").expect(20000, 0.15, 0.75, 1.25);
  drawn.at("low").expect(20000, 0.25 * 0.5, 0.5, 1);
  drawn.at("inverted").expect(20000, 0.1, 0.7, 1.5);
  drawn.at("gamma").expect(20000, 0.3, 0.7, 1.5);
  // As often below 1 as above it.
  EXPECT_NEAR(drawn.at("gamma").sum / drawn.at("gamma").count,
              0.5 * (0.85 + 1.25), 0.01);
  Drawn flips, scales, turns;
  std::map<int64_t, int> radii;
  for (const PatchDraw &draw : draws) {
    if (draw.flip[0])
      flips.add(1);
    const auto &m = draw.matrix;
    if (draw.map == CropMap::Affine) {
      const double factor =
          std::sqrt(m[0][2] * m[0][2] + m[1][2] * m[1][2] + m[2][2] * m[2][2]);
      if (std::abs(factor - 1) > 1e-9)
        scales.add(factor);
      // The angle around the second axis.
      if (m[2][0] != 0)
        turns.add(std::asin(-m[2][0] / factor) * 180 / M_PI);
      EXPECT_EQ(draw.extent, enlargedPatch(options.patch));
    } else {
      EXPECT_EQ(draw.extent, options.patch);
    }
    for (const AxisBlur &blur : draw.channels[0].blur)
      ++radii[blur.radius];
  }
  EXPECT_NEAR(flips.count / 20000, 0.5, 0.02);
  scales.expect(20000, 0.2, 0.7, 1.4);
  turns.expect(20000, 0.2, -30, 30);
  EXPECT_EQ(radii.size(), 4u); // 0, and 1 to 3
  EXPECT_EQ(radii.rbegin()->first, 3);
}

// Planes turn in their plane: by any angle, long ones by 15 degrees. Where the
// first axis is much shorter than the others it is left alone.
TEST(PatchDrawer, PlanesOfV2) {
  PatchOptions options;
  for (const auto &[patch, degrees] :
       {std::pair<Shape3, double>{{1, 16, 16}, 180},
        {{1, 12, 20}, 15},
        {{4, 16, 16}, 180}}) {
    options.patch = patch;
    Drawn turns;
    for (const PatchDraw &draw :
         drawMany(options, makeCase({6, 30, 30}), 10000)) {
      const auto &m = draw.matrix;
      EXPECT_EQ(m[0], (std::array<double, 3>{1, 0, 0}));
      EXPECT_EQ(m[1][0], 0);
      if (m[2][1] != 0)
        turns.add(std::atan2(m[2][1], m[1][1]) * 180 / M_PI);
      EXPECT_EQ(draw.extent[0], patch[0]);
      EXPECT_EQ(draw.channels[0].lowResolution[0], 1);
      if (patch[0] == 1) {
        EXPECT_FALSE(draw.flip[0]);
        EXPECT_EQ(draw.channels[0].blur[0].radius, 0);
      }
    }
    turns.expect(10000, 0.2, -degrees, degrees);
  }
}

TEST(PatchDrawer, IntensitiesOfTheExample) {
  PatchOptions options;
  options.rules = PlanRules::Example;
  options.patch = {8, 9, 10};
  const auto draws = drawMany(options, makeCase({20, 21, 22}), 20000);
  const auto drawn = intensities(draws);
  drawn.at("noise").expect(20000, 0.15, 0, 0.3);
  drawn.at("blur").expect(20000, 0.15, 0.5, 1.5);
  drawn.at("scale").expect(20000, 0.15, 0.7 * 0.65, 1.3 * 1.5);
  Drawn zooms;
  for (const PatchDraw &draw : draws) {
    const ChannelDraw &channel = draw.channels[0];
    if (draw.map == CropMap::Zoom)
      zooms.add(static_cast<double>(draw.extent[2]));
    // An intensity of 0.5 only changes its brightness.
    EXPECT_NEAR(0.5f * channel.scale + channel.shift, 0.5, 0.16);
    EXPECT_EQ(channel.blur[0].radius,
              static_cast<int64_t>(std::ceil(3 * channel.blur[0].sigma)));
  }
  zooms.expect(20000, 0.15, 7, 9);
}

/// Probabilities and ranges of MLPerf; published factors are larger by 1.
static void expectMlperf(const std::string &name, double more) {
  PatchOptions options;
  ASSERT_TRUE(chooseAugmentation(name, options));
  EXPECT_EQ(options.oversampling, 0.4);
  options.patch = {8, 9, 10};
  Drawn noise, scales;
  std::array<Drawn, 3> flips;
  for (const PatchDraw &draw :
       drawMany(options, makeCase({20, 21, 22}, 2), 20000)) {
    const ChannelDraw &channel = draw.channels[0];
    EXPECT_EQ(channel.noise, draw.channels[1].noise);
    EXPECT_EQ(channel.scale, draw.channels[1].scale);
    // As it is after the scale.
    if (channel.noise > 0)
      noise.add(static_cast<double>(channel.noise * channel.scale));
    if (channel.scale != 1)
      scales.add(static_cast<double>(channel.scale));
    EXPECT_EQ(draw.map, CropMap::Copy);
    EXPECT_FALSE(channel.blurs() || channel.reduces() || channel.contrast ||
                 channel.gamma || channel.invertedGamma);
    for (size_t axis = 0; axis < 3; ++axis)
      if (draw.flip[axis])
        flips[axis].add(1);
  }
  noise.expect(20000, 0.1, 0, 0.1);
  scales.expect(20000, 0.1, 0.7 + more, 1.3 + more);
  for (const Drawn &flip : flips)
    EXPECT_NEAR(flip.count / 20000, 1.0 / 3, 0.02);
}

TEST(PatchDrawer, IntensitiesOfMlperf) {
  expectMlperf("mlperf", 0);
  expectMlperf("mlperf_published", 1);
  PatchOptions options;
  EXPECT_FALSE(chooseAugmentation("none", options));
}

// Four in ten crops hold the component or lie in it, axis by axis; the case
// ends them. The others lie anywhere.
TEST(PatchDrawer, CropsOfMlperf) {
  PatchOptions options;
  options.rules = PlanRules::Mlperf;
  options.oversampling = 0.4;
  options.patch = {10, 10, 10};
  const PreparedCase source = makeCase({40, 40, 40});
  // Larger than a crop, smaller, and at the end of the case.
  const std::vector<std::vector<ForegroundBox>> boxes = {
      {{{5, 20, 38}, {30, 24, 40}}}};
  const auto drawer = makePatchDrawer(options);
  constexpr double count = 20000;
  double around = 0, atTheEnd = 0;
  for (uint64_t sample = 0; sample < static_cast<uint64_t>(count); ++sample) {
    const Shape3 origin =
        drawer->draw({source, boxes}, {0, sample, true}).origin;
    for (int64_t place : origin) {
      EXPECT_GE(place, 0);
      EXPECT_LE(place, 30);
    }
    around += origin[0] >= 5 && origin[0] <= 20 && origin[1] >= 14 &&
              origin[1] <= 20 && origin[2] >= 30;
    atTheEnd += origin[2] == 30;
  }
  const double uniform = 16.0 / 31 * 7 / 31 / 31;
  EXPECT_NEAR(around / count, 0.4 + 0.6 * uniform, 0.02);
  EXPECT_NEAR(atTheEnd / count, 0.4 + 0.6 / 31, 0.02);
}

// v2 takes this much of a case.
TEST(PatchDrawer, EnlargedPatches) {
  StatusOr<std::string> text = readFile(
      SEGC_SOURCE_DIR "/unittests/Runtime/Augment/golden/augmentations.json");
  ASSERT_OK(text.status());
  StatusOr<Json> cases = parseJson(*text, "augmentations.json");
  ASSERT_OK(cases.status());
  ASSERT_EQ((*cases)[0]["enlarged"].size(), 8u);
  for (const Json &pair : (*cases)[0]["enlarged"])
    EXPECT_EQ(enlargedPatch(pair[0].get<Shape3>()), pair[1].get<Shape3>())
        << pair.dump();
}

// The last third of a batch has a voxel of a class in its centre, each class as
// often, unless the case ends there.
TEST(PatchDrawer, ForegroundOfV2) {
  PatchOptions options;
  options.patch = {5, 5, 5};
  options.batch = 3;
  PreparedCase source = makeCase({40, 41, 42});
  source.classVoxels = {{1230}, {}, {42 * 41 * 20 + 42 * 20 + 20}};
  std::map<Shape3, int> origins;
  for (const PatchDraw &draw : drawMany(options, source, 3000, false))
    if (draw.sample % 3 == 2)
      ++origins[draw.origin];
  ASSERT_EQ(origins.size(), 2u);
  EXPECT_NEAR((origins[{18, 18, 18}]), 500, 80);
  // Voxel 1230 is at 0, 29, 12.
  EXPECT_NEAR((origins[{0, 27, 10}]), 500, 80);
}

// Everywhere in the case and no further; a case that is smaller lies in the
// middle of its patches, one without foreground is no obstacle.
TEST(PatchDrawer, CropsStayInside) {
  PreparedCase source = makeCase({20, 9, 30});
  source.classVoxels.assign(3, {});
  for (PlanRules rules : allPlanRules) {
    PatchOptions options;
    options.rules = rules;
    options.patch = {8, 12, 10};
    options.oversampling = rules == PlanRules::V2 ? 1 : 0;
    int64_t first = 100, last = -100;
    for (const PatchDraw &draw : drawMany(options, source, 2000, false)) {
      EXPECT_EQ(draw.map, CropMap::Copy);
      first = std::min(first, draw.origin[0]);
      last = std::max(last, draw.origin[0]);
      EXPECT_GE(draw.origin[1], -2);
      EXPECT_LE(draw.origin[1], -1);
    }
    EXPECT_EQ(first, 0);
    EXPECT_EQ(last, 12);
  }
}

// Where not all voxels are labelled, patches are centred on those that are.
TEST(PatchDrawer, LabelledVoxels) {
  PatchOptions options;
  options.patch = {5, 5, 5};
  options.oversampling = 0;
  PreparedCase source = makeCase({40, 41, 42});
  source.labelledVoxels = {42 * 41 * 20 + 42 * 20 + 20};
  for (const PatchDraw &draw : drawMany(options, source, 20, false))
    EXPECT_EQ(draw.origin, (Shape3{18, 18, 18}));
}

// The two largest boxes of each class; components touch with faces.
TEST(PatchDrawer, ForegroundBoxes) {
  PreparedCase source = makeCase({4, 6, 6});
  std::vector<int16_t> labels(144);
  auto set = [&](int64_t z, int64_t y, int64_t x, int16_t label) {
    labels[static_cast<size_t>((z * 6 + y) * 6 + x)] = label;
  };
  set(0, 0, 0, 1);
  set(1, 1, 1, 1); // touches with a corner
  set(1, 1, 2, 1);
  set(3, 5, 3, 1);
  set(3, 5, 4, 1);
  set(3, 5, 5, 1);
  set(2, 2, 2, 3);
  source.labels = labels.data();
  const auto boxes = foregroundBoxes(source);
  ASSERT_EQ(boxes.size(), 2u);
  ASSERT_EQ(boxes[0].size(), 2u);
  EXPECT_EQ(boxes[0][0].begin, (Shape3{3, 5, 3}));
  EXPECT_EQ(boxes[0][0].end, (Shape3{4, 6, 6}));
  EXPECT_EQ(boxes[0][1].begin, (Shape3{1, 1, 1}));
  EXPECT_EQ(boxes[0][1].end, (Shape3{2, 2, 3}));
  ASSERT_EQ(boxes[1].size(), 1u);
  EXPECT_EQ(boxes[1][0].begin, (Shape3{2, 2, 2}));
  // A crop that is larger than a component holds all of it.
  PatchOptions options;
  options.rules = PlanRules::Example;
  options.patch = {2, 3, 4};
  options.oversampling = 1;
  for (const PatchDraw &draw : drawMany(options, source, 500, false)) {
    const bool holds = std::any_of(
        boxes.begin(), boxes.end(), [&](const std::vector<ForegroundBox> &all) {
          return std::any_of(
              all.begin(), all.end(), [&](const ForegroundBox &box) {
                bool inside = true;
                for (size_t axis = 0; axis < 3; ++axis)
                  inside &=
                      draw.origin[axis] <= box.begin[axis] &&
                      draw.origin[axis] + draw.extent[axis] >= box.end[axis];
                return inside;
              });
        });
    EXPECT_TRUE(holds);
  }
}
