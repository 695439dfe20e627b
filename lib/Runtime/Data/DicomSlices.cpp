//===- DicomSlices.cpp - Slices of a DICOM series as a volume -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Affines.h"
#include "segc/Runtime/Data/DicomSeries.h"

#include <algorithm>
#include <filesystem>
#include <map>

using namespace segc;

/// Unit vectors are written with 4 to 6 digits.
static constexpr double directionTolerance = 1e-3;

static std::string fileName(const DicomSlice &slice) {
  return std::filesystem::path(slice.path).filename().string();
}

static Vector3 minus(const Vector3 &a, const Vector3 &b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

static Vector3 cross(const Vector3 &a, const Vector3 &b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
          a[0] * b[1] - a[1] * b[0]};
}

//===----------------------------------------------------------------------===//
// One series on one grid
//===----------------------------------------------------------------------===//

static Status checkOneSeries(const std::vector<DicomSlice> &slices,
                             const std::string &where) {
  std::map<std::string, std::pair<std::string, int64_t>> series;
  for (const DicomSlice &slice : slices) {
    auto &[description, count] = series[slice.series];
    description = slice.description;
    ++count;
  }
  if (series.size() == 1)
    return Status::success();
  std::string all;
  for (const auto &[uid, found] : series) {
    if (!all.empty())
      all += ", ";
    all += "\"" + (found.first.empty() ? uid : found.first) + "\" (" +
           std::to_string(found.second) + " images)";
  }
  return invalidArgument(where + ": " + std::to_string(series.size()) +
                         " series, " + all +
                         "; expected one, put each in a folder of its own");
}

