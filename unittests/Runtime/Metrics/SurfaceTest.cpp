//===- SurfaceTest.cpp - Distances, components, intervals -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Random.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Components.h"
#include "segc/Runtime/Metrics/DistanceTransform.h"
#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Runtime/Metrics/SurfaceDistances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

using namespace segc;

static const LabelGrid grid = {{7, 6, 5}, {0.5, 1, 2.5}};

static std::vector<int32_t> randomLabels(uint64_t seed, int32_t classes) {
  std::vector<int32_t> labels(static_cast<size_t>(grid.voxels()));
  const CounterRng random(seed, 0);
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<int32_t>(random.bits(i) % uint32_t(classes));
  return labels;
}

static double valueOf(const CaseMetrics &metrics, const std::string &name,
                      int32_t value = 1) {
  const std::vector<std::string> &names = metricNames();
  const auto place = std::find(names.begin(), names.end(), name);
  return metrics.classes.at(value).values[place - names.begin()];
}

// Every voxel against every other, by one thread and by three.
TEST(DistanceTransform, IsThatOfAllPairs) {
  ThreadPool one(1), three(3);
  for (uint64_t seed = 0; seed < 8; ++seed) {
    std::vector<int32_t> labels = randomLabels(seed, 12);
    Mask mask(labels.size());
    for (size_t i = 0; i < mask.size(); ++i)
      mask[i] = labels[i] == 1;
    const std::vector<double> found = squaredDistances(mask, grid, one);
    EXPECT_EQ(found, squaredDistances(mask, grid, three));
    auto at = [](size_t i) {
      const size_t x = i % 7, y = i / 7 % 6, z = i / 42;
      return std::array<double, 3>{double(x) * 0.5, double(y), double(z) * 2.5};
    };
    for (size_t i = 0; i < mask.size(); ++i) {
      double least = std::numeric_limits<double>::infinity();
      for (size_t j = 0; j < mask.size(); ++j)
        if (mask[j]) {
          auto a = at(i), b = at(j);
          least = std::min(least, (a[0] - b[0]) * (a[0] - b[0]) +
                                      (a[1] - b[1]) * (a[1] - b[1]) +
                                      (a[2] - b[2]) * (a[2] - b[2]));
        }
      EXPECT_NEAR(found[i], least, 1e-12) << seed << ", voxel " << i;
    }
  }
}

TEST(DistanceTransform, OfAnEmptyMaskIsInfinite) {
  ThreadPool pool(1);
  const std::vector<double> distances =
      squaredDistances(Mask(static_cast<size_t>(grid.voxels())), grid, pool);
  EXPECT_THAT(distances, testing::Each(testing::Gt(1e300)));
}

// A voxel with six neighbours in the mask is no surface; in a slice four are
// enough.
TEST(Surface, LeavesOutInnerVoxels) {
  const LabelGrid cube = {{3, 3, 3}, {1, 1, 1}}, slice = {{3, 3, 1}, {1, 1, 1}};
  Mask surface = surfaceOf(Mask(27, 1), cube, 3);
  EXPECT_EQ(std::count(surface.begin(), surface.end(), 1), 26);
  EXPECT_EQ(surface[13], 0);
  surface = surfaceOf(Mask(9, 1), slice, 2);
  EXPECT_EQ(std::count(surface.begin(), surface.end(), 1), 8);
  EXPECT_EQ(surface[4], 0);
}

// The plane of a volume is surface on both sides: its inner voxel too.
TEST(Surface, OfAPlaneInAVolume) {
  ThreadPool pool(1);
  const LabelGrid volume = {{3, 3, 2}, {1, 1, 1}};
  std::vector<int32_t> plane(18, 1), corner(18);
  std::fill(plane.begin() + 9, plane.end(), 0);
  corner[0] = 1;
  EXPECT_EQ(surfaceDistances(plane.data(), corner.data(), 1, volume, pool)
                .fromPrediction.size(),
            9u);
}

