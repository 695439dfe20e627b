//===- AxisOrders.cpp - Storage orders and grids of volumes ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Affines.h"
#include "segc/Runtime/Data/Nifti.h"

#include <algorithm>

using namespace segc;

//===----------------------------------------------------------------------===//
// Orders of axes
//===----------------------------------------------------------------------===//

bool AxisOrder::isIdentity() const {
  return source == std::array<size_t, 3>{0, 1, 2} &&
         reversed == std::array<bool, 3>{false, false, false};
}

AxisOrder AxisOrder::inverse() const {
  AxisOrder back;
  for (size_t axis = 0; axis < 3; ++axis) {
    back.source[source[axis]] = axis;
    back.reversed[source[axis]] = reversed[axis];
  }
  return back;
}

namespace {
/// One of the six permutations, each axis reversed where it points away.
struct OrderCandidate {
  AxisOrder order;
  double cosines = 0; ///< With the wanted axes, summed.
  double lean = 0;    ///< Of each axis towards the next wanted one, weighted.
};
} // namespace

/// The order whose axes point most towards `wanted`. Among equals (axes at 45
/// degrees) the places of the axes in space decide, not those in the file: all
/// storage orders of a scan become one.
static AxisOrder closestOrder(const Affine &affine,
                              const std::array<Vector3, 3> &wanted) {
  constexpr double equal = 1e-4; // Beyond the rounding of f32 headers.
  std::vector<OrderCandidate> candidates;
  std::array<size_t, 3> permutation = {0, 1, 2};
  do {
    OrderCandidate candidate;
    candidate.order.source = permutation;
    for (size_t axis = 0; axis < 3; ++axis) {
      const Vector3 direction = unit(affine, permutation[axis]);
      const double cosine = dot(wanted[axis], direction);
      candidate.order.reversed[axis] = cosine < 0;
      candidate.cosines += std::abs(cosine);
      candidate.lean += double(3 - axis) * (cosine < 0 ? -1 : 1) *
                        dot(wanted[(axis + 1) % 3], direction);
    }
    candidates.push_back(candidate);
  } while (std::next_permutation(permutation.begin(), permutation.end()));
  double most = 0;
  for (const OrderCandidate &candidate : candidates)
    most = std::max(most, candidate.cosines);
  const OrderCandidate *best = nullptr;
  for (const OrderCandidate &candidate : candidates)
    if (candidate.cosines > most - equal &&
        (!best || candidate.lean > best->lean))
      best = &candidate;
  return best->order;
}

AxisOrder segc::orderToRas(const VolumeGeometry &geometry) {
  return closestOrder(geometry.affine, {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}});
}

AxisOrder segc::orderBetween(const VolumeGeometry &from,
                             const VolumeGeometry &to) {
  return closestOrder(from.affine, {unit(to.affine, 0), unit(to.affine, 1),
                                    unit(to.affine, 2)});
}

std::string segc::orientationText(const VolumeGeometry &geometry) {
  const AxisOrder order = orderToRas(geometry);
  std::string text(3, ' ');
  for (size_t axis = 0; axis < 3; ++axis)
    text[order.source[axis]] = (order.reversed[axis] ? "LPI" : "RAS")[axis];
  return text;
}

VolumeGeometry segc::reordered(const VolumeGeometry &geometry,
                               const AxisOrder &order) {
  VolumeGeometry result = geometry;
  result.size = order.permuted(geometry.size);
  result.spacing = order.permuted(geometry.spacing);
  for (size_t row = 0; row < 3; ++row)
    for (size_t axis = 0; axis < 3; ++axis) {
      const double step = geometry.affine[row][order.source[axis]];
      result.affine[row][axis] = order.reversed[axis] ? -step : step;
      if (order.reversed[axis])
        result.affine[row][3] += step * double(result.size[axis] - 1);
    }
  return result;
}

std::vector<uint8_t> segc::reordered(std::vector<uint8_t> labels,
                                     const Size3 &size,
                                     const AxisOrder &order) {
  if (order.isIdentity() || labels.empty())
    return labels;
  const LabelView view = reordered(LabelView(labels, size), order);
  std::vector<uint8_t> result;
  result.reserve(labels.size());
  for (int64_t z = 0; z < view.size[2]; ++z)
    for (int64_t y = 0; y < view.size[1]; ++y)
      for (int64_t x = 0; x < view.size[0]; ++x)
        result.push_back(view.at(x, y, z));
  return result;
}

//===----------------------------------------------------------------------===//
// Two grids
//===----------------------------------------------------------------------===//

double segc::gridTolerance(const VolumeGeometry &geometry) {
  const auto &spacing = geometry.spacing;
  return std::min(0.1, 0.1 * *std::min_element(spacing.begin(), spacing.end()));
}

double segc::cornerDistance(const VolumeGeometry &a, const VolumeGeometry &b) {
  double most = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Vector3 apart;
    for (size_t row = 0; row < 3; ++row) {
      apart[row] = a.affine[row][3] - b.affine[row][3];
      for (size_t axis = 0; axis < 3; ++axis)
        if (corner & (1 << axis))
          apart[row] += (a.affine[row][axis] - b.affine[row][axis]) *
                        double(a.size[axis] - 1);
    }
    most = std::max(most, length(apart));
  }
  return most;
}

std::string segc::gridText(const VolumeGeometry &geometry) {
  const char *forms[] = {"sform", "qform", "no place in space", "directions"};
  std::string text = std::to_string(geometry.size[0]) + "x" +
                     std::to_string(geometry.size[1]) + "x" +
                     std::to_string(geometry.size[2]) + " voxels of " +
                     sizesText(geometry.spacing) + " mm";
  if (geometry.placedBy != PlacedBy::Pixdim)
    text += ", " + orientationText(geometry) + ", first voxel at (" +
            number(geometry.affine[0][3]) + ", " +
            number(geometry.affine[1][3]) + ", " +
            number(geometry.affine[2][3]) + ") mm";
  return text + " (" + forms[static_cast<size_t>(geometry.placedBy)] + ")";
}
