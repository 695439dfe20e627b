//===- Resample.cpp - Resampling between grids ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Resample.h"
#include "ViewRows.h"

#include <algorithm>
#include <cmath>

using namespace segc;

namespace {

/// Where one result coordinate lies between two source coordinates.
struct Tap {
  int64_t low = 0, high = 0;
  double weight = 0; ///< Of `high`.
};

} // namespace

/// A coordinate between `size` samples, the edges held.
static Tap tapAt(double position, int64_t size) {
  double floor = std::floor(position);
  auto low = static_cast<int64_t>(floor);
  Tap tap;
  tap.low = std::clamp<int64_t>(low, 0, size - 1);
  tap.high = std::clamp<int64_t>(low + 1, 0, size - 1);
  tap.weight = position - floor;
  return tap;
}

//===----------------------------------------------------------------------===//
// Volumes
//===----------------------------------------------------------------------===//

/// The taps of ITK's identity resample along one axis. Beyond the last centre,
/// where ITK writes 0, the edge is held: 0 is no value of air or background in
/// every image, and the z-score over the volume would see it.
static std::vector<Tap> itkTaps(int64_t from, int64_t to) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < to; ++i)
    taps.push_back(tapAt(double(i) * double(from) / double(to), from));
  return taps;
}

/// Calls f(x, y, z) for every result voxel in array order.
template <typename T, typename F>
static void forEachVoxel(Size3 from, Size3 to, T *result, F f) {
  const std::vector<Tap> xs = itkTaps(from[0], to[0]),
                         ys = itkTaps(from[1], to[1]),
                         zs = itkTaps(from[2], to[2]);
  for (const Tap &x : xs)
    for (const Tap &y : ys)
      for (const Tap &z : zs)
        *result++ = f(x, y, z);
}

/// at(x, y, z) is a voxel of the source.
template <typename At>
static void resampleBy(At at, Size3 from, float *result, Size3 to) {
  auto row = [&](const Tap &x, int64_t y, int64_t z) {
    const float low = at(x.low, y, z);
    return low + (double(at(x.high, y, z)) - low) * x.weight;
  };
  auto plane = [&](const Tap &x, const Tap &y, int64_t z) {
    double low = row(x, y.low, z), high = row(x, y.high, z);
    return low + (high - low) * y.weight;
  };
  forEachVoxel(from, to, result, [&](const Tap &x, const Tap &y, const Tap &z) {
    double low = plane(x, y, z.low), high = plane(x, y, z.high);
    return static_cast<float>(low + (high - low) * z.weight);
  });
}

void segc::resampleLinear(const VoxelView &source, float *result, Size3 to) {
  const Size3 &from = source.size;
  // Each result looks at eight voxels. Decoding fewer, row by row, is cheaper.
  if (source.voxels() > 8 * to[0] * to[1] * to[2]) {
    resampleBy(
        [&](int64_t x, int64_t y, int64_t z) { return source.at(x, y, z); },
        from, result, to);
    return;
  }
  std::vector<float> values(static_cast<size_t>(source.voxels()));
  for (int64_t row = 0; row < from[1] * from[2]; ++row)
    readRow(source, row % from[1], row / from[1],
            values.data() + row * from[0]);
  resampleBy(
      [&](int64_t x, int64_t y, int64_t z) {
        return values[static_cast<size_t>((z * from[1] + y) * from[0] + x)];
      },
      from, result, to);
}

void segc::resampleNearest(const LabelView &source, int32_t *result, Size3 to) {
  auto nearest = [](const Tap &tap) {
    return tap.weight >= 0.5 ? tap.high : tap.low;
  };
  forEachVoxel(source.size, to, result,
               [&](const Tap &x, const Tap &y, const Tap &z) {
                 return int32_t{source.at(nearest(x), nearest(y), nearest(z))};
               });
}

/// The taps of the way back: the position of source voxel i on the network's
/// grid, edges held.
static std::vector<Tap> inverseTaps(int64_t from, int64_t to) {
  std::vector<Tap> taps;
  for (int64_t i = 0; i < to; ++i)
    taps.push_back(
        tapAt(std::min(double(i) * double(from) / double(to), double(from - 1)),
              from));
  return taps;
}

