//===- AugmentKernelsTest.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentCase.h"

#include "segc/Plan/AugmentEntry.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace segc;
using namespace segc::test;

namespace {

constexpr int64_t samples = 3, called = 2; ///< Of the largest and of a call.

const PatchShape volumes{{9, 12, 11}, {7, 9, 10}, 2, false};
const PatchShape rows{{3, 4, 90}, {2, 3, 83}, 3, false};
const PatchShape planes{{1, 12, 80}, {1, 9, 70}, 1, true};

class AugmentKernels
    : public testing::TestWithParam<std::tuple<const char *, PatchShape>> {
protected:
  const PatchShape &shape() const { return std::get<1>(GetParam()); }
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = std::get<0>(GetParam());
    options.largestBatch = samples;
    options.batch = called;
    return options;
  }
  /// Checks an op of an image, of intensities and of `more`.
  void checkChange(const std::string &op, const Values &intensities,
                   std::vector<std::string> more = {},
                   std::map<unsigned, Values> inputs = {},
                   const std::string &result = "") const {
    std::vector<std::string> types = {shape().image(), shape().intensities()};
    types.insert(types.end(), more.begin(), more.end());
    std::string operands, list;
    for (size_t i = 0; i < types.size(); ++i) {
      std::string separator = i == 0 ? "" : i == 4 ? " mask " : ", ";
      operands += separator + "%a" + std::to_string(i);
      list += (i ? ", " : "") + types[i];
    }
    std::string type = result.empty() ? shape().image() : result;
    KernelTestOptions options = this->options();
    options.inputs = std::move(inputs);
    options.inputs[1] = intensities;
    EXPECT_EQ(checkKernels(fusionFunction(types, {type},
                                          "%r0 = seg." + op + " " + operands +
                                              " : (" + list + ") -> " + type),
                           options),
              "");
  }
};

TEST_P(AugmentKernels, SamplePatch) {
  const PatchShape &s = shape();
  const std::string crop = s.cropImage(), keys = "tensor<$Nx4xi32>",
                    maps = "tensor<$Nx24xf32>";
  for (const std::vector<PatchMap> &list :
       {std::vector{copiedCrop(s), turnedCrop(s), copiedCrop(s)},
        {zoomedCrop(s), farCrop(s), copiedCrop(s)}})
    for (double noise : {0.0, 0.3}) {
      KernelTestOptions options = this->options();
      options.inputs[1] = mapNumbers(list);
      options.inputs[2] = intensityNumbers(s, samples, {{0, {noise}}}, false);
      options.inputs[3] = {-7, 12345, 77, -5, 99, 3, 2, 1, 4, 3, 2, 1};
      EXPECT_EQ(
          checkKernels(
              fusionFunction({crop, maps, s.intensities(), keys}, {s.image()},
                             "%r0 = seg.sample_patch %a0, %a1, %a2, %a3 : (" +
                                 crop + ", " + maps + ", " + s.intensities() +
                                 ", " + keys + ") -> " + s.image()),
              options),
          "")
          << noise;
    }
}

TEST_P(AugmentKernels, SampleLabels) {
  const PatchShape &s = shape();
  const std::string crop = s.cropLabels(), labels = s.labels(),
                    maps = "tensor<$Nx24xf32>";
  for (const std::vector<PatchMap> &list :
       {std::vector{copiedCrop(s), turnedCrop(s), copiedCrop(s)},
        {zoomedCrop(s), farCrop(s), copiedCrop(s)}}) {
    KernelTestOptions options = this->options();
    options.inputs[1] = mapNumbers(list);
    EXPECT_EQ(checkKernels(
                  fusionFunction({crop, maps}, {labels, labels},
                                 "%r0, %r1 = seg.sample_labels %a0, %a1 : (" +
                                     crop + ", " + maps + ") -> (" + labels +
                                     ", " + labels + ")"),
                  options),
              "");
  }
}

