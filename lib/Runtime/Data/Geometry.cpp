//===- Geometry.cpp - Position of a volume in space -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Geometry.h"
#include "Affines.h"
#include "NiftiTypes.h"
#include "segc/Runtime/Data/Nifti.h"

#include <algorithm>

using namespace segc;
using namespace segc::nifti;

static Vector3 lengths(const Affine &affine) {
  return {length(column(affine, 0)), length(column(affine, 1)),
          length(column(affine, 2))};
}

static bool isFinite(const Affine &affine) {
  for (const auto &row : affine)
    for (double x : row)
      if (!std::isfinite(x))
        return false;
  return true;
}

/// Whether the three axes span the space: 1 for right angles, 0 in a plane.
static bool isInvertible(const Affine &affine) {
  for (double x : lengths(affine))
    if (!(x > 0))
      return false;
  Vector3 a = unit(affine, 0), b = unit(affine, 1), c = unit(affine, 2);
  const double volume = a[0] * (b[1] * c[2] - b[2] * c[1]) -
                        a[1] * (b[0] * c[2] - b[2] * c[0]) +
                        a[2] * (b[0] * c[1] - b[1] * c[0]);
  return std::abs(volume) > 1e-3;
}

//===----------------------------------------------------------------------===//
// What a header says
//===----------------------------------------------------------------------===//

/// |pixdim| in millimetres; 0 where it is no number. A plane has none along z.
static Vector3 pixdimOf(const NiftiHeader &h) {
  Vector3 spacing;
  for (size_t axis = 0; axis < 3; ++axis) {
    double value = std::abs(double{h.pixelSize[axis + 1]});
    const bool usable = std::isfinite(value) && value > 0;
    spacing[axis] = usable ? value * unitMillimetres(h.units)
                    : static_cast<int16_t>(axis) >= h.dim[0] ? 1
                                                             : 0;
  }
  return spacing;
}

static bool agree(double a, double b) {
  return std::abs(a - b) <= 0.01 * std::max(a, b);
}
static bool agree(const Vector3 &a, const Vector3 &b) {
  return agree(a[0], b[0]) && agree(a[1], b[1]) && agree(a[2], b[2]);
}

/// The sform in millimetres. Most programs write millimetres whatever the unit
/// of pixdim: the header's unit counts only where pixdim then agrees.
static Affine sformOf(const NiftiHeader &h) {
  Affine affine;
  for (size_t row = 0; row < 3; ++row)
    for (size_t axis = 0; axis < 4; ++axis)
      affine[row][axis] = double{h.sform[row][axis]};
  const double scale = unitMillimetres(h.units);
  Vector3 scaled = lengths(affine);
  for (double &x : scaled)
    x *= scale;
  if (scale != 1 && !agree(lengths(affine), pixdimOf(h)) &&
      agree(scaled, pixdimOf(h)))
    for (auto &row : affine)
      for (double &x : row)
        x *= scale;
  return affine;
}

/// Method 2 of nifti1.h. Nothing where the quaternion is none.
static std::optional<Affine> qformOf(const NiftiHeader &h) {
  double b = h.quaternion[0], c = h.quaternion[1], d = h.quaternion[2];
  double rest = 1 - (b * b + c * c + d * d);
  if (!(rest > -1e-3)) // Also NaN.
    return std::nullopt;
  double a = 0;
  if (rest < 1e-7) { // Half a turn, rounded.
    const double size = std::sqrt(b * b + c * c + d * d);
    b /= size;
    c /= size;
    d /= size;
  } else {
    a = std::sqrt(rest);
  }
  const double rotation[3][3] = {
      {a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)},
      {2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)},
      {2 * (b * d - a * c), 2 * (c * d + a * b),
       a * a + d * d - b * b - c * c}};
  const Vector3 spacing = pixdimOf(h);
  const double handed = h.pixelSize[0] < 0 ? -1 : 1;
  Affine affine;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t axis = 0; axis < 3; ++axis)
      affine[row][axis] =
          rotation[row][axis] * spacing[axis] * (axis == 2 ? handed : 1);
    affine[row][3] = double{h.qformOffset[row]} * unitMillimetres(h.units);
  }
  return affine;
}

static Affine diagonal(const Vector3 &spacing) {
  Affine affine = {};
  for (size_t axis = 0; axis < 3; ++axis)
    affine[axis][axis] = spacing[axis];
  return affine;
}

/// Distances that no scanner or microscope has beside the others.
static void warnOfOutliers(const Vector3 &spacing,
                           std::vector<std::string> &warnings) {
  const double least = *std::min_element(spacing.begin(), spacing.end());
  const double most = *std::max_element(spacing.begin(), spacing.end());
  if (most > 100 || least < 1e-6 || most > 50 * least)
    warnings.push_back("voxels of " + sizesText(spacing) +
                       " mm: the spacing looks wrong, check it");
}

std::optional<std::string> segc::shearText(const VolumeGeometry &geometry) {
  double most = 0;
  const Affine &affine = geometry.affine;
  for (size_t a = 0; a < 3; ++a)
    for (size_t b = a + 1; b < 3; ++b)
      most = std::max(most, std::abs(dot(unit(affine, a), unit(affine, b))));
  if (!(most > 0.02))
    return std::nullopt;
  return std::string(geometry.placedBy == PlacedBy::Directions
                         ? "the matrix of directions"
                         : "the sform") +
         " is sheared: two of its axes meet at " +
         number(std::acos(most) * 180 / std::acos(-1.0)) +
         " degrees; voxels count as boxes";
}

