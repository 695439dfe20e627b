//===- PreparationGrid.cpp - Crop and grid of a preparation ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PreparationGrid.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <cmath>

using namespace segc;

static constexpr double anisotropy = 3;

static double anisotropyOf(const std::array<double, 3> &spacing) {
  auto [least, most] = std::minmax_element(spacing.begin(), spacing.end());
  return *most / *least;
}

/// The only axis of the largest spacing.
static std::optional<size_t>
coarsestAxis(const std::array<double, 3> &spacing) {
  const auto *const coarsest = std::max_element(spacing.begin(), spacing.end());
  if (std::count(spacing.begin(), spacing.end(), *coarsest) != 1)
    return std::nullopt;
  return static_cast<size_t>(coarsest - spacing.data());
}

/// The axis along which slices are too far apart to interpolate.
static std::optional<size_t> separateAxis(const PreparationRecord &record,
                                          PlanRules rules) {
  for (const auto *spacing : {&record.fileSpacing, &record.spacing}) {
    const double ratio = anisotropyOf(*spacing);
    if (rules == PlanRules::Example) {
      if (ratio >= anisotropy)
        return 0;
    } else if (ratio > anisotropy) {
      return coarsestAxis(*spacing);
    }
  }
  return std::nullopt;
}

void segc::planGrid(const PlanConfiguration &configuration, PlanRules rules,
                    PreparationRecord &record) {
  const size_t dim = configuration.spacing.size();
  record.spacing = record.fileSpacing;
  record.resampledShape = record.cropShape;
  // The example leaves planes on their own grid.
  if (rules == PlanRules::Example && dim == 2)
    return;
  std::copy(configuration.spacing.begin(), configuration.spacing.end(),
            record.spacing.end() - static_cast<int64_t>(dim));
  for (size_t axis = 0; axis < 3; ++axis) {
    const double size = record.fileSpacing[axis] / record.spacing[axis] *
                        static_cast<double>(record.cropShape[axis]);
    record.resampledShape[axis] = std::max<int64_t>(
        1, static_cast<int64_t>(rules == PlanRules::V2 ? std::nearbyint(size)
                                                       : std::floor(size)));
  }
  if (record.resampledShape != record.cropShape && rules != PlanRules::Mlperf)
    record.nearestAxis = separateAxis(record, rules);
}

Status segc::checkGrid(const PreparationRecord &record, int64_t channels) {
  constexpr double maxValues = 1e12;
  double values = static_cast<double>(channels);
  for (int64_t size : record.resampledShape)
    values *= static_cast<double>(size);
  if (values <= maxValues)
    return Status::success();
  char text[160];
  std::snprintf(text, sizeof(text),
                "a spacing of %g x %g x %g mm makes %.3g voxels at the planned "
                "spacing, expected at most %.0e",
                record.fileSpacing[0], record.fileSpacing[1],
                record.fileSpacing[2], values, maxValues);
  return invalidArgument(text);
}

void segc::placeCase(const SourceCase &source, AxisFrame frame,
                     const std::array<int64_t, 3> &transpose,
                     PreparationRecord &record) {
  record.geometry = source.geometry();
  record.transpose = transpose;
  if (frame == AxisFrame::Ras)
    record.frame = orderToRas(source.geometry());
  const std::array<double, 3> spacing =
      record.frame.permuted(source.geometry().spacing);
  for (size_t axis = 0; axis < 3; ++axis)
    record.fileSpacing[axis] =
        spacing[static_cast<size_t>(2 - transpose[axis])];
}

std::vector<NetworkGrid<Voxels>> segc::networkGrids(const SourceCase &source,
                                                    PreparationRecord &record) {
  std::vector<NetworkGrid<Voxels>> channels;
  for (size_t i = 0; i < source.channels.size(); ++i)
    channels.emplace_back(reordered(source.channel(i), record.frame),
                          record.transpose);
  record.fileShape = channels[0].shape();
  return channels;
}

NonzeroCrop segc::cropBox(const std::vector<NetworkGrid<Voxels>> &channels,
                          PlanRules rules, ThreadPool &pool) {
  if (rules != PlanRules::Mlperf)
    return nonzeroBox(channels, rules, pool);
  NonzeroCrop box;
  box.shape = channels.front().shape();
  return box;
}

Status segc::recordCrop(const SourceCase &source, PlanRules rules,
                        const NonzeroCrop &box, PreparationRecord &record) {
  const Shape3 &shape = record.fileShape;
  if (rules == PlanRules::Mlperf &&
      std::count(shape.begin(), shape.end(), 1) > 0)
    return invalidArgument(
        source.path + ": a plane of " + std::to_string(shape[0]) + "x" +
        std::to_string(shape[1]) + "x" + std::to_string(shape[2]) +
        " voxels, expected a volume by the rules mlperf");
  if (box.isEmpty())
    return invalidArgument(
        source.path + ": no voxel " +
        (rules == PlanRules::Example ? "above 0" : "other than 0") +
        ", expected an image to crop to");
  record.cropBegin = box.begin;
  record.cropShape = box.shape;
  return Status::success();
}

StatusOr<PreparationRecord>
segc::cropRecord(const SourceCase &source, PlanRules rules, AxisFrame frame,
                 const std::array<int64_t, 3> &transpose) {
  PreparationRecord record;
  placeCase(source, frame, transpose, record);
  ThreadPool alone(1);
  const NonzeroCrop box = cropBox(networkGrids(source, record), rules, alone);
  SEGC_RETURN_IF_ERROR(recordCrop(source, rules, box, record));
  return record;
}