// By hand: voxels at x = 0, 1 against one at x = 3, 0.5 mm apart.
TEST(CaseMetrics, OfARow) {
  ThreadPool pool(1);
  const LabelGrid row = {{5, 1, 1}, {0.5, 1, 1}};
  const int32_t predicted[] = {1, 1, 0, 0, 0}, expected[] = {0, 1, 0, 1, 0};
  const CaseMetrics metrics = measureCase(predicted, expected, row, 0.5, pool);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "dice"), 0.5);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "iou"), 1. / 3);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "sensitivity"), 0.5);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "precision"), 0.5);
  // From the prediction 0.5 and 0, from the label 0 and 1.
  EXPECT_DOUBLE_EQ(valueOf(metrics, "hd"), 1);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "hd95"), 0.95);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "assd"), 0.375);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "surface_dice"), 0.75);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "volume_label_mm3"), 1);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "lesions_label"), 2);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "lesions_prediction"), 1);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "lesions_detected"), 1);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "lesions_false_positive"), 0);
  EXPECT_DOUBLE_EQ(valueOf(metrics, "lesion_f1"), 2. / 3);
}

TEST(CaseMetrics, OfEmptyClasses) {
  ThreadPool pool(1);
  const LabelGrid row = {{3, 1, 1}, {1, 1, 1}};
  const int32_t predicted[] = {0, 0, 2}, expected[] = {1, 0, 0};
  MetricsTable table;
  table.classNames = {{3, "third"}};
  table.cases = {measureCase(predicted, expected, row, 1, pool)};
  table.completeClasses();
  const CaseMetrics &metrics = table.cases[0];
  for (int32_t value : {1, 2}) {
    EXPECT_EQ(valueOf(metrics, "dice", value), 0);
    EXPECT_EQ(valueOf(metrics, "surface_dice", value), 0);
    for (const char *name : {"hd", "hd95", "assd"})
      EXPECT_TRUE(std::isinf(valueOf(metrics, name, value))) << name;
  }
  EXPECT_EQ(valueOf(metrics, "sensitivity", 1), 0);
  EXPECT_TRUE(std::isnan(valueOf(metrics, "sensitivity", 2)));
  EXPECT_TRUE(std::isnan(valueOf(metrics, "precision", 1)));
  EXPECT_EQ(valueOf(metrics, "precision", 2), 0);
  EXPECT_EQ(valueOf(metrics, "lesions_false_positive", 2), 1);
  for (const char *name : {"dice", "hd", "assd", "surface_dice", "lesion_f1"})
    EXPECT_TRUE(std::isnan(valueOf(metrics, name, 3))) << name;
  EXPECT_THAT(table.toSummary(), testing::HasSubstr("\"Dice\": NaN"));
  EXPECT_THAT(table.toCsv(), testing::HasSubstr("\"mean\",3,\"third\",nan"));
  const OrderedJson json = table.toJson();
  EXPECT_EQ(json["mean"]["1"]["hd"]["infinite"], 1);
  EXPECT_EQ(json["cases"][0]["classes"]["1"]["hd"], "inf");
}

// Recorded from nnU-Net v2's definitions for two cases by hand.
TEST(CaseMetrics, Summary) {
  ThreadPool pool(1);
  const LabelGrid row = {{4, 1, 1}, {1, 1, 1}};
  const int32_t predicted[] = {1, 1, 2, 0}, expected[] = {1, 2, 2, 0},
                empty[] = {0, 0, 0, 0};
  MetricsTable table;
  table.cases = {measureCase(predicted, expected, row, 1, pool),
                 measureCase(empty, predicted, row, 1, pool)};
  table.completeClasses();
  const Json json = Json::parse(table.toSummary());
  const Json first = json["metric_per_case"][0]["metrics"]["1"];
  EXPECT_EQ(first, Json::parse(R"({"Dice": 0.6666666666666666, "FN": 0,
      "FP": 1, "IoU": 0.5, "TN": 2, "TP": 1, "n_pred": 2, "n_ref": 1})"));
  EXPECT_DOUBLE_EQ(json["mean"]["1"]["Dice"], 1. / 3);
  EXPECT_DOUBLE_EQ(json["mean"]["1"]["FN"], 1);
  EXPECT_DOUBLE_EQ(json["foreground_mean"]["IoU"], 0.25);
}

