//===- NrrdAxes.cpp - Axes of NRRD volumes in space -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Affines.h"
#include "NrrdHeader.h"

#include <algorithm>

using namespace segc;
using namespace segc::nrrd;
using namespace segc::text;

namespace {

struct Axis {
  int64_t size = 1;
  std::vector<double> direction; ///< Empty for "none".
  double spacing = 0;            ///< 0 where there is none.
  bool isChannel = false;
};

/// How the first three components of a space become right, anterior, superior.
struct Space {
  size_t dimension = 0; ///< 0: none is named.
  std::array<double, 3> signs = {1, 1, 1};
};

} // namespace

/// "right-anterior-superior" and the like, or their initials.
static StatusOr<Space> readSpace(const Fields &fields,
                                 std::vector<std::string> &warnings) {
  Space space;
  if (fields.has("space dimension")) {
    const auto dimension = toInteger(fields.get("space dimension"));
    if (!dimension || *dimension < 2 || *dimension > 3)
      return fields.wrong("space dimension", "2 or 3");
    space.dimension = static_cast<size_t>(*dimension);
  }
  std::string name = fields.get("space");
  for (char &c : name)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.empty())
    return space;
  space.dimension = 3;
  if (name == "right-anterior-superior" || name == "ras")
    return space;
  space.signs = {-1, 1, 1};
  if (name == "left-anterior-superior" || name == "las")
    return space;
  space.signs = {-1, -1, 1};
  if (name == "left-posterior-superior" || name == "lps")
    return space;
  if (name != "scanner-xyz" && name != "3d-right-handed")
    return fields.wrong("space", "RAS, LAS or LPS (without a time), "
                                 "scanner-xyz or 3D-right-handed");
  warnings.push_back("the space " + name +
                     " does not say where the patient lies; its axes count as "
                     "left, posterior, superior, as ITK has it");
  return space;
}

/// "(1,0,0)".
static std::optional<std::vector<double>> toVector(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '(' || text.back() != ')')
    return std::nullopt;
  std::string inner(text.substr(1, text.size() - 2));
  std::replace(inner.begin(), inner.end(), ',', ' ');
  return toNumbers(inner);
}

/// Vectors and "none", which may have blanks inside the parentheses.
static std::vector<std::string> vectorsOf(const std::string &value) {
  std::vector<std::string> result;
  bool inside = false, open = false;
  for (char c : value) {
    if (!inside && (c == ' ' || c == '\t')) {
      open = false;
      continue;
    }
    if (!open)
      result.emplace_back();
    open = true;
    result.back() += c;
    inside = c == '(' || (inside && c != ')');
  }
  return result;
}

static Status readDirections(const Fields &fields, size_t dimension,
                             std::vector<Axis> &axes) {
  if (!fields.has("space directions"))
    return Status::success();
  const std::vector<std::string> vectors =
      vectorsOf(fields.get("space directions"));
  const std::string expected = "a vector of " + std::to_string(dimension) +
                               " numbers, or none, for each of " +
                               std::to_string(axes.size()) + " axes";
  if (vectors.size() != axes.size() || dimension == 0)
    return fields.wrong("space directions", expected);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (vectors[i] == "none") {
      axes[i].isChannel = true;
      continue;
    }
    const auto direction = toVector(vectors[i]);
    if (!direction || direction->size() != dimension)
      return fields.wrong("space directions", expected);
    axes[i].direction = *direction;
  }
  return Status::success();
}

/// Kinds of axes along which a voxel has several numbers. Those of tensors and
/// complex numbers have names of their own and are refused.
static Status readKinds(const Fields &fields, std::vector<Axis> &axes) {
  const std::string value = fields.get("kinds");
  const std::vector<std::string_view> kinds = words(value);
  if (!kinds.empty() && kinds.size() != axes.size())
    return fields.wrong("kinds", "one for each of " +
                                     std::to_string(axes.size()) + " axes");
  static constexpr std::string_view channels[] = {
      "list", "vector",    "point",      "covariant-vector", "normal",
      "stub", "scalar",    "2-vector",   "3-vector",         "4-vector",
      "time", "RGB-color", "RGBA-color", "3-color",          "4-color"};
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (std::find(std::begin(channels), std::end(channels), kinds[i]) !=
        std::end(channels))
      axes[i].isChannel = axes[i].direction.empty();
    else if (kinds[i] != "domain" && kinds[i] != "space" &&
             kinds[i] != "none" && kinds[i] != "???")
      return fields.wrong("kinds", "domain or space of axes in space, and "
                                   "list, vector or a colour of channels");
  }
  return Status::success();
}

