//===- DistanceTransform.cpp - Exact Euclidean distances ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/DistanceTransform.h"

#include <cmath>
#include <limits>

using namespace segc;

static constexpr double infinity = std::numeric_limits<double>::infinity();

namespace {

/// The parabolas of one line: scratch of a thread.
class LineEnvelope {
public:
  LineEnvelope(int64_t length, double spacing)
      : spacing(spacing), values(length), vertices(length), from(length),
        heights(length) {}

  /// Replaces the values of a line by the least sum of a value and the squared
  /// distance to it.
  void apply(double *line, int64_t stride) {
    const auto length = static_cast<int64_t>(values.size());
    int64_t last = -1;
    for (int64_t i = 0; i < length; ++i) {
      values[i] = line[i * stride];
      if (std::isinf(values[i]))
        continue; // Its parabola is nowhere the lowest.
      const double at = spacing * double(i);
      double start = -infinity;
      for (; last >= 0; --last) {
        start = intersection(vertices[last], heights[last], at, values[i]);
        if (start > from[last])
          break;
        start = -infinity;
      }
      ++last;
      vertices[last] = at;
      heights[last] = values[i];
      from[last] = start;
    }
    if (last < 0)
      return;
    int64_t current = 0;
    for (int64_t i = 0; i < length; ++i) {
      const double at = spacing * double(i);
      while (current < last && from[current + 1] < at)
        ++current;
      const double apart = at - vertices[current];
      line[i * stride] = apart * apart + heights[current];
    }
  }

private:
  /// Where the parabola of the later vertex falls below that of the earlier.
  static double intersection(double earlier, double earlierHeight, double later,
                             double laterHeight) {
    return ((laterHeight - earlierHeight) / (later - earlier) + later +
            earlier) /
           2;
  }

  double spacing;
  std::vector<double> values, vertices, from, heights;
};

} // namespace

std::vector<double> segc::squaredDistances(const Mask &mask,
                                           const LabelGrid &grid,
                                           ThreadPool &pool) {
  std::vector<double> result(mask.size());
  for (size_t i = 0; i < mask.size(); ++i)
    result[i] = mask[i] ? 0 : infinity;
  const std::array<int64_t, 3> stride = {1, grid.size[0],
                                         grid.size[0] * grid.size[1]};
  for (size_t axis = 0; axis < 3; ++axis) {
    const int64_t length = grid.size[axis];
    if (length <= 1)
      continue;
    const size_t inner = axis == 0 ? 1 : 0, outer = axis == 2 ? 1 : 2;
    std::vector<LineEnvelope> envelopes(
        pool.workers(), LineEnvelope(length, grid.spacing[axis]));
    pool.parallelFor(grid.size[outer], [&](int64_t plane, uint32_t worker) {
      for (int64_t i = 0; i < grid.size[inner]; ++i)
        envelopes[worker].apply(result.data() + plane * stride[outer] +
                                    i * stride[inner],
                                stride[axis]);
    });
  }
  return result;
}
