//===- CaseMetrics.cpp - All metrics of a case ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Components.h"
#include "segc/Runtime/Metrics/SurfaceDistances.h"

#include <set>

using namespace segc;

const std::vector<std::string> &segc::metricNames() {
  static const std::vector<std::string> names = {"dice",
                                                 "iou",
                                                 "sensitivity",
                                                 "precision",
                                                 "hd",
                                                 "hd95",
                                                 "assd",
                                                 "surface_dice",
                                                 "volume_prediction_mm3",
                                                 "volume_label_mm3",
                                                 "volume_difference_ml",
                                                 "lesions_label",
                                                 "lesions_prediction",
                                                 "lesions_detected",
                                                 "lesions_false_positive",
                                                 "lesion_sensitivity",
                                                 "lesion_precision",
                                                 "lesion_f1"};
  return names;
}

/// The values by metricNames().
static std::vector<double> valuesOf(const Overlap &overlap,
                                    const SurfaceDistances &surface,
                                    const Lesions &lesions, double voxelVolume,
                                    double tolerance) {
  const double predicted = double(overlap.predicted()) * voxelVolume,
               expected = double(overlap.expected()) * voxelVolume;
  return {overlap.dice(),
          overlap.iou(),
          overlap.sensitivity(),
          overlap.precision(),
          surface.hausdorff(),
          surface.hausdorffPercentile(0.95),
          surface.average(),
          surface.surfaceDice(tolerance),
          predicted,
          expected,
          (predicted - expected) / 1000,
          double(lesions.expected),
          double(lesions.predicted),
          double(lesions.detected),
          double(lesions.falsePositive),
          lesions.sensitivity(),
          lesions.precision(),
          lesions.f1()};
}

CaseMetrics segc::measureCase(const int32_t *predicted, const int32_t *expected,
                              const LabelGrid &grid, double tolerance,
                              ThreadPool &pool) {
  CaseMetrics result;
  result.voxels = grid.voxels();
  std::set<int32_t> present;
  for (int64_t i = 0; i < result.voxels; ++i)
    for (int32_t value : {predicted[i], expected[i]})
      if (value != 0 && (present.empty() || *present.rbegin() != value))
        present.insert(value);
  for (int32_t value : present) {
    ClassMetrics &metrics = result.classes[value];
    metrics.overlap = countOverlap(predicted, expected, result.voxels, value);
    metrics.values =
        valuesOf(metrics.overlap,
                 surfaceDistances(predicted, expected, value, grid, pool),
                 countLesions(predicted, expected, value, grid),
                 grid.voxelVolume(), tolerance);
  }
  return result;
}

CaseMetrics segc::measureCase(std::vector<int32_t> predicted,
                              std::vector<int32_t> expected,
                              const LabelGrid &grid,
                              const LabelClasses &classes, double tolerance,
                              ThreadPool &pool) {
  classes.clearIgnored(predicted, expected);
  if (!classes.haveRegions())
    return measureCase(predicted.data(), expected.data(), grid, tolerance,
                       pool);
  CaseMetrics result;
  result.voxels = grid.voxels();
  const auto regions = static_cast<int32_t>(classes.regions.size());
  for (int32_t number = 1; number <= regions; ++number) {
    CaseMetrics region = measureCase(
        classes.regionMask(predicted, number).data(),
        classes.regionMask(expected, number).data(), grid, tolerance, pool);
    // Empty regions are those of completeClasses().
    if (auto found = region.classes.find(1); found != region.classes.end())
      result.classes[number] = std::move(found->second);
  }
  return result;
}

void MetricsTable::completeClasses() {
  for (const CaseMetrics &entry : cases)
    for (const auto &[value, metrics] : entry.classes)
      classNames.emplace(value, std::to_string(value));
  for (CaseMetrics &entry : cases)
    for (const auto &[value, name] : classNames) {
      auto [place, isNew] = entry.classes.emplace(value, ClassMetrics());
      if (!isNew)
        continue;
      place->second.overlap.trueNegative = entry.voxels;
      place->second.values =
          valuesOf(place->second.overlap, {}, {}, 1, tolerance);
    }
}