// As nnU-Net v2 has them: a region is where the label is one of its values, its
// key the values as Python writes a tuple, and all regions are foreground.
TEST(CaseMetrics, OfRegions) {
  ThreadPool pool(1);
  const LabelGrid row = {{6, 1, 1}, {1, 1, 1}};
  const LabelClasses classes = {{{1, 2}, {2}, {4}}, 3};
  MetricsTable table;
  table.classes = classes;
  table.classNames = {{1, "whole"}, {2, "core"}, {3, "none"}};
  table.cases = {measureCase({1, 2, 2, 0, 1, 0}, {2, 2, 1, 1, 3, 0}, row,
                             classes, 1, pool)};
  table.completeClasses();
  const Json json = Json::parse(
      std::regex_replace(table.toSummary(), std::regex("NaN"), "null"));
  const Json metrics = json["metric_per_case"][0]["metrics"];
  EXPECT_EQ(metrics.size(), 3u);
  EXPECT_EQ(metrics["(1, 2)"],
            Json::parse(R"({"Dice": 0.8571428571428571, "FN": 1, "FP": 0,
      "IoU": 0.75, "TN": 2, "TP": 3, "n_pred": 3, "n_ref": 4})"));
  EXPECT_EQ(metrics["2"]["Dice"], 0.5);
  EXPECT_EQ(metrics["4"]["TN"], 6);
  EXPECT_DOUBLE_EQ(json["foreground_mean"]["Dice"], (6.0 / 7 + 0.5) / 2);
  EXPECT_THAT(table.toCsv(), testing::HasSubstr("\"(1, 2)\",\"whole\",0.857"));
  EXPECT_THAT(table.toText(),
              testing::HasSubstr("\nwhole                 0.8571"));
  EXPECT_EQ(table.toJson()["mean"]["(1, 2)"]["name"], "whole");
  EXPECT_EQ(table.toRecord()["core_dice"], 0.5);
}

TEST(Components, ThroughFacesOrCorners) {
  const LabelGrid slice = {{3, 3, 1}, {1, 1, 1}};
  const Mask mask = {1, 0, 0, //
                     0, 1, 1, //
                     0, 0, 0};
  const Components faces =
      connectedComponents(mask, slice, Connectivity::Faces);
  EXPECT_EQ(faces.labels, (std::vector<int32_t>{1, 0, 0, 0, 2, 2, 0, 0, 0}));
  EXPECT_EQ(faces.largest(), 2);
  EXPECT_EQ(connectedComponents(mask, slice, Connectivity::Corners).count(),
            1u);
  EXPECT_EQ(connectedComponents(Mask(9), slice, Connectivity::Faces).largest(),
            0);
}

TEST(Statistics, IntervalOfTheFiniteValues) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> values = {std::nan(""), infinity};
  for (int i = 0; i < 100; ++i)
    values.push_back(i);
  const MeanInterval interval = meanInterval(values);
  EXPECT_EQ(interval.count, 100);
  EXPECT_EQ(interval.infinite, 1);
  EXPECT_DOUBLE_EQ(interval.mean, 49.5);
  EXPECT_NEAR(interval.std, 29.0115, 1e-4);
  // Mean and 1.96 standard errors; the bootstrap is within a tenth of one.
  EXPECT_NEAR(interval.lower, 43.81, 0.3);
  EXPECT_NEAR(interval.upper, 55.19, 0.3);
  EXPECT_EQ(meanInterval(values).lower, interval.lower);
  EXPECT_TRUE(std::isnan(meanInterval({1}).lower));
  EXPECT_TRUE(std::isnan(meanInterval({infinity}).mean));
}