// Radii that reach behind both ends of a line, too.
TEST_P(AugmentKernels, BlurAxis) {
  for (int axis = shape().planes ? 1 : 0; axis < 3; ++axis)
    for (double radius : {1, 3, 14})
      checkChange(
          "blur_axis " + std::to_string(axis),
          intensityNumbers(shape(), samples,
                           {{augment::BlurSigma + axis, {0.25 * radius}},
                            {augment::BlurRadius + axis, {radius}}}));
}

TEST_P(AugmentKernels, LowerResolution) {
  const auto &size = shape().patch;
  for (double factor : {0.5, 0.8}) {
    Values reduced;
    for (int64_t axis = 0; axis < 3; ++axis)
      reduced.push_back(
          std::max(1.0, std::floor(factor * static_cast<double>(size[axis]))));
    checkChange("lower_resolution",
                intensityNumbers(shape(), samples,
                                 {{augment::LowResolutionExtent, reduced}}));
    // One axis stays.
    reduced[1] = static_cast<double>(size[1]);
    checkChange("lower_resolution",
                intensityNumbers(shape(), samples,
                                 {{augment::LowResolutionExtent, reduced}}));
  }
}

TEST_P(AugmentKernels, ChannelStatistics) {
  for (const auto &[step, number] : {std::pair("contrast", augment::Contrast),
                                     {"inverted_gamma", augment::InvertedGamma},
                                     {"gamma", augment::Gamma}})
    checkChange("channel_statistics " + std::string(step),
                intensityNumbers(shape(), samples, {{number, {0.75}}}), {}, {},
                shape().statistics());
}

TEST_P(AugmentKernels, AdjustContrast) {
  for (double scale : {1.25, -0.5})
    checkChange("adjust_contrast",
                intensityNumbers(shape(), samples,
                                 {{augment::Scale, {scale, 0.25, 1.5}}}),
                {shape().statistics()},
                {{2, statisticNumbers(shape(), samples)}});
}

TEST_P(AugmentKernels, AdjustGamma) {
  for (const auto &[step, number] :
       {std::pair("inverted_gamma", augment::InvertedGamma),
        {"gamma", augment::Gamma}})
    for (double exponent : {0.75, 1.5})
      checkChange("adjust_gamma " + std::string(step),
                  intensityNumbers(shape(), samples, {{number, {exponent}}}),
                  {shape().statistics()},
                  {{2, statisticNumbers(shape(), samples)}});
}

TEST_P(AugmentKernels, RetainStatistics) {
  const Values labels = unclampedLabels(shape(), samples);
  for (const auto &[step, number] :
       {std::pair("inverted_gamma", augment::InvertedGamma),
        {"gamma", augment::Gamma}}) {
    Values intensities = intensityNumbers(
        shape(), samples, {{number, {0.75}}, {augment::Masked, {1}}});
    checkChange("retain_statistics " + std::string(step), intensities,
                {shape().statistics(), shape().statistics()},
                {{2, statisticNumbers(shape(), samples)}});
    checkChange("retain_statistics " + std::string(step), intensities,
                {shape().statistics(), shape().statistics(), shape().labels()},
                {{2, statisticNumbers(shape(), samples)}, {4, labels}});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets, AugmentKernels,
    testing::Combine(testing::Values("x86-64-v3", "x86-64-v4", "sm_90"),
                     testing::Values(volumes, rows, planes)));

// Tiles of several blocks, values far from zero: the deviation is that of
// exact sums.
TEST(ChannelStatistics, OfManyTiles) {
  const PatchShape s{{1, 1, 1}, {17, 50, 60}, 2, false};
  for (const char *target : {"x86-64-v4", "sm_90"}) {
    KernelTestOptions options;
    options.target = target;
    options.low = 1000;
    options.high = 1000.5;
    options.inputs[1] = Values(4 * augment::intensityNumbers, 2);
    EXPECT_EQ(
        checkKernels(
            fusionFunction({s.image(), s.intensities()}, {s.statistics()},
                           "%r0 = seg.channel_statistics gamma %a0, %a1 : (" +
                               s.image() + ", " + s.intensities() + ") -> " +
                               s.statistics()),
            options),
        "")
        << target;
  }
}

} // namespace
