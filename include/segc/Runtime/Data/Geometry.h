//===- Geometry.h - Position of a volume in space ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file may store the axes of a volume in any order and direction; its sform,
// qform and pixdim say which. This is the one place that knows which of them
// counts, how far two grids lie apart, and how to go from one storage order to
// another (docs/Data.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_GEOMETRY_H
#define SEGC_RUNTIME_DATA_GEOMETRY_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/Voxels.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

struct NiftiHeader;
struct VolumeGeometry;

/// (i, j, k, 1) of a voxel to millimetres towards right, anterior, superior.
using Affine = std::array<std::array<double, 4>, 3>;

/// What says where a volume lies.
enum class PlacedBy {
  Sform,
  Qform,
  Pixdim,     ///< Neither: the axes count as right, anterior, superior.
  Directions, ///< Of the axes, in formats that have one form.
};

/// How the axes of one storage order lie in another: axis `a` of the new order
/// is axis source[a] of the old one, from its end if reversed[a].
struct AxisOrder {
  std::array<size_t, 3> source = {0, 1, 2};
  std::array<bool, 3> reversed = {false, false, false};

  bool isIdentity() const;
  template <typename T>
  std::array<T, 3> permuted(const std::array<T, 3> &old) const {
    return {old[source[0]], old[source[1]], old[source[2]]};
  }
  /// The way back.
  AxisOrder inverse() const;
};

/// Sets affine, placedBy and spacing of a volume whose size and header are
/// known: the sform if its code is set and it can be inverted, else the qform,
/// else pixdim. What contradicts itself is added to `warnings`; what leaves no
/// spacing is an error.
Status placeVolume(const std::string &where, VolumeGeometry &geometry,
                   std::vector<std::string> &warnings);

/// Sets affine, placedBy and spacing of a volume of a format that gives one
/// affine, in millimetres. One that cannot be inverted is an error.
Status placeByDirections(const std::string &where, const Affine &affine,
                         VolumeGeometry &geometry,
                         std::vector<std::string> &warnings);

/// Sets them where the header gives distances alone.
Status placeBySpacing(const std::string &where,
                      const std::array<double, 3> &spacing,
                      VolumeGeometry &geometry,
                      std::vector<std::string> &warnings);

/// The same grid placed by the qform where the sform counts and the two differ;
/// nothing without such a qform.
std::optional<VolumeGeometry> placedByQform(const VolumeGeometry &geometry);

/// The warning about axes that meet at less than 88.9 degrees; nothing where
/// all are at right angles, more or less.
std::optional<std::string> shearText(const VolumeGeometry &geometry);

/// The order of axes closest to right, anterior, superior ("RAS").
AxisOrder orderToRas(const VolumeGeometry &geometry);

/// The order of `from`'s axes closest to those of `to`.
AxisOrder orderBetween(const VolumeGeometry &from, const VolumeGeometry &to);

/// "RAS", "LPS", ...: where the axes of the file point, more or less.
std::string orientationText(const VolumeGeometry &geometry);

/// The same volume stored in another order: size, spacing and affine follow.
/// The header stays the file's own.
VolumeGeometry reordered(const VolumeGeometry &geometry,
                         const AxisOrder &order);

/// How far two grids of one size may lie apart at the corner where they differ
/// most and still count as one: 0.1 mm, or a tenth of the smallest voxel edge
/// if that is less.
double gridTolerance(const VolumeGeometry &geometry);

/// The largest distance between the corners of two grids of one size, in mm.
double cornerDistance(const VolumeGeometry &a, const VolumeGeometry &b);

/// "35x51x35 voxels of 1x1x1 mm, LPS, first voxel at (0, 0, 0) mm (sform)".
std::string gridText(const VolumeGeometry &geometry);

/// The same grid with its axes in another order; nothing is copied.
template <typename Array>
GridView<Array> reordered(const GridView<Array> &view, const AxisOrder &order) {
  GridView<Array> result = view;
  result.size = order.permuted(view.size);
  result.stride = order.permuted(view.stride);
  for (size_t axis = 0; axis < 3; ++axis)
    if (order.reversed[axis]) {
      result.first += (result.size[axis] - 1) * result.stride[axis];
      result.stride[axis] = -result.stride[axis];
    }
  return result;
}

/// Labels of a volume of `size` (x fastest), or none, in another order.
std::vector<uint8_t> reordered(std::vector<uint8_t> labels, const Size3 &size,
                               const AxisOrder &order);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_GEOMETRY_H
