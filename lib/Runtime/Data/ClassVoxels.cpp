//===- ClassVoxels.cpp - Voxels of classes for oversampling ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ClassVoxels.h"
#include "segc/Base/Random.h"

#include <algorithm>

using namespace segc;

// As nnU-Net v2 has them.
static constexpr uint64_t drawSeed = 1234;
static constexpr int64_t maxDrawn = 10000;
static constexpr double minShare = 0.01;

namespace {

/// Draws some of a known number of voxels in one pass, in their order
/// (selection sampling).
class Draw {
public:
  Draw(int64_t number, uint64_t stream, std::vector<int64_t> &places)
      : left(number), rng(drawSeed, stream), places(places) {
    wanted = std::max(std::min(maxDrawn, number),
                      (number + 99) / static_cast<int64_t>(1 / minShare));
    places.reserve(static_cast<size_t>(wanted));
  }

  void offer(int64_t place) {
    const uint64_t ticket =
        uint64_t{rng.bits(offered++)} * static_cast<uint64_t>(left--) >> 32;
    if (static_cast<int64_t>(ticket) >= wanted)
      return;
    places.push_back(place);
    --wanted;
  }

private:
  int64_t left, wanted = 0;
  uint64_t offered = 0;
  CounterRng rng;
  std::vector<int64_t> &places;
};

} // namespace

/// For each label value from -1 on, the lists that its voxels belong to.
static std::vector<std::vector<size_t>> listsOf(const DatasetDescription &data,
                                                size_t lists) {
  std::vector<std::vector<size_t>> ofLabel(
      static_cast<size_t>(data.labelValues() + 1));
  const size_t classes = data.classNames.size() - 1;
  for (size_t i = 0; i < classes; ++i) {
    if (data.regions.empty())
      ofLabel[i + 2].push_back(i);
    else
      for (int64_t value : data.regions[i])
        ofLabel[static_cast<size_t>(value + 1)].push_back(i);
  }
  if (lists > classes)
    for (size_t i = 0; i < ofLabel.size(); ++i)
      if (static_cast<int64_t>(i) - 1 != data.ignoreLabel)
        ofLabel[i].push_back(classes);
  return ofLabel;
}

void segc::drawClassVoxels(const DatasetDescription &data,
                           PreparedCase &prepared) {
  const size_t classes = data.classNames.size() - 1;
  const size_t lists = classes + (data.ignoreLabel ? 1 : 0);
  const std::vector<std::vector<size_t>> ofLabel = listsOf(data, lists);
  const int64_t voxels = prepared.voxels();
  std::vector<int64_t> numbers(lists);
  for (int64_t i = 0; i < voxels; ++i)
    for (size_t list : ofLabel[static_cast<size_t>(prepared.labels[i] + 1)])
      ++numbers[list];
  prepared.classVoxels.assign(classes, {});
  std::vector<Draw> draws;
  for (size_t list = 0; list < lists; ++list)
    draws.emplace_back(numbers[list], list,
                       list < classes ? prepared.classVoxels[list]
                                      : prepared.labelledVoxels);
  for (int64_t i = 0; i < voxels; ++i)
    for (size_t list : ofLabel[static_cast<size_t>(prepared.labels[i] + 1)])
      draws[list].offer(i);
}