/// `sums` has a place for each class; with a size that the compiler knows it is
/// in registers.
template <typename Sums>
static std::vector<uint8_t>
labelsBy(Sums sums, const float *probabilities, Size3 from, Size3 to,
         const std::function<void(int64_t, const double *)> &visit) {
  std::array<std::vector<Tap>, 3> taps = {inverseTaps(from[0], to[0]),
                                          inverseTaps(from[1], to[1]),
                                          inverseTaps(from[2], to[2])};
  const auto classes = static_cast<int64_t>(sums.size());
  std::vector<uint8_t> labels;
  labels.reserve(static_cast<size_t>(to[0] * to[1] * to[2]));
  for (const Tap &z : taps[2])
    for (const Tap &y : taps[1])
      for (const Tap &x : taps[0]) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (int corner = 0; corner < 8; ++corner) {
          bool hx = corner & 4, hy = corner & 2, hz = corner & 1;
          double weight = (hx ? x.weight : 1 - x.weight) *
                          (hy ? y.weight : 1 - y.weight) *
                          (hz ? z.weight : 1 - z.weight);
          if (weight == 0)
            continue;
          const float *voxel =
              probabilities +
              (((hx ? x.high : x.low) * from[1] + (hy ? y.high : y.low)) *
                   from[2] +
               (hz ? z.high : z.low)) *
                  classes;
          for (size_t c = 0; c < sums.size(); ++c)
            sums[c] += weight * voxel[c];
        }
        if (visit)
          visit(static_cast<int64_t>(labels.size()), sums.data());
        labels.push_back(static_cast<uint8_t>(
            std::max_element(sums.begin(), sums.end()) - sums.begin()));
      }
  return labels;
}

std::vector<uint8_t> segc::labelsOnSourceGrid(
    const float *probabilities, Size3 from, int64_t classes, Size3 to,
    const std::function<void(int64_t, const double *)> &visit) {
  if (classes == 2)
    return labelsBy(std::array<double, 2>(), probabilities, from, to, visit);
  if (classes == 3)
    return labelsBy(std::array<double, 3>(), probabilities, from, to, visit);
  if (classes == 4)
    return labelsBy(std::array<double, 4>(), probabilities, from, to, visit);
  return labelsBy(std::vector<double>(static_cast<size_t>(classes)),
                  probabilities, from, to, visit);
}

//===----------------------------------------------------------------------===//
// Planes
//===----------------------------------------------------------------------===//

// In f32 throughout, as TensorFlow computes them.
namespace {
struct PlaneTap {
  int64_t low = 0, high = 0;
  float weight = 0;
  bool inside = true;
};
} // namespace

static PlaneTap planeTap(float position, int64_t size) {
  float floor = std::floor(position);
  auto low = static_cast<int64_t>(floor);
  PlaneTap tap;
  tap.low = std::clamp<int64_t>(low, 0, size - 1);
  tap.high = std::clamp<int64_t>(low + 1, 0, size - 1);
  tap.weight = position - floor;
  return tap;
}

static void samplePlane(const float *source, int64_t width,
                        const std::vector<PlaneTap> &rows,
                        const std::vector<PlaneTap> &columns, float *result) {
  for (const PlaneTap &y : rows) {
    const float *top = source + y.low * width;
    const float *bottom = source + y.high * width;
    for (const PlaneTap &x : columns) {
      if (!y.inside || !x.inside) {
        *result++ = 0;
        continue;
      }
      float above = top[x.low] + (top[x.high] - top[x.low]) * x.weight;
      float below = bottom[x.low] + (bottom[x.high] - bottom[x.low]) * x.weight;
      *result++ = above + (below - above) * y.weight;
    }
  }
}

static std::vector<PlaneTap> resizeTaps(int64_t from, int64_t to,
                                        PixelRule rule) {
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  std::vector<PlaneTap> taps;
  for (int64_t i = 0; i < to; ++i)
    taps.push_back(planeTap(rule == PixelRule::HalfPixel
                                ? (static_cast<float>(i) + 0.5f) * scale - 0.5f
                                : static_cast<float>(i) * scale,
                            from));
  return taps;
}

void segc::resizeBilinear(const float *source, int64_t height, int64_t width,
                          float *result, int64_t newHeight, int64_t newWidth,
                          PixelRule rule) {
  samplePlane(source, width, resizeTaps(height, newHeight, rule),
              resizeTaps(width, newWidth, rule), result);
}

/// TensorFlow's crop_and_resize takes the middle of the box for one sample.
static std::vector<PlaneTap> cropTaps(int64_t size, float first, float last,
                                      int64_t count) {
  const auto extent = static_cast<float>(size - 1);
  const float step =
      count > 1 ? (last - first) * extent / static_cast<float>(count - 1) : 0;
  std::vector<PlaneTap> taps;
  for (int64_t i = 0; i < count; ++i) {
    float position = count > 1 ? first * extent + static_cast<float>(i) * step
                               : 0.5f * (first + last) * extent;
    PlaneTap tap = planeTap(position, size);
    tap.inside = position >= 0 && position <= extent;
    taps.push_back(tap);
  }
  return taps;
}

void segc::cropAndResize(const float *source, int64_t height, int64_t width,
                         CropBox box, float *result, int64_t newHeight,
                         int64_t newWidth) {
  samplePlane(source, width, cropTaps(height, box.top, box.bottom, newHeight),
              cropTaps(width, box.left, box.right, newWidth), result);
}