static void warnOfShear(const VolumeGeometry &geometry,
                        std::vector<std::string> &warnings) {
  if (std::optional<std::string> text = shearText(geometry))
    warnings.push_back(std::move(*text));
}

Status segc::placeVolume(const std::string &where, VolumeGeometry &geometry,
                         std::vector<std::string> &warnings) {
  const NiftiHeader &h = geometry.header;
  const Vector3 pixdim = pixdimOf(h);
  auto missing = std::find(pixdim.begin(), pixdim.end(), 0.0);
  const bool hasPixdim = missing == pixdim.end();

  std::optional<Affine> sform, qform;
  if (h.sformCode > 0) {
    sform = sformOf(h);
    if (!isFinite(*sform) || !isInvertible(*sform)) {
      sform.reset();
      warnings.push_back("the sform cannot be inverted, so it does not count "
                         "(sform_code " +
                         std::to_string(h.sformCode) + ")");
    }
  }
  if (h.qformCode > 0 && hasPixdim) {
    qform = qformOf(h);
    if (!qform || !isFinite(*qform) || !isInvertible(*qform)) {
      qform.reset();
      warnings.push_back("the qform's quaternion is no rotation, so it does "
                         "not count (qform_code " +
                         std::to_string(h.qformCode) + ")");
    }
  }

  if (!sform && !hasPixdim) {
    const auto axis = static_cast<size_t>(missing - pixdim.begin());
    return invalidArgument(
        where + ": voxel spacing " + number(double{h.pixelSize[axis + 1]}) +
        " along axis " + std::to_string(axis) + " (pixdim[" +
        std::to_string(axis + 1) +
        "]), and no sform gives another; expected a positive number of mm");
  }
  if (!sform) {
    geometry.placedBy = qform ? PlacedBy::Qform : PlacedBy::Pixdim;
    geometry.affine = qform ? *qform : diagonal(pixdim);
    geometry.spacing = pixdim;
    warnOfOutliers(geometry.spacing, warnings);
    return Status::success();
  }

  geometry.placedBy = PlacedBy::Sform;
  geometry.affine = *sform;
  geometry.spacing = lengths(*sform);
  if (!hasPixdim)
    warnings.push_back("pixdim has no spacing; that of the sform counts (" +
                       sizesText(geometry.spacing) + " mm)");
  else if (!agree(geometry.spacing, pixdim))
    warnings.push_back("pixdim says " + sizesText(pixdim) + " mm, the sform " +
                       sizesText(geometry.spacing) + " mm; the sform counts");
  else
    geometry.spacing = pixdim; // As written, without the rounding of a root.
  if (qform) {
    VolumeGeometry other = geometry;
    other.affine = *qform;
    const double apart = cornerDistance(geometry, other);
    if (apart > gridTolerance(geometry))
      warnings.push_back("sform and qform put the volume up to " +
                         number(apart) + " mm apart; the sform counts");
  }
  warnOfOutliers(geometry.spacing, warnings);
  warnOfShear(geometry, warnings);
  return Status::success();
}

Status segc::placeByDirections(const std::string &where, const Affine &affine,
                               VolumeGeometry &geometry,
                               std::vector<std::string> &warnings) {
  if (!isFinite(affine) || !isInvertible(affine))
    return invalidArgument(where +
                           ": the directions of the axes and the "
                           "spacing are steps of " +
                           sizesText(lengths(affine)) +
                           " mm that span no volume, expected three axes in "
                           "space");
  geometry.placedBy = PlacedBy::Directions;
  geometry.affine = affine;
  geometry.spacing = lengths(affine);
  warnOfOutliers(geometry.spacing, warnings);
  warnOfShear(geometry, warnings);
  return Status::success();
}

Status segc::placeBySpacing(const std::string &where, const Vector3 &spacing,
                            VolumeGeometry &geometry,
                            std::vector<std::string> &warnings) {
  for (size_t axis = 0; axis < 3; ++axis)
    if (!(spacing[axis] > 0 && std::isfinite(spacing[axis])))
      return invalidArgument(
          where + ": voxel spacing " + number(spacing[axis]) + " along axis " +
          std::to_string(axis) + ", expected a positive number of mm");
  geometry.placedBy = PlacedBy::Pixdim;
  geometry.affine = diagonal(spacing);
  geometry.spacing = spacing;
  warnOfOutliers(spacing, warnings);
  return Status::success();
}

std::optional<VolumeGeometry>
segc::placedByQform(const VolumeGeometry &geometry) {
  const NiftiHeader &h = geometry.header;
  std::optional<Affine> qform;
  if (geometry.placedBy == PlacedBy::Sform && h.qformCode > 0)
    qform = qformOf(h);
  if (!qform || !isFinite(*qform) || !isInvertible(*qform))
    return std::nullopt;
  VolumeGeometry result = geometry;
  result.placedBy = PlacedBy::Qform;
  result.affine = *qform;
  return result;
}
