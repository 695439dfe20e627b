//===- GridResize.cpp - Resizing of volumes to a planned grid -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/GridResize.h"
#include "ResizeTaps.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

using namespace segc;

namespace {

/// Lines that a task resizes side by side, so that the loops over them are
/// vector instructions whatever axis they run along.
constexpr int64_t lanes = 16;

struct Range {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

/// Resizes one axis of an array [outer][from][inner]. Lines are in doubles
/// while they are filtered.
class AxisResize {
public:
  AxisResize(const float *source, float *result, int64_t from, int64_t to,
             int64_t inner, Interpolation interpolation, Range range)
      : source(source), result(result), from(from), to(to), inner(inner),
        filtered(interpolation == Interpolation::CubicSpline), range(range),
        taps(from, to, interpolation) {}

  void run(int64_t outer, ThreadPool &pool) {
    lines = outer * inner;
    const size_t length =
        static_cast<size_t>((from + 2 * ResizeTaps::margin) * lanes);
    std::vector<std::vector<double>> buffers(pool.workers(),
                                             std::vector<double>(length));
    pool.parallelFor((lines + lanes - 1) / lanes,
                     [&](int64_t task, uint32_t worker) {
                       resizeLines(task * lanes, buffers[worker].data());
                     });
  }

private:
  /// Where voxel `place` of a line is in an array of `size` voxels a line.
  int64_t start(int64_t line, int64_t size) const {
    return line / inner * size * inner + line % inner;
  }
  void resizeLines(int64_t line, double *buffer) const;
  void load(int64_t line, double *values) const;
  void holdEdges(double *values) const;
  void computeCoefficients(double *values) const;
  void store(int64_t line, const double *values) const;

  const float *source;
  float *result;
  int64_t from, to, inner, lines = 0;
  bool filtered;
  Range range;
  ResizeTaps taps;
};

} // namespace

void AxisResize::resizeLines(int64_t line, double *buffer) const {
  double *values = buffer + ResizeTaps::margin * lanes;
  load(line, values);
  if (filtered)
    computeCoefficients(values);
  else
    holdEdges(values);
  store(line, values);
}

void AxisResize::load(int64_t line, double *values) const {
  const int64_t first = start(line, from);
  if (line + lanes <= lines && line % inner + lanes <= inner) {
    for (int64_t i = 0; i < from; ++i)
      for (int64_t lane = 0; lane < lanes; ++lane)
        values[i * lanes + lane] =
            static_cast<double>(source[first + i * inner + lane]);
    return;
  }
  for (int64_t lane = 0; lane < lanes; ++lane) {
    // Lanes behind the last line repeat it.
    const float *values0 =
        source + start(std::min(line + lane, lines - 1), from);
    for (int64_t i = 0; i < from; ++i)
      values[i * lanes + lane] = static_cast<double>(values0[i * inner]);
  }
}

void AxisResize::holdEdges(double *values) const {
  const double *last = values + (from - 1) * lanes;
  for (int64_t i = 1; i <= ResizeTaps::margin; ++i) {
    std::copy(values, values + lanes, values - i * lanes);
    std::copy(last, last + lanes, values + (from - 1 + i) * lanes);
  }
}

// The coefficients of a line whose edges continue for ever, less the gain of 6:
// a recursion from left to right and one back, which start in the state that
// the constant outside leads to.
void AxisResize::computeCoefficients(double *values) const {
  const double pole = std::sqrt(3.0) - 2;
  double state[lanes], edge[lanes];
  for (int64_t lane = 0; lane < lanes; ++lane) {
    state[lane] = values[lane] / (1 - pole);
    edge[lane] = values[(from - 1) * lanes + lane] / (1 - pole);
  }
  double outside[lanes];
  std::copy(state, state + lanes, outside);
  for (int64_t i = 0; i < from; ++i)
    for (int64_t lane = 0; lane < lanes; ++lane)
      values[i * lanes + lane] = state[lane] =
          values[i * lanes + lane] + pole * state[lane];
  // Right of the last voxel the first recursion decays to `edge`.
  double power = 1;
  double rest[lanes];
  for (int64_t lane = 0; lane < lanes; ++lane)
    rest[lane] = state[lane] - edge[lane];
  for (int64_t i = from - 1; i < from + ResizeTaps::margin; ++i) {
    for (int64_t lane = 0; lane < lanes; ++lane)
      values[i * lanes + lane] =
          -pole *
          (edge[lane] / (1 - pole) + power * rest[lane] / (1 - pole * pole));
    power *= pole;
  }
  std::copy(values + (from - 1) * lanes, values + from * lanes, state);
  for (int64_t i = from - 2; i >= 0; --i)
    for (int64_t lane = 0; lane < lanes; ++lane)
      values[i * lanes + lane] = state[lane] =
          pole * (state[lane] - values[i * lanes + lane]);
  for (int64_t i = -1; i >= -ResizeTaps::margin; --i)
    for (int64_t lane = 0; lane < lanes; ++lane)
      values[i * lanes + lane] = state[lane] =
          pole * (state[lane] - outside[lane]);
}

void AxisResize::store(int64_t line, const double *values) const {
  const int64_t used = std::min(lanes, lines - line);
  int64_t starts[lanes];
  for (int64_t lane = 0; lane < used; ++lane)
    starts[lane] = start(line + lane, to);
  for (int64_t i = 0; i < to; ++i) {
    const auto place = static_cast<size_t>(i);
    const double *around = values + taps.first[place] * lanes;
    const double *weights =
        taps.weights.data() + place * static_cast<size_t>(taps.count);
    double sums[lanes] = {};
    for (int64_t tap = 0; tap < taps.count; ++tap)
      for (int64_t lane = 0; lane < lanes; ++lane)
        sums[lane] += weights[tap] * around[tap * lanes + lane];
    for (int64_t lane = 0; lane < used; ++lane)
      result[starts[lane] + i * inner] =
          std::clamp(static_cast<float>(sums[lane]), range.low, range.high);
  }
}

static int64_t voxels(const Shape3 &shape) {
  return shape[0] * shape[1] * shape[2];
}

static Range rangeOf(const float *source, int64_t count, ThreadPool &pool) {
  constexpr int64_t chunk = 1 << 16;
  std::vector<Range> ranges(static_cast<size_t>((count + chunk - 1) / chunk));
  pool.parallelFor(
      static_cast<int64_t>(ranges.size()), [&](int64_t task, uint32_t) {
        const float *begin = source + task * chunk;
        const float *end = source + std::min(count, (task + 1) * chunk);
        auto [low, high] = std::minmax_element(begin, end);
        ranges[static_cast<size_t>(task)] = {*low, *high};
      });
  Range whole = ranges.front();
  for (const Range &part : ranges)
    whole = {std::min(whole.low, part.low), std::max(whole.high, part.high)};
  return whole;
}

void segc::resizeGrid(const float *source, Shape3 from, float *result,
                      Shape3 to, const std::array<Interpolation, 3> &axes,
                      ThreadPool &pool) {
  // Axes that shrink come first, so that no volume in between is larger than
  // both source and result.
  std::array<size_t, 3> order = {0, 1, 2};
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const int64_t ratioA = to[a] * from[b], ratioB = to[b] * from[a];
    return ratioA != ratioB ? ratioA < ratioB : a < b;
  });
  std::vector<size_t> passes;
  for (size_t axis : order)
    if (from[axis] != to[axis])
      passes.push_back(axis);
  if (passes.empty()) {
    std::copy(source, source + voxels(from), result);
    return;
  }
  const Range range = rangeOf(source, voxels(from), pool);
  Shape3 shape = from;
  std::vector<float> current;
  for (size_t pass = 0; pass < passes.size(); ++pass) {
    const size_t axis = passes[pass];
    const bool last = pass + 1 == passes.size();
    int64_t outer = 1, inner = 1;
    for (size_t i = 0; i < 3; ++i)
      (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
    shape[axis] = to[axis];
    std::vector<float> next(last ? 0 : static_cast<size_t>(voxels(shape)));
    AxisResize(pass ? current.data() : source, last ? result : next.data(),
               from[axis], to[axis], inner, axes[axis], last ? range : Range())
        .run(outer, pool);
    current.swap(next);
  }
}

