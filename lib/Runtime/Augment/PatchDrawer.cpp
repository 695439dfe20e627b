//===- PatchDrawer.cpp - Drawing of patches and augmentation --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchDrawer.h"
#include "PatchRandom.h"
#include "segc/Runtime/Metrics/Components.h"

#include <map>

using namespace segc;

int64_t ForegroundBox::voxels() const {
  int64_t result = 1;
  for (size_t axis = 0; axis < 3; ++axis)
    result *= end[axis] - begin[axis];
  return result;
}

/// The boxes of the components of a mask, in the order of the components.
static std::vector<ForegroundBox> boxesOf(const Mask &mask, Shape3 shape) {
  LabelGrid grid;
  grid.size = {shape[2], shape[1], shape[0]};
  const Components components =
      connectedComponents(mask, grid, Connectivity::Faces);
  std::vector<ForegroundBox> boxes(components.count(),
                                   {shape, Shape3{0, 0, 0}});
  size_t voxel = 0;
  for (int64_t z = 0; z < shape[0]; ++z)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t x = 0; x < shape[2]; ++x, ++voxel) {
        const int32_t component = components.labels[voxel];
        if (component == 0)
          continue;
        ForegroundBox &box = boxes[static_cast<size_t>(component) - 1];
        const Shape3 at = {z, y, x};
        for (size_t axis = 0; axis < 3; ++axis) {
          box.begin[axis] = std::min(box.begin[axis], at[axis]);
          box.end[axis] = std::max(box.end[axis], at[axis] + 1);
        }
      }
  return boxes;
}

std::vector<std::vector<ForegroundBox>>
segc::foregroundBoxes(const PreparedCase &source) {
  const auto voxels = static_cast<size_t>(source.voxels());
  std::map<int16_t, Mask> masks;
  for (size_t i = 0; i < voxels; ++i) {
    const int16_t label = source.labels[i];
    if (label <= 0)
      continue;
    Mask &mask = masks[label];
    mask.resize(voxels);
    mask[i] = 1;
  }
  std::vector<std::vector<ForegroundBox>> result;
  for (const auto &[label, mask] : masks) {
    std::vector<ForegroundBox> boxes = boxesOf(mask, source.shape);
    std::sort(boxes.begin(), boxes.end(),
              [](const ForegroundBox &a, const ForegroundBox &b) {
                return a.voxels() != b.voxels() ? a.voxels() > b.voxels()
                                                : a.begin < b.begin;
              });
    boxes.resize(std::min<size_t>(boxes.size(), 2));
    result.push_back(std::move(boxes));
  }
  return result;
}

ForegroundBox segc::drawRegion(const DrawnCase &source, float probability,
                               PatchRandom &random) {
  if (!random.chance(probability) || source.boxes.empty())
    return {{0, 0, 0}, source.prepared.shape};
  auto oneOf = [&](const auto &list) -> const auto & {
    return list[static_cast<size_t>(
        random.index(static_cast<int64_t>(list.size())))];
  };
  return oneOf(oneOf(source.boxes));
}

std::unique_ptr<PatchDrawer>
segc::makePatchDrawer(const PatchOptions &options) {
  switch (options.rules) {
  case PlanRules::Example:
    return makeExampleDrawer(options);
  case PlanRules::V2:
    return makeDrawerV2(options);
  case PlanRules::Mlperf:
    return makeMlperfDrawer(options);
  }
  return nullptr;
}

bool segc::chooseAugmentation(const std::string &name, PatchOptions &options) {
  const bool published = name == "mlperf_published";
  const std::optional<PlanRules> rules =
      published ? PlanRules::Mlperf : findPlanRules(name);
  if (!rules)
    return false;
  options.rules = *rules;
  options.publishedBrightness = published;
  options.oversampling = *rules == PlanRules::Mlperf ? 0.4 : 0.33;
  return true;
}
