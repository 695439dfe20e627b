//===- AugmentValuesTest.cpp - Augmentation by hand -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"
#include "segc/Plan/AugmentEntry.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using ::testing::DoubleNear;
using ::testing::ElementsAre;

/// One row of numbers; lists begin at these places.
static HostTensor numbers(const std::vector<int64_t> &shape,
                          const std::map<int64_t, std::vector<double>> &lists) {
  HostTensor result(shape, ElementKind::F64);
  for (const auto &[place, list] : lists)
    llvm::copy(list, result.values().begin() + place);
  return result;
}

namespace {

/// Images of one line of four voxels, patches of three or four.
class AugmentValues : public ReferenceTest {
protected:
  static HostTensor line(std::vector<double> values) {
    auto size = static_cast<int64_t>(values.size());
    return HostTensor({1, 1, 1, size, 1}, ElementKind::F64, std::move(values));
  }
  static HostTensor map(double extent, double flip = 0, double zoom = 0) {
    return numbers({1, augment::mapNumbers},
                   {{augment::MapExtent, {1, 1, extent}},
                    {augment::MapMatrix, {1, 0, 0, 0, 1, 0, 0, 0, 1}},
                    {augment::MapFlip, {0, 0, flip}},
                    {augment::MapZooms, {zoom}}});
  }
  static HostTensor
  drawn(const std::map<int64_t, std::vector<double>> &lists = {}) {
    return numbers({1, 1, augment::intensityNumbers}, lists);
  }
  static HostTensor statistics(std::vector<double> values) {
    return HostTensor({1, 1, 4}, ElementKind::F64, std::move(values));
  }
  std::vector<double> sample(const HostTensor &crop, const HostTensor &map,
                             int64_t size) {
    std::string patch = "1x1x1x" + std::to_string(size) + "x1xf64";
    HostTensor keys({1, augment::noiseWords}, ElementKind::I32);
    return run(functionText(
                   {"1x1x1x4x1xf64", "1x24xf64", "1x1x24xf64", "1x4xi32"},
                   {patch},
                   "seg.sample_patch %a0, %a1, %a2, %a3 : (!a0, !a1, "
                   "!a2, !a3) -> !r0"),
               {crop, map, drawn(), keys})[0]
        .values()
        .vec();
  }
  std::vector<std::vector<int64_t>> sampleLabels(std::vector<int64_t> crop,
                                                 const HostTensor &map) {
    HostTensor labels({1, 1, 1, 4}, ElementKind::I32);
    llvm::copy(crop, labels.integers().begin());
    auto results =
        run(functionText({"1x1x1x4xi32", "1x24xf64"},
                         {"1x1x1x3xi32", "1x1x1x3xi32"},
                         "seg.sample_labels %a0, %a1 : (!a0, !a1) -> (!r0, "
                         "!r1)"),
            {labels, map});
    return {results[0].integers().vec(), results[1].integers().vec()};
  }
  /// Runs an op of an image of four voxels, of intensities and of `more`.
  std::vector<double> change(const std::string &op, const HostTensor &image,
                             const HostTensor &intensities,
                             const std::vector<HostTensor> &more = {},
                             const std::string &result = "1x1x1x4x1xf64") {
    std::vector<std::string> types = {"1x1x1x4x1xf64", "1x1x24xf64"};
    std::vector<HostTensor> inputs = {image, intensities};
    std::string operands = "%a0, %a1", list = "!a0, !a1";
    for (const HostTensor &tensor : more) {
      std::string number = std::to_string(inputs.size());
      bool mask = tensor.kind() == ElementKind::I32;
      types.emplace_back(mask ? "1x1x1x4xi32" : "1x1x4xf64");
      operands += (mask ? " mask %a" : ", %a") + number;
      list += ", !a" + number;
      inputs.push_back(tensor);
    }
    return run(functionText(types, {result},
                            "seg." + op + " " + operands + " : (" + list +
                                ") -> !r0"),
               inputs)[0]
        .values()
        .vec();
  }
};

TEST_F(AugmentValues, PatchesAreSampledAboutTheCentre) {
  HostTensor crop = line({0, 10, 20, 40});
  EXPECT_THAT(sample(crop, map(4), 3), ElementsAre(5, 15, 30));
  EXPECT_THAT(sample(crop, map(4, 1), 3), ElementsAre(30, 15, 5));
  // Outside of the extent is nothing.
  EXPECT_THAT(sample(crop, map(2), 3), ElementsAre(0, 5, 5));
}

TEST_F(AugmentValues, ZoomsAreCubic) {
  auto at = [](double value) { return DoubleNear(value, 1e-12); };
  EXPECT_THAT(
      sample(line({0, 10, 20, 40}), map(2, 0, 1), 4),
      ElementsAre(at(-0.703125), at(2.03125), at(7.96875), at(10.703125)));
}

// Of equal votes the nearest voxel's wins, and outside is a label like others.
TEST_F(AugmentValues, LabelsAreVotes) {
  EXPECT_THAT(sampleLabels({1, 2, 2, 3}, map(4)),
              ElementsAre(ElementsAre(2, 2, 3), ElementsAre(2, 2, 3)));
  EXPECT_THAT(sampleLabels({1, 2, 2, 3}, map(2)),
              ElementsAre(ElementsAre(1, 2, 0), ElementsAre(1, 2, -1)));
  EXPECT_THAT(sampleLabels({1, 2, 7, 7}, map(2, 0, 1)),
              ElementsAre(ElementsAre(1, 2, 2), ElementsAre(1, 2, 2)));
}

TEST_F(AugmentValues, BlursMirrorTheEnds) {
  double w = std::exp(-0.5), sum = 1 + 2 * w;
  EXPECT_THAT(change("blur_axis 2", line({0, 0, 1, 0}),
                     drawn({{augment::BlurSigma, {0, 0, 1}},
                            {augment::BlurRadius, {0, 0, 1}}})),
              ElementsAre(0, DoubleNear(w / sum, 1e-15),
                          DoubleNear(1 / sum, 1e-15),
                          DoubleNear(2 * w / sum, 1e-15)));
  EXPECT_THAT(change("blur_axis 2", line({0, 0, 1, 0}), drawn()),
              ElementsAre(0, 0, 1, 0));
}

TEST_F(AugmentValues, LowResolutionIsNearestThenLinear) {
  HostTensor image = line({8, 4, 2, 0});
  EXPECT_THAT(change("lower_resolution", image,
                     drawn({{augment::LowResolutionExtent, {1, 1, 2}}})),
              ElementsAre(4, 3, 1, 0));
  EXPECT_THAT(change("lower_resolution", image,
                     drawn({{augment::LowResolutionExtent, {1, 1, 4}}})),
              ElementsAre(8, 4, 2, 0));
}

TEST_F(AugmentValues, StatisticsOfWhatDrewTheStep) {
  HostTensor image = line({1, 2, 3, 6});
  auto measured = [&](const HostTensor &intensities) {
    return change("channel_statistics gamma", image, intensities, {},
                  "1x1x4xf64");
  };
  EXPECT_THAT(measured(drawn({{augment::Gamma, {2}}})),
              ElementsAre(3, DoubleNear(std::sqrt(14.0 / 3), 1e-12), 1, 6));
  EXPECT_THAT(measured(drawn()), ElementsAre(0, 0, 0, 0));
}

TEST_F(AugmentValues, ContrastKeepsTheRange) {
  HostTensor image = line({1, 2, 3, 6}), known = statistics({3, 2, 1, 6});
  auto adjusted = [&](double contrast) {
    return change("adjust_contrast", image,
                  drawn({{augment::Scale, {2, 1, contrast}}}), {known});
  };
  EXPECT_THAT(adjusted(1), ElementsAre(3, 5, 7, 13));
  EXPECT_THAT(adjusted(0.5), ElementsAre(5, 6, 7, 10));
  EXPECT_THAT(adjusted(2), ElementsAre(3, 3, 7, 13));
}

TEST_F(AugmentValues, GammaOfPartsOfTheRange) {
  auto at = [](double value) { return DoubleNear(value, 1e-12); };
  HostTensor image = line({1, 2, 3, 6}), known = statistics({3, 2, 1, 6});
  EXPECT_THAT(change("adjust_gamma gamma", image,
                     drawn({{augment::Gamma, {2}}}), {known}),
              ElementsAre(at(1), at(1.2), at(1.8), at(6)));
  EXPECT_THAT(change("adjust_gamma inverted_gamma", image,
                     drawn({{augment::InvertedGamma, {2}}}), {known}),
              ElementsAre(at(-1), at(-2.8), at(-4.2), at(-6)));
  EXPECT_THAT(change("adjust_gamma gamma", image, drawn(), {known}),
              ElementsAre(1, 2, 3, 6));
}

TEST_F(AugmentValues, StatisticsAreRetainedAndChannelsMasked) {
  HostTensor image = line({5, 1, 3, -1}), before = statistics({3, 2, 0, 0}),
             after = statistics({1, 4, 0, 0});
  EXPECT_THAT(change("retain_statistics inverted_gamma", image,
                     drawn({{augment::InvertedGamma, {2}}}), {before, after}),
              ElementsAre(1, 3, 2, 4));
  HostTensor labels({1, 1, 1, 4}, ElementKind::I32);
  llvm::copy(std::vector<int64_t>{0, -1, 2, -1}, labels.integers().begin());
  for (double masked : {0, 1})
    EXPECT_THAT(
        change("retain_statistics gamma", image,
               drawn({{augment::Gamma, {2}}, {augment::Masked, {masked}}}),
               {before, after, labels}),
        ElementsAre(5, masked ? 0 : 3, 4, masked ? 0 : 2));
}

} // namespace
