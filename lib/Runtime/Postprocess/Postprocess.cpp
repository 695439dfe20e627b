//===- Postprocess.cpp - Post-processing of predicted labels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Postprocess/Postprocess.h"
#include "segc/Runtime/Metrics/Components.h"

#include <algorithm>
#include <map>

using namespace segc;

using Step = PostprocessStep;

static bool inMask(uint8_t value, const Step &step) {
  const std::vector<uint8_t> &labels = step.labels;
  return labels.empty()
             ? value != 0
             : std::find(labels.begin(), labels.end(), value) != labels.end();
}

static Components componentsOf(const std::vector<uint8_t> &labels,
                               const LabelGrid &grid, const Step &step) {
  Mask mask(labels.size());
  for (size_t i = 0; i < labels.size(); ++i)
    mask[i] = inMask(labels[i], step);
  return connectedComponents(mask, grid, Connectivity::Corners);
}

/// Makes those components background that `kept` does not hold for.
template <typename F>
static void keepComponents(std::vector<uint8_t> &labels,
                           const Components &components, F kept) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (components.labels[i] && !kept(components.labels[i]))
      labels[i] = 0;
}

//===----------------------------------------------------------------------===//
// Holes
//===----------------------------------------------------------------------===//

namespace {

/// The components of what is outside of a mask.
class Outside {
public:
  Outside(const std::vector<uint8_t> &labels, const LabelGrid &grid,
          const Step &step)
      : size(grid.size) {
    Mask mask(labels.size());
    for (size_t i = 0; i < labels.size(); ++i)
      mask[i] = !inMask(labels[i], step);
    components = connectedComponents(mask, grid, Connectivity::Faces);
    enclosed.assign(components.count() + 1, true);
    enclosed[0] = false;
    for (size_t i = 0; i < labels.size(); ++i)
      // A class that lies inside of another is no hole in it.
      if (labels[i] != 0 || atBorder(static_cast<int64_t>(i)))
        enclosed[static_cast<size_t>(components.labels[i])] = false;
    enclosed[0] = false;
  }

  /// The number of the hole that has a voxel; 0 if none has.
  int32_t holeAt(int64_t place) const {
    const int32_t component = components.labels[static_cast<size_t>(place)];
    return enclosed[static_cast<size_t>(component)] ? component : 0;
  }
  /// Calls f with the place of each voxel that has a face in common.
  template <typename F>
  void forEachNeighbour(int64_t place, F f) const {
    int64_t stride = 1, rest = place;
    for (int64_t length : size) {
      const int64_t at = rest % length;
      if (at > 0)
        f(place - stride);
      if (at + 1 < length)
        f(place + stride);
      rest /= length;
      stride *= length;
    }
  }

private:
  bool atBorder(int64_t place) const {
    for (int64_t length : size) {
      const int64_t at = place % length;
      if (length > 1 && (at == 0 || at == length - 1))
        return true;
      place /= length;
    }
    return false;
  }

  std::array<int64_t, 3> size;
  Components components;
  std::vector<bool> enclosed;
};

} // namespace

static void fillHoles(std::vector<uint8_t> &labels, const LabelGrid &grid,
                      const Step &step) {
  const Outside outside(labels, grid, step);
  const auto count = static_cast<int64_t>(labels.size());
  /// By hole, the neighbours of each class.
  std::map<int32_t, std::map<uint8_t, int64_t>> neighbours;
  for (int64_t i = 0; i < count; ++i)
    if (const int32_t hole = outside.holeAt(i))
      outside.forEachNeighbour(i, [&](int64_t place) {
        if (const uint8_t label = labels[static_cast<size_t>(place)])
          ++neighbours[hole][label];
      });
  std::map<int32_t, uint8_t> filling;
  for (const auto &[hole, classes] : neighbours) {
    int64_t most = 0;
    for (const auto &[label, voxels] : classes)
      if (voxels > most) {
        most = voxels;
        filling[hole] = label;
      }
  }
  for (int64_t i = 0; i < count; ++i)
    if (const int32_t hole = outside.holeAt(i))
      labels[static_cast<size_t>(i)] = filling[hole];
}

void segc::postprocess(std::vector<uint8_t> &labels, const LabelGrid &grid,
                       const std::vector<PostprocessStep> &steps) {
  for (const Step &step : steps) {
    if (step.kind == Step::Kind::FillHoles) {
      fillHoles(labels, grid, step);
      continue;
    }
    const Components components = componentsOf(labels, grid, step);
    const int32_t largest = components.largest();
    keepComponents(labels, components, [&](int32_t component) {
      if (step.kind == Step::Kind::LargestComponent)
        return component == largest;
      const auto voxels = static_cast<double>(
          components.voxels[static_cast<size_t>(component - 1)]);
      return voxels * grid.voxelVolume() >= step.minVolume;
    });
  }
}
