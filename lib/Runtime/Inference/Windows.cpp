//===- Windows.cpp - Windows of a sliding-window prediction ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Windows.h"

#include <algorithm>
#include <cmath>

using namespace segc;

/// As few starts as the overlap asks for, spread evenly.
static std::vector<int64_t> v2Starts(int64_t size, int64_t patch,
                                     double overlap) {
  const double step = std::max(1.0, static_cast<double>(patch) * (1 - overlap));
  const auto last = static_cast<double>(size - patch);
  const auto steps = static_cast<int64_t>(std::ceil(last / step));
  std::vector<int64_t> starts = {0};
  for (int64_t i = 1; i <= steps; ++i)
    // Halves are rounded to even, as NumPy does.
    starts.push_back(static_cast<int64_t>(std::nearbyint(
        last / static_cast<double>(steps) * static_cast<double>(i))));
  return starts;
}

std::vector<int64_t> segc::windowStarts(int64_t size, int64_t patch,
                                        double overlap, PlanRules rules) {
  if (rules == PlanRules::V2)
    return v2Starts(size, patch, overlap);
  const int64_t step = std::max<int64_t>(
      1, static_cast<int64_t>(static_cast<double>(patch) * (1 - overlap)));
  std::vector<int64_t> starts;
  int64_t start = 0;
  for (; start + patch < size; start += step)
    starts.push_back(start);
  // The example's last window ends with the axis.
  starts.push_back(rules == PlanRules::Example ? size - patch : start);
  return starts;
}

std::optional<int64_t> segc::shownVoxel(int64_t place, int64_t size,
                                        int64_t patch, PlanRules rules) {
  if (place >= 0 && place < size)
    return place;
  if (rules != PlanRules::Mlperf)
    return std::nullopt;
  if (size >= patch)
    place = place < 0 ? -place : 2 * (size - 1) - place;
  return std::clamp<int64_t>(place, 0, size - 1);
}

std::vector<float> segc::windowProfile(int64_t patch, WindowWeights weights,
                                       PlanRules rules) {
  std::vector<float> profile(static_cast<size_t>(patch), 1.0f);
  if (weights == WindowWeights::Constant)
    return profile;
  const bool isV2 = rules == PlanRules::V2;
  const auto size = static_cast<double>(patch);
  const double sigma = size / 8,
               centre = isV2 ? std::floor(size / 2) : (size - 1) / 2;
  auto weight = [&](double place) {
    const double distance = (place - centre) / sigma,
                 gaussian = std::exp(-0.5 * distance * distance);
    return isV2 ? gaussian : std::cbrt(gaussian);
  };
  const double largest = weight(std::floor(centre));
  for (size_t i = 0; i < profile.size(); ++i)
    profile[i] = static_cast<float>(weight(static_cast<double>(i)) / largest);
  return profile;
}

WindowAxis segc::windowAxis(int64_t size, int64_t patch,
                            const WindowOptions &options) {
  WindowAxis axis;
  axis.size = size;
  axis.patch = patch;
  axis.starts = windowStarts(std::max(size, patch), patch, options.overlap,
                             options.rules);
  const int64_t padded = axis.starts.back() + patch;
  for (int64_t &start : axis.starts)
    start -= (padded - size) / 2;
  axis.profile = windowProfile(patch, options.weights, options.rules);
  std::vector<double> sums(static_cast<size_t>(size));
  for (int64_t start : axis.starts)
    for (int64_t i = std::max<int64_t>(0, -start);
         i < std::min(patch, size - start); ++i)
      sums[static_cast<size_t>(start + i)] +=
          static_cast<double>(axis.profile[static_cast<size_t>(i)]);
  for (double sum : sums)
    axis.scales.push_back(static_cast<float>(1 / sum));
  for (int64_t start : axis.starts) {
    axis.first.push_back(
        axis.first.empty() ? 0 : axis.starts[axis.first.size() - 1] + patch);
    axis.last.push_back(axis.last.empty() ? 0 : start);
  }
  axis.first.push_back(size);
  axis.last.push_back(size);
  return axis;
}
