//===- AxisTaps.cpp - Source voxels of an axis of a patch -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AxisTaps.h"
#include "PatchKernels.h"

#include <algorithm>
#include <cmath>

using namespace segc;

AxisTaps::AxisTaps(int64_t count, int64_t size)
    : count(count), size(size),
      padded((size + rowBlock - 1) / rowBlock * rowBlock),
      places(static_cast<size_t>(count * padded)),
      weights(static_cast<size_t>(count * padded)) {}

void AxisTaps::set(int64_t tap, int64_t i, int64_t place, double weight) {
  const auto at = static_cast<size_t>(tap * padded + i);
  places[at] = static_cast<int32_t>(place);
  weights[at] = static_cast<float>(weight);
}

std::pair<int64_t, int64_t> AxisTaps::range() const {
  int64_t first = INT64_MAX, last = -1;
  for (int64_t tap = 0; tap < count; ++tap)
    for (int64_t i = 0; i < size; ++i)
      if (has(tap, i)) {
        first = std::min<int64_t>(first, place(tap, i));
        last = std::max<int64_t>(last, place(tap, i));
      }
  return last < 0 ? std::pair<int64_t, int64_t>(0, 0)
                  : std::pair<int64_t, int64_t>(first, last + 1);
}

void AxisTaps::flip() {
  for (int64_t tap = 0; tap < count; ++tap) {
    std::reverse(places.begin() + tap * padded,
                 places.begin() + tap * padded + size);
    std::reverse(weights.begin() + tap * padded,
                 weights.begin() + tap * padded + size);
  }
}

AxisTaps AxisTaps::copy(int64_t first, int64_t source, int64_t size) {
  AxisTaps taps(1, size);
  for (int64_t i = 0; i < size; ++i)
    if (first + i >= 0 && first + i < source)
      taps.set(0, i, first + i, 1);
  return taps;
}

AxisTaps AxisTaps::scale(double factor, int64_t first, int64_t extent,
                         int64_t source, int64_t size) {
  AxisTaps taps(2, size);
  for (int64_t i = 0; i < size; ++i) {
    const double fromCentre =
        static_cast<double>(i) - 0.5 * static_cast<double>(size - 1);
    const double position =
        factor * fromCentre + 0.5 * static_cast<double>(extent - 1);
    const double floor = std::floor(position), behind = position - floor;
    for (int64_t tap = 0; tap < 2; ++tap) {
      const int64_t inCrop = static_cast<int64_t>(floor) + tap;
      const int64_t place = first + inCrop;
      if (inCrop >= 0 && inCrop < extent && place >= 0 && place < source)
        taps.set(tap, i, place, tap ? behind : 1 - behind);
    }
  }
  return taps;
}

AxisTaps AxisTaps::zoom(int64_t first, int64_t extent, int64_t source,
                        int64_t size) {
  if (extent == size)
    return copy(first, source, size);
  AxisTaps taps(4, size);
  const double step = static_cast<double>(extent) / static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    const double position = step * (static_cast<double>(i) + 0.5) - 0.5;
    const double floor = std::floor(position), t = position - floor;
    const std::array<double, 4> around = catmullRomWeights(t);
    for (int64_t tap = 0; tap < 4; ++tap) {
      const int64_t place =
          first + std::clamp<int64_t>(static_cast<int64_t>(floor) + tap - 1, 0,
                                      extent - 1);
      if (place >= 0 && place < source)
        taps.set(tap, i, place, around[static_cast<size_t>(tap)]);
    }
  }
  return taps;
}

int64_t segc::mirrored(int64_t place, int64_t size) {
  if (size == 1)
    return 0;
  const int64_t period = 2 * (size - 1);
  place = (place % period + period) % period;
  return std::min(place, period - place);
}

AxisTaps AxisTaps::blur(const AxisBlur &blur, int64_t size) {
  if (blur.radius == 0)
    return copy(0, size, size);
  AxisTaps taps(2 * blur.radius + 1, size);
  double sum = 0;
  for (int64_t tap = 0; tap < taps.count; ++tap) {
    const double distance = static_cast<double>(tap - blur.radius) /
                            static_cast<double>(blur.sigma);
    taps.filter.push_back(
        static_cast<float>(std::exp(-0.5 * distance * distance)));
    sum += static_cast<double>(taps.filter.back());
  }
  for (int64_t tap = 0; tap < taps.count; ++tap) {
    float &weight = taps.filter[static_cast<size_t>(tap)];
    weight = static_cast<float>(static_cast<double>(weight) / sum);
    for (int64_t i = 0; i < size; ++i)
      taps.set(tap, i, mirrored(i + tap - blur.radius, size),
               static_cast<double>(weight));
  }
  return taps;
}

int64_t segc::lowResolutionExtent(float factor, int64_t size) {
  // Half of a voxel to the even number, as Python rounds.
  return std::max<int64_t>(
      1, std::lrint(static_cast<double>(size) * static_cast<double>(factor)));
}

AxisTaps AxisTaps::lowResolution(float factor, int64_t size) {
  const int64_t low = lowResolutionExtent(factor, size);
  if (low == size)
    return copy(0, size, size);
  AxisTaps taps(2, size);
  const double step = static_cast<double>(low) / static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    const double position =
        std::max(0.0, step * (static_cast<double>(i) + 0.5) - 0.5);
    const auto floor = static_cast<int64_t>(position);
    const double behind = position - static_cast<double>(floor);
    taps.set(0, i, nearestPlace(floor, size, low), 1 - behind);
    taps.set(1, i, nearestPlace(std::min(floor + 1, low - 1), size, low),
             behind);
  }
  return taps;
}