static Status listAxes(const Fields &fields, size_t spaceDimension,
                       std::vector<Axis> &axes) {
  const auto dimension = toInteger(fields.get("dimension"));
  if (!dimension || *dimension < 2 || *dimension > 4)
    return fields.wrong("dimension", "2 or 3, and one more for channels");
  const auto sizes = toIntegers(fields.get("sizes"));
  if (!sizes || static_cast<int64_t>(sizes->size()) != *dimension ||
      !product(*sizes))
    return fields.wrong("sizes", std::to_string(*dimension) +
                                     " numbers of at least 1, at most 2^48 "
                                     "in total");
  for (int64_t size : *sizes) {
    axes.emplace_back();
    axes.back().size = size;
  }
  SEGC_RETURN_IF_ERROR(readDirections(fields, spaceDimension, axes));
  SEGC_RETURN_IF_ERROR(readKinds(fields, axes));
  if (fields.has("spacings")) {
    const auto spacings = toNumbers(fields.get("spacings"));
    if (!spacings || spacings->size() != axes.size())
      return fields.wrong("spacings", "a number, or nan, for each of " +
                                          std::to_string(axes.size()) +
                                          " axes");
    for (size_t i = 0; i < axes.size(); ++i)
      axes[i].spacing = (*spacings)[i];
  }
  // Without a word about it, channels come behind x, y and z.
  const auto inSpace = [](const Axis &axis) { return !axis.isChannel; };
  if (std::count_if(axes.begin(), axes.end(), inSpace) == 4)
    axes[3].isChannel = true;
  const auto count = std::count_if(axes.begin(), axes.end(), inSpace);
  const bool between = axes.size() > 2 && !axes.front().isChannel &&
                       !axes.back().isChannel && count + 1 == *dimension;
  if (count < 2 || count + 1 < *dimension || between)
    return unsupported(fields
                           .wrong("sizes",
                                  "two or three axes in space, and at most "
                                  "one of channels in front of or behind "
                                  "them")
                           .message());
  return Status::success();
}

/// The direction of z where a plane lies in space.
static Vector3 normalOf(const Affine &affine) {
  const Vector3 a = column(affine, 0), b = column(affine, 1);
  Vector3 normal = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                    a[0] * b[1] - a[1] * b[0]};
  const double size = length(normal);
  for (double &x : normal)
    x = size > 0 ? x / size : 0;
  return normal;
}

static Status place(const Fields &fields, const std::string &where,
                    const Space &space, const std::vector<Axis> &axes,
                    VolumeHeader &volume) {
  VolumeGeometry &geometry = volume.geometry;
  Affine affine = {};
  Vector3 spacing = {1, 1, 1};
  bool placed = space.dimension == 3;
  for (size_t i = 0; i < axes.size(); ++i) {
    const std::vector<double> &direction = axes[i].direction;
    double sum = 0;
    for (double x : direction)
      sum += x * x;
    if (!direction.empty())
      spacing[i] = std::sqrt(sum);
    else if (axes[i].spacing != 0)
      spacing[i] = std::abs(axes[i].spacing);
    else
      volume.warnings.push_back("no spacing along axis " + std::to_string(i) +
                                "; it counts as 1 mm");
    placed &= direction.size() == 3;
    for (size_t row = 0; placed && row < 3; ++row)
      affine[row][i] = space.signs[row] * direction[row];
  }
  if (!placed)
    return placeBySpacing(where, spacing, geometry, volume.warnings);
  if (axes.size() == 2) {
    const Vector3 normal = normalOf(affine);
    for (size_t row = 0; row < 3; ++row)
      affine[row][2] = normal[row];
  }
  if (fields.has("space origin")) {
    const auto origin = toVector(fields.get("space origin"));
    if (!origin || origin->size() != 3)
      return fields.wrong("space origin", "a vector of 3 numbers");
    for (size_t row = 0; row < 3; ++row)
      affine[row][3] = space.signs[row] * (*origin)[row];
  }
  return placeByDirections(where, affine, geometry, volume.warnings);
}

Status segc::nrrd::readAxes(const Fields &fields, const std::string &where,
                            VolumeHeader &volume, VoxelLayout &layout) {
  SEGC_ASSIGN_OR_RETURN(Space space, readSpace(fields, volume.warnings));
  std::vector<Axis> axes;
  SEGC_RETURN_IF_ERROR(listAxes(fields, space.dimension, axes));
  layout.channelsFirst = axes.front().isChannel;
  layout.elements = 1;
  std::vector<Axis> inSpace;
  for (const Axis &axis : axes) {
    layout.elements *= static_cast<uint64_t>(axis.size);
    if (axis.isChannel)
      volume.channels = axis.size;
    else
      inSpace.push_back(axis);
  }
  volume.geometry.size = {inSpace[0].size, inSpace[1].size,
                          inSpace.size() > 2 ? inSpace[2].size : 1};
  return place(fields, where, space, inSpace, volume);
}
