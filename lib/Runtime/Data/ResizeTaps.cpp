//===- ResizeTaps.cpp - Source voxels of a resized line -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ResizeTaps.h"

#include <algorithm>
#include <cmath>

using namespace segc;

std::array<double, 4> segc::catmullRomWeights(double t) {
  return {t * (-0.5 + t * (1 - 0.5 * t)), 1 + t * t * (1.5 * t - 2.5),
          t * (0.5 + t * (2 - 1.5 * t)), t * t * (0.5 * t - 0.5)};
}

/// The same of the B-spline's coefficients. They sum to 6, the gain of the
/// filter that computes the coefficients, which leaves it out.
static std::array<double, 4> cubicSpline(double t) {
  const double s = 1 - t;
  return {s * s * s, 4 - 6 * t * t + 3 * t * t * t,
          4 - 6 * s * s + 3 * s * s * s, t * t * t};
}

ResizeTaps::ResizeTaps(int64_t from, int64_t to, Interpolation interpolation) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double alignedScale =
      to > 1 ? static_cast<double>(from - 1) / static_cast<double>(to - 1) : 0;
  for (int64_t i = 0; i < to; ++i) {
    const double position = interpolation == Interpolation::LinearAligned
                                ? alignedScale * static_cast<double>(i)
                                : scale * (static_cast<double>(i) + 0.5) - 0.5;
    const double floor = std::floor(position), t = position - floor;
    const auto low = static_cast<int64_t>(floor);
    switch (interpolation) {
    case Interpolation::Nearest:
      first.push_back(std::clamp<int64_t>(low + (t >= 0.5), 0, from - 1));
      weights.push_back(1);
      break;
    case Interpolation::Linear:
    case Interpolation::LinearAligned:
      count = 2;
      first.push_back(low);
      weights.insert(weights.end(), {1 - t, t});
      break;
    case Interpolation::CatmullRom:
    case Interpolation::CubicSpline: {
      count = 4;
      first.push_back(low - 1);
      const std::array<double, 4> around =
          interpolation == Interpolation::CatmullRom ? catmullRomWeights(t)
                                                     : cubicSpline(t);
      weights.insert(weights.end(), around.begin(), around.end());
      break;
    }
    }
  }
}

std::vector<Neighbours> segc::neighbours(int64_t from, int64_t to,
                                         Interpolation interpolation) {
  const ResizeTaps taps(from, to, interpolation);
  std::vector<Neighbours> result;
  for (size_t i = 0; i < taps.first.size(); ++i) {
    auto held = [&](int64_t place) {
      return std::clamp<int64_t>(place, 0, from - 1);
    };
    const int64_t first = taps.first[i];
    if (interpolation == Interpolation::Nearest)
      result.push_back({first, first, 1, 0});
    else
      result.push_back({held(first), held(first + 1), taps.weights[2 * i],
                        taps.weights[2 * i + 1]});
  }
  return result;
}