static Status checkOneGrid(const std::vector<DicomSlice> &slices,
                           const std::string &where) {
  const DicomSlice &first = slices.front();
  auto differ = [&](const DicomSlice &slice, const std::string &what,
                    const std::string &found, const std::string &expected) {
    return invalidArgument(where + ": " + fileName(slice) + " has " + what +
                           " " + found + ", " + fileName(first) + " " +
                           expected +
                           "; expected one grid, take what is another image "
                           "(a localizer?) out of the folder");
  };
  auto size = [](const DicomSlice &slice) {
    return std::to_string(slice.columns) + "x" + std::to_string(slice.rows);
  };
  auto directions = [](const DicomSlice &slice) {
    std::string text;
    for (double x : slice.orientation)
      text += (text.empty() ? "" : "\\") + number(x);
    return text;
  };
  for (const DicomSlice &slice : slices) {
    if (slice.columns != first.columns || slice.rows != first.rows)
      return differ(slice, "the size", size(slice), size(first));
    if (slice.type != first.type || slice.bitsStored != first.bitsStored)
      return differ(slice, "pixels of the type", voxelTypeName(slice.type),
                    voxelTypeName(first.type));
    for (size_t i = 0; i < 6; ++i)
      if (std::abs(slice.orientation[i] - first.orientation[i]) >
          directionTolerance)
        return differ(slice, "ImageOrientationPatient", directions(slice),
                      directions(first));
    for (size_t i = 0; i < 2; ++i)
      if (std::abs(slice.spacing[i] - first.spacing[i]) >
          directionTolerance * first.spacing[i])
        return differ(slice, "PixelSpacing", number(slice.spacing[i]),
                      number(first.spacing[i]));
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

namespace {
/// Slices in the order of their positions along the normal.
struct Stack {
  const std::vector<DicomSlice> &slices;
  const std::string &where;
  Vector3 normal;
  double tolerance; ///< Millimetres by which a slice may lie off.

  double along(size_t slice) const {
    return dot(slices[slice].position, normal);
  }
  std::string between(size_t slice) const {
    return fileName(slices[slice]) + " and " + fileName(slices[slice + 1]);
  }
  /// From each slice to the next, in millimetres.
  StatusOr<Vector3> step() const;

private:
  Status checkGaps() const;
};
} // namespace

Status Stack::checkGaps() const {
  std::vector<double> steps;
  for (size_t i = 0; i + 1 < slices.size(); ++i) {
    steps.push_back(along(i + 1) - along(i));
    if (steps.back() < tolerance)
      return invalidArgument(
          where + ": " + between(i) + " lie at one position (" +
          number(along(i)) +
          " mm along their normal), expected one slice at each; keep one of "
          "the phases, echoes or copies in the folder");
  }
  std::vector<double> sorted = steps;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted[sorted.size() / 2];
  for (size_t i = 0; i < steps.size(); ++i) {
    const double missing = std::round(steps[i] / median) - 1;
    if (missing >= 1)
      return dataLoss(where + ": " + number(missing) +
                      (missing == 1 ? " slice is" : " slices are") +
                      " missing between " + between(i) + ", which are " +
                      number(steps[i]) + " mm apart where others are " +
                      number(median) + " mm; export the series again");
  }
  return Status::success();
}

StatusOr<Vector3> Stack::step() const {
  if (slices.size() > 1)
    SEGC_RETURN_IF_ERROR(checkGaps());
  const Vector3 &first = slices.front().position;
  const auto steps = static_cast<double>(slices.size() - 1);
  const Vector3 whole = minus(slices.back().position, first);
  Vector3 mean = {whole[0] / steps, whole[1] / steps, whole[2] / steps};
  const double forward = dot(mean, normal);
  const Vector3 aside = {mean[0] - forward * normal[0],
                         mean[1] - forward * normal[1],
                         mean[2] - forward * normal[2]};
  if (length(aside) * steps > tolerance)
    return unsupported(
        where + ": gantry tilt: each slice is shifted by " +
        number(length(aside)) + " mm in its plane (" +
        number(std::atan2(length(aside), forward) * 180 / std::acos(-1.0)) +
        " degrees), expected slices above each other; resample the series, "
        "for example with `dcm2niix`, which corrects the tilt");
  for (size_t i = 0; i < slices.size(); ++i) {
    Vector3 off = minus(slices[i].position, first);
    for (size_t axis = 0; axis < 3; ++axis)
      off[axis] -= static_cast<double>(i) * mean[axis];
    if (length(off) > tolerance)
      return invalidArgument(
          where + ": " + fileName(slices[i]) + " lies " + number(length(off)) +
          " mm off its place among slices of " + number(forward) +
          " mm; expected equal distances, resample the "
          "series");
  }
  return mean;
}

/// The distance to the next slice that a single one states.
static Vector3 stepOfOne(const DicomSlice &slice, const Vector3 &normal,
                         std::vector<std::string> &warnings) {
  double distance = slice.thickness;
  if (!(distance > 0)) {
    distance = 1;
    warnings.push_back("one slice without a thickness; it counts as 1 mm");
  }
  return {normal[0] * distance, normal[1] * distance, normal[2] * distance};
}

StatusOr<VolumeHeader> segc::arrangeSlices(std::vector<DicomSlice> &slices,
                                           const std::string &where) {
  SEGC_RETURN_IF_ERROR(checkOneSeries(slices, where));
  SEGC_RETURN_IF_ERROR(checkOneGrid(slices, where));
  const DicomSlice first = slices.front();
  const auto &o = first.orientation;
  const Vector3 right = {o[0], o[1], o[2]}, down = {o[3], o[4], o[5]};
  if (std::abs(length(right) - 1) > directionTolerance ||
      std::abs(length(down) - 1) > directionTolerance ||
      std::abs(dot(right, down)) > directionTolerance)
    return invalidArgument(where + ": ImageOrientationPatient of " +
                           fileName(first) +
                           " are no two unit vectors at a right angle");
  for (double distance : first.spacing)
    if (!(distance > 0))
      return invalidArgument(where + ": PixelSpacing of " + fileName(first) +
                             " is " + number(distance) +
                             ", expected a positive number of mm");
  const Vector3 normal = cross(right, down);
  std::sort(slices.begin(), slices.end(),
            [&](const DicomSlice &a, const DicomSlice &b) {
              const double first = dot(a.position, normal);
              const double second = dot(b.position, normal);
              return first != second ? first < second : a.path < b.path;
            });
  VolumeHeader volume;
  volume.type = first.type;
  volume.geometry.size = {first.columns, first.rows,
                          static_cast<int64_t>(slices.size())};
  const double tolerance =
      0.1 * std::min({1.0, first.spacing[0], first.spacing[1]});
  Vector3 step;
  if (slices.size() > 1) {
    SEGC_ASSIGN_OR_RETURN(step,
                          (Stack{slices, where, normal, tolerance}.step()));
  } else {
    step = stepOfOne(first, normal, volume.warnings);
  }
  // From left, posterior, superior to right, anterior, superior.
  Affine affine;
  for (size_t row = 0; row < 3; ++row) {
    const double sign = row < 2 ? -1 : 1;
    affine[row] = {sign * right[row] * first.spacing[1],
                   sign * down[row] * first.spacing[0], sign * step[row],
                   sign * slices.front().position[row]};
  }
  SEGC_RETURN_IF_ERROR(
      placeByDirections(where, affine, volume.geometry, volume.warnings));
  return volume;
}