namespace {
/// The planes across one axis of an array.
struct Planes {
  Shape3 shape;
  size_t axis;

  Shape3 planeShape() const {
    Shape3 plane = shape;
    plane[axis] = 1;
    return plane;
  }
  /// Calls f(place in the array, place in the plane) for every voxel.
  template <typename F>
  void forEachVoxel(int64_t plane, F f) const {
    Shape3 first = {0, 0, 0}, end = shape;
    first[axis] = plane;
    end[axis] = plane + 1;
    int64_t inPlane = 0;
    for (int64_t z = first[0]; z < end[0]; ++z)
      for (int64_t y = first[1]; y < end[1]; ++y)
        for (int64_t x = first[2]; x < end[2]; ++x)
          f((z * shape[1] + y) * shape[2] + x, inPlane++);
  }
};
} // namespace

void segc::resizePlanes(const float *source, Shape3 from, float *result,
                        Shape3 to, size_t axis, Interpolation inPlane,
                        ThreadPool &pool) {
  const Planes sources{from, axis}, results{to, axis};
  std::array<Interpolation, 3> axes;
  axes.fill(inPlane);
  const ResizeTaps taps(from[axis], to[axis], Interpolation::Nearest);
  std::vector<float> plane(static_cast<size_t>(voxels(sources.planeShape())));
  std::vector<float> resized(static_cast<size_t>(voxels(results.planeShape())));
  int64_t known = -1;
  for (int64_t i = 0; i < to[axis]; ++i) {
    const int64_t nearest = taps.first[static_cast<size_t>(i)];
    if (nearest != known) {
      known = nearest;
      sources.forEachVoxel(nearest, [&](int64_t place, int64_t at) {
        plane[static_cast<size_t>(at)] = source[place];
      });
      resizeGrid(plane.data(), sources.planeShape(), resized.data(),
                 results.planeShape(), axes, pool);
    }
    results.forEachVoxel(i, [&](int64_t place, int64_t at) {
      result[place] = resized[static_cast<size_t>(at)];
    });
  }
}
