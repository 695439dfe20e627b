//===- PreparationGrid.cpp - Crop and grid of a preparation ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PreparationGrid.h"
#include "segc/Base/ProcessMemory.h"
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
    // More than any memory holds, which checkGrid() says.
    constexpr double maxSize = 1e15;
    const double size =
        std::min(maxSize, record.fileSpacing[axis] / record.spacing[axis] *
                              static_cast<double>(record.cropShape[axis]));
    record.resampledShape[axis] = std::max<int64_t>(
        1, static_cast<int64_t>(rules == PlanRules::V2 ? std::nearbyint(size)
                                                       : std::floor(size)));
  }
  if (record.resampledShape != record.cropShape && rules != PlanRules::Mlperf)
    record.nearestAxis = separateAxis(record, rules);
}

/// "1 x 1.5 x 1".
template <typename Values>
static std::string listed(const Values &values) {
  std::string text;
  for (auto value : values)
    text +=
        (text.empty() ? "" : " x ") + numberText(static_cast<double>(value));
  return text;
}

Status segc::checkGrid(const PreparationRecord &record, int64_t channels) {
  // Further from that of the training no spacing is meant.
  constexpr double maxRatio = 1000;
  const std::string found = "a spacing of " + listed(record.fileSpacing) +
                            " mm (in the plan's order of axes)",
                    advice = "; correct the spacing in the header of the file";
  // The image, and a channel on its way there.
  double bytes = static_cast<double>(channels + 1) * sizeof(float);
  for (size_t axis = 0; axis < 3; ++axis) {
    const double planned = record.spacing[axis],
                 ratio = record.fileSpacing[axis] / planned;
    if (!(ratio <= maxRatio && ratio >= 1 / maxRatio))
      return invalidArgument(found + ", expected " +
                             numberText(planned / maxRatio) + " to " +
                             numberText(planned * maxRatio) + " mm where " +
                             numberText(planned) + " mm are planned" + advice);
    bytes *= static_cast<double>(record.resampledShape[axis]);
  }
  const uint64_t memory = physicalMemoryBytes();
  if (memory == 0 || bytes <= static_cast<double>(memory))
    return Status::success();
  return invalidArgument(found + " makes " + listed(record.resampledShape) +
                         " voxels at the planned spacing of " +
                         listed(record.spacing) + " mm, " + numberText(bytes) +
                         " bytes, expected at most the " +
                         std::to_string(memory) + " of this machine's memory" +
                         advice + ", or plan for a coarser one");
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
