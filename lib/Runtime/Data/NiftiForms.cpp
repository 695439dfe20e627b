//===- NiftiForms.cpp - sform, qform and pixdim of headers ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NiftiForms.h"
#include "Affines.h"
#include "segc/Runtime/Data/Nifti.h"

#include <algorithm>

using namespace segc;
using namespace segc::nifti;

static constexpr int16_t scannerForm = 1;
static constexpr int spatialUnits = 7;
static constexpr int millimetres = 2;

static void setMillimetres(NiftiHeader &h) {
  h.units = static_cast<char>((h.units & ~spatialUnits) | millimetres);
}

void segc::nifti::setSform(const Affine &affine, NiftiHeader &h) {
  h.sformCode = scannerForm;
  setMillimetres(h);
  for (size_t row = 0; row < 3; ++row)
    for (size_t column = 0; column < 4; ++column)
      h.sform[row][column] = static_cast<float>(affine[row][column]);
}

/// The quaternion of a rotation: of the four ways to compute it the one that
/// divides by the largest part.
static Vector3 quaternionOf(const double (&r)[3][3]) {
  const double four[4] = {
      1 + r[0][0] + r[1][1] + r[2][2], 1 + r[0][0] - r[1][1] - r[2][2],
      1 - r[0][0] + r[1][1] - r[2][2], 1 - r[0][0] - r[1][1] + r[2][2]};
  const double symmetric[3] = {r[2][1] + r[1][2], r[0][2] + r[2][0],
                               r[1][0] + r[0][1]};
  const double turned[3] = {r[2][1] - r[1][2], r[0][2] - r[2][0],
                            r[1][0] - r[0][1]};
  const auto largest =
      static_cast<size_t>(std::max_element(four, four + 4) - four);
  const double part = std::sqrt(four[largest]) / 2, other = 1 / (4 * part);
  if (largest == 0)
    return {turned[0] * other, turned[1] * other, turned[2] * other};
  // Parts b, c, d: the sign is that which makes a positive.
  const double sign = turned[largest - 1] < 0 ? -1 : 1;
  Vector3 result;
  for (size_t i = 0; i < 3; ++i)
    result[i] =
        sign *
        (i + 1 == largest ? part : symmetric[3 - i - (largest - 1)] * other);
  return result;
}

/// Sets the qform to the rotation next to the affine.
static void setQform(const Affine &affine, NiftiHeader &h) {
  double rotation[3][3];
  for (size_t axis = 0; axis < 3; ++axis) {
    const Vector3 direction = unit(affine, axis);
    for (size_t row = 0; row < 3; ++row)
      rotation[row][axis] = direction[row];
  }
  const auto &r = rotation;
  const double volume = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
                        r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                        r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  h.pixelSize[0] = volume < 0 ? -1 : 1;
  if (volume < 0)
    for (auto &row : rotation)
      row[2] = -row[2];
  const Vector3 quaternion = quaternionOf(rotation);
  for (size_t i = 0; i < 3; ++i) {
    h.quaternion[i] = static_cast<float>(quaternion[i]);
    h.qformOffset[i] = static_cast<float>(affine[i][3]);
  }
}

void segc::agreeForms(VolumeGeometry &geometry) {
  NiftiHeader &h = geometry.header;
  const int16_t sformCode = h.sformCode, qformCode = h.qformCode;
  if (geometry.placedBy != PlacedBy::Pixdim)
    for (size_t axis = 0; axis < 3; ++axis)
      geometry.spacing[axis] = length(column(geometry.affine, axis));
  setMillimetres(h);
  for (size_t axis = 0; axis < 3; ++axis)
    h.pixelSize[axis + 1] = static_cast<float>(geometry.spacing[axis]);
  if (geometry.placedBy == PlacedBy::Pixdim) {
    h.sformCode = h.qformCode = 0;
    return;
  }
  setSform(geometry.affine, h);
  if (sformCode > 0)
    h.sformCode = sformCode;
  geometry.placedBy = PlacedBy::Sform;
  if (qformCode <= 0)
    return;
  setQform(geometry.affine, h);
  const std::optional<VolumeGeometry> other = placedByQform(geometry);
  if (!other || cornerDistance(geometry, *other) > gridTolerance(geometry))
    h.qformCode = 0;
}
