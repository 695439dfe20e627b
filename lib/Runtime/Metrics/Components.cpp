//===- Components.cpp - Connected components ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Components.h"

#include <cmath>
#include <cstdlib>

using namespace segc;

using Offset = std::array<int64_t, 3>;

static std::vector<Offset> neighbours(Connectivity connectivity) {
  std::vector<Offset> offsets;
  for (int64_t z = -1; z <= 1; ++z)
    for (int64_t y = -1; y <= 1; ++y)
      for (int64_t x = -1; x <= 1; ++x) {
        const int64_t steps = std::abs(x) + std::abs(y) + std::abs(z);
        if (steps == 1 || (steps > 1 && connectivity == Connectivity::Corners))
          offsets.push_back({x, y, z});
      }
  return offsets;
}

int32_t Components::largest() const {
  if (voxels.empty())
    return 0;
  return static_cast<int32_t>(std::max_element(voxels.begin(), voxels.end()) -
                              voxels.begin()) +
         1;
}

Components segc::connectedComponents(const Mask &mask, const LabelGrid &grid,
                                     Connectivity connectivity) {
  const std::vector<Offset> offsets = neighbours(connectivity);
  const auto &size = grid.size;
  Components result;
  result.labels.resize(mask.size());
  std::vector<int64_t> open;
  auto visit = [&](int64_t place, int32_t label) {
    result.labels[place] = label;
    ++result.voxels.back();
    open.push_back(place);
  };
  for (size_t first = 0; first < mask.size(); ++first) {
    if (!mask[first] || result.labels[first])
      continue;
    result.voxels.push_back(0);
    const auto label = static_cast<int32_t>(result.voxels.size());
    visit(static_cast<int64_t>(first), label);
    while (!open.empty()) {
      const int64_t place = open.back();
      open.pop_back();
      const int64_t x = place % size[0], y = place / size[0] % size[1],
                    z = place / size[0] / size[1];
      for (const Offset &offset : offsets) {
        const int64_t nx = x + offset[0], ny = y + offset[1],
                      nz = z + offset[2];
        if (nx < 0 || ny < 0 || nz < 0 || nx >= size[0] || ny >= size[1] ||
            nz >= size[2])
          continue;
        const int64_t next = (nz * size[1] + ny) * size[0] + nx;
        if (mask[next] && !result.labels[next])
          visit(next, label);
      }
    }
  }
  return result;
}

double Lesions::sensitivity() const {
  return expected == 0 ? std::nan("") : double(detected) / double(expected);
}

double Lesions::precision() const {
  return predicted == 0 ? std::nan("")
                        : double(predicted - falsePositive) / double(predicted);
}

double Lesions::f1() const {
  if (expected + predicted == 0)
    return std::nan("");
  const double recall = expected ? sensitivity() : 0,
               exact = predicted ? precision() : 0;
  return recall + exact == 0 ? 0 : 2 * recall * exact / (recall + exact);
}

Lesions segc::countLesions(const int32_t *predicted, const int32_t *expected,
                           int32_t value, const LabelGrid &grid) {
  auto componentsOf = [&](const int32_t *labels) {
    Mask mask(static_cast<size_t>(grid.voxels()));
    for (size_t i = 0; i < mask.size(); ++i)
      mask[i] = labels[i] == value;
    return connectedComponents(mask, grid, Connectivity::Corners);
  };
  auto touched = [&](const Components &components, const int32_t *labels) {
    std::vector<bool> found(components.count() + 1);
    for (size_t i = 0; i < components.labels.size(); ++i)
      if (labels[i] == value)
        found[components.labels[i]] = true;
    return static_cast<int64_t>(
        std::count(found.begin() + 1, found.end(), true));
  };
  Lesions lesions;
  {
    const Components reference = componentsOf(expected);
    lesions.expected = static_cast<int64_t>(reference.count());
    lesions.detected = touched(reference, predicted);
  }
  const Components found = componentsOf(predicted);
  lesions.predicted = static_cast<int64_t>(found.count());
  lesions.falsePositive = lesions.predicted - touched(found, expected);
  return lesions;
}
