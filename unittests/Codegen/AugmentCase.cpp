//===- AugmentCase.cpp - Draws of augmentation for tests ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentCase.h"

#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Plan/AugmentEntry.h"

#include <algorithm>
#include <ostream>

namespace segc::test {

static std::string sizes(const std::array<int64_t, 3> &size, bool withDepth) {
  std::string text = withDepth ? std::to_string(size[0]) + "x" : "";
  return text + std::to_string(size[1]) + "x" + std::to_string(size[2]);
}

std::string PatchShape::image() const {
  return activation(sizes(patch, !planes) + "x" + std::to_string(channels));
}
std::string PatchShape::labels() const {
  return "tensor<$Nx" + sizes(patch, !planes) + "xi32>";
}
std::string PatchShape::cropImage() const {
  return activation(sizes(crop, true) + "x" + std::to_string(channels));
}
std::string PatchShape::cropLabels() const {
  return "tensor<$Nx" + sizes(crop, true) + "xi32>";
}

static std::string numbersOf(const PatchShape &shape, int64_t count) {
  return "tensor<$Nx" + std::to_string(shape.channels) + "x" +
         std::to_string(count) + "xf32>";
}
std::string PatchShape::intensities() const {
  return numbersOf(*this, augment::intensityNumbers);
}
std::string PatchShape::statistics() const {
  return numbersOf(*this, seg::statistic::count);
}

void PrintTo(const PatchShape &shape, std::ostream *os) {
  *os << sizes(shape.patch, true);
}

PatchMap copiedCrop(const PatchShape &shape) {
  PatchMap map{shape.patch};
  map.flip = {0, 1, 1};
  return map;
}

PatchMap turnedCrop(const PatchShape &shape) {
  PatchMap map{shape.crop};
  map.matrix = {1, 0.125, -0.25, -0.125, 0.875, 0.5, 0.25, -0.5, 1.25};
  if (shape.planes)
    map.matrix = {1, 0, 0, 0, 0.875, 0.5, 0, -0.5, 1.25};
  map.flip = {1, 0, 1};
  return map;
}

PatchMap farCrop(const PatchShape &shape) {
  PatchMap map{{shape.patch[0], 3, 2}};
  map.matrix = {1, 0, 0, 0, -4, 0, 0, 0, 3};
  return map;
}

PatchMap zoomedCrop(const PatchShape &shape) {
  PatchMap map{shape.patch};
  for (size_t axis = shape.planes ? 1 : 0; axis < 3; ++axis)
    map.extent[axis] = std::max<int64_t>(1, map.extent[axis] * 3 / 4);
  map.flip = {0, 1, 0};
  map.zoom = 1;
  return map;
}

Values mapNumbers(const std::vector<PatchMap> &maps) {
  Values values;
  for (const PatchMap &map : maps) {
    const size_t end = values.size() + augment::mapNumbers;
    values.insert(values.end(), map.extent.begin(), map.extent.end());
    values.insert(values.end(), map.matrix.begin(), map.matrix.end());
    values.insert(values.end(), map.flip.begin(), map.flip.end());
    values.push_back(map.zoom);
    values.resize(end);
  }
  return values;
}

Values intensityNumbers(const PatchShape &shape, int64_t samples,
                        const std::map<int64_t, Values> &drawn,
                        bool everyOther) {
  Values values;
  for (int64_t row = 0; row < samples * shape.channels; ++row) {
    Values own(augment::intensityNumbers);
    own[augment::Scale] = 1;
    own[augment::Contrast] = 1;
    std::copy(shape.patch.begin(), shape.patch.end(),
              own.begin() + augment::LowResolutionExtent);
    if (row % 2 == 0 || !everyOther)
      for (const auto &[number, list] : drawn)
        std::copy(list.begin(), list.end(), own.begin() + number);
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

Values statisticNumbers(const PatchShape &shape, int64_t samples) {
  Values values;
  for (int64_t row = 0; row < samples * shape.channels; ++row)
    values.insert(values.end(),
                  {0.125, 0.5, -1, 1 - 0.25 * static_cast<double>(row % 2)});
  return values;
}

Values unclampedLabels(const PatchShape &shape, int64_t samples) {
  Values labels;
  const int64_t voxels =
      shape.patch[0] * shape.patch[1] * shape.patch[2] * samples;
  for (int64_t i = 0; i < voxels; ++i)
    labels.push_back(static_cast<double>(i % 5 - 1));
  return labels;
}

} // namespace segc::test
