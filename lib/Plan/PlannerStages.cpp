//===- PlannerStages.cpp - What all planners share ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannerStages.h"

#include <algorithm>
#include <cctype>
#include <cmath>

using namespace segc;

double segc::numpyPercentile(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, values.size() - 1);
  const double t = place - std::floor(place);
  const double step = values[high] - values[low];
  // From the nearer end, as NumPy does: both ends are met exactly.
  return t < 0.5 ? values[low] + step * t : values[high] - step * (1 - t);
}

double segc::spacingPercentile(const Fingerprint &fingerprint, size_t axis,
                               double percent) {
  std::vector<double> spacings;
  for (const Fingerprint::Case &c : fingerprint.cases)
    spacings.push_back(c.spacing[axis]);
  return numpyPercentile(std::move(spacings), percent);
}

std::array<double, 3> segc::medianSpacing(const Fingerprint &fingerprint) {
  return {spacingPercentile(fingerprint, 0, 50),
          spacingPercentile(fingerprint, 1, 50),
          spacingPercentile(fingerprint, 2, 50)};
}

std::vector<double>
segc::flooredMedianShape(const Fingerprint &fingerprint,
                         const std::vector<double> &spacing) {
  const size_t first = 3 - spacing.size();
  std::vector<double> shape;
  for (size_t axis = first; axis < 3; ++axis) {
    std::vector<double> sizes;
    for (const Fingerprint::Case &c : fingerprint.cases) {
      const auto size = static_cast<double>(c.shape[axis]);
      sizes.push_back(std::max(1.0, first ? size
                                          : std::floor(size * c.spacing[axis] /
                                                       spacing[axis - first])));
    }
    shape.push_back(numpyPercentile(std::move(sizes), 50));
  }
  return shape;
}

Plan segc::planFor(const Fingerprint &fingerprint, PlanRules rules) {
  Plan plan;
  static_cast<DatasetDescription &>(plan) = fingerprint;
  plan.rules = rules;
  plan.intensities = fingerprint.intensities;
  return plan;
}

void segc::setNormalization(const Fingerprint &fingerprint,
                            PlanConfiguration &configuration) {
  const bool croppedMuch = fingerprint.medianRelativeSize < 0.75;
  for (const std::string &channel : fingerprint.channelNames) {
    std::string name = channel;
    for (char &c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool known = name == "ct" || name == "nonorm" ||
                       name == "rescale_to_0_1" || name == "rgb_to_0_1";
    if (!known)
      name = "zscore";
    configuration.normalization.push_back(name);
    configuration.useMask.push_back(croppedMuch && name == "zscore");
  }
}
