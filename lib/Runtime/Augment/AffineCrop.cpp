//===- AffineCrop.cpp - Rows of a crop under an affine map ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AffineCrop.h"

#include <algorithm>
#include <cmath>

using namespace segc;

AffineCrop::AffineCrop(const PatchDraw &draw, Shape3 patch, Shape3 caseShape)
    : draw(draw), patch(patch), caseShape(caseShape) {
  for (size_t axis = 0; axis < 3; ++axis) {
    begin[axis] = std::max<int64_t>(draw.origin[axis], 0);
    size[axis] =
        std::min(draw.origin[axis] + draw.extent[axis], caseShape[axis]) -
        begin[axis];
  }
  const auto &m = draw.matrix;
  planar = draw.extent[0] == patch[0] && m[0][0] == 1 && m[0][1] == 0 &&
           m[0][2] == 0 && m[1][0] == 0 && m[2][0] == 0;
}

int64_t AffineCrop::span(int64_t step) const {
  return ((size[0] - 1) * caseShape[1] + size[1] - 1) * caseShape[2] * step +
         size[2] * step;
}

/// Cuts [from, to) to the places i at which start + i * step has both
/// neighbours among `size`, with room for rounding.
static void cutToInside(double start, double step, int64_t size, double &from,
                        double &to) {
  constexpr double margin = 1e-3;
  const double low = margin - start;
  const double high = static_cast<double>(size - 1) - margin - start;
  if (step == 0) {
    if (low > 0 || high < 0)
      to = from;
    return;
  }
  from = std::max(from, std::min(low / step, high / step));
  to = std::min(to, std::max(low / step, high / step));
}

bool AffineCrop::place(int64_t z, int64_t y, int64_t &plane,
                       AffineRow &row) const {
  if (std::any_of(size.begin(), size.end(), [](int64_t n) { return n <= 0; }))
    return false;
  // Steps from the patch's centre to the first voxel of the row, and the sign
  // of a step along the row.
  const Shape3 at = {z, y, 0};
  std::array<double, 3> from;
  for (size_t axis = 0; axis < 3; ++axis) {
    from[axis] = static_cast<double>(at[axis]) -
                 0.5 * static_cast<double>(patch[axis] - 1);
    if (draw.flip[axis])
      from[axis] = -from[axis];
  }
  const double forward = draw.flip[2] ? -1 : 1;
  double first = 0, last = static_cast<double>(patch[2]);
  for (size_t axis = 0; axis < 3; ++axis) {
    double start = 0.5 * static_cast<double>(draw.extent[axis] - 1) +
                   static_cast<double>(draw.origin[axis] - begin[axis]);
    for (size_t from0 = 0; from0 < 3; ++from0)
      start += draw.matrix[axis][from0] * from[from0];
    const double step = draw.matrix[axis][2] * forward;
    row.start[axis] = static_cast<float>(start);
    row.step[axis] = static_cast<float>(step);
    if (!planar || axis > 0)
      cutToInside(start, step, size[axis], first, last);
  }
  row.inside = static_cast<int64_t>(std::ceil(first));
  row.outside = static_cast<int64_t>(std::floor(last));
  if (!planar)
    return true;
  plane = draw.origin[0] + (draw.flip[0] ? patch[0] - 1 - z : z);
  return plane >= 0 && plane < caseShape[0];
}
