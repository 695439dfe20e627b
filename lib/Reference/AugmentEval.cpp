//===- AugmentEval.cpp - Patches from crops -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentEval.h"
#include "PatchVoxels.h"

#include "segc/Base/Random.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Plan/AugmentEntry.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

namespace {
/// The map of a sample from its patch to its crop.
struct PatchMap {
  PatchMap(ArrayRef<double> numbers, Place patch, Place crop)
      : numbers(numbers), patch(patch), crop(crop) {
    for (size_t axis = 0; axis < 3; ++axis)
      extent[axis] = std::clamp<int64_t>(
          static_cast<int64_t>(numbers[augment::MapExtent + axis]), 1,
          crop[axis]);
    zooms = numbers[augment::MapZooms] > 0.5;
  }

  bool flips(size_t axis) const {
    return numbers[augment::MapFlip + axis] > 0.5;
  }
  /// Where the patch before mirroring is.
  int64_t unflipped(size_t axis, int64_t i) const {
    return flips(axis) ? patch[axis] - 1 - i : i;
  }
  /// The position of an affine map.
  double position(size_t axis, Place at) const {
    if (crop[axis] == 1 && patch[axis] == 1)
      return 0;
    double result = 0.5 * static_cast<double>(extent[axis] - 1);
    for (size_t from = 0; from < 3; ++from) {
      double step = static_cast<double>(at[from]) -
                    0.5 * static_cast<double>(patch[from] - 1);
      result += numbers[augment::MapMatrix + 3 * axis + from] *
                (flips(from) ? -step : step);
    }
    return result;
  }
  /// The two neighbours of a position, those outside of the crop too.
  static Taps neighbours(double position) {
    double first = std::floor(position);
    auto place = static_cast<int64_t>(first);
    return {{place, 1 - (position - first)}, {place + 1, position - first}};
  }
  /// The four places that a resized axis takes, of 0 outside.
  Taps resized(size_t axis, int64_t i) const {
    double position = (static_cast<double>(unflipped(axis, i)) + 0.5) *
                          static_cast<double>(extent[axis]) /
                          static_cast<double>(patch[axis]) -
                      0.5;
    double first = std::floor(position);
    Taps taps;
    for (int64_t tap = -1; tap <= 2; ++tap) {
      double d = std::abs(first + static_cast<double>(tap) - position);
      double weight = d <= 1 ? (1.5 * d - 2.5) * d * d + 1
                             : ((-0.5 * d + 2.5) * d - 4) * d + 2;
      taps.emplace_back(std::clamp<int64_t>(static_cast<int64_t>(first) + tap,
                                            0, extent[axis] - 1),
                        weight);
    }
    return taps;
  }
  bool isInside(Place at) const {
    for (size_t axis = 0; axis < 3; ++axis)
      if (at[axis] < 0 || at[axis] >= extent[axis])
        return false;
    return true;
  }

  ArrayRef<double> numbers;
  Place patch, crop, extent;
  bool zooms;
};
} // namespace

/// A normal number by Box and Muller's rule from the words of a block. Blocks
/// are counted as vectors of 16 take them: four for 64 voxels of a row.
static double normalNumber(ArrayRef<int64_t> key, int64_t channel, int64_t row,
                           int64_t x) {
  auto word = [&](size_t i) { return static_cast<uint32_t>(key[i]); };
  auto block = philox({static_cast<uint32_t>(x / 64 * 16 + x % 16),
                       static_cast<uint32_t>(row), word(2),
                       word(3) + static_cast<uint32_t>(channel)},
                      uint64_t{word(1)} << 32 | word(0));
  auto quarter = static_cast<size_t>(x / 16 % 4);
  double u = static_cast<double>((block[quarter / 2 * 2] >> 8) + 1) * 0x1p-24;
  double angle = static_cast<double>(block[quarter / 2 * 2 + 1] >> 8) *
                 0x1p-24 * 2 * 3.14159265358979323846;
  double radius = std::sqrt(-2 * std::log(u));
  return radius * (quarter % 2 ? std::sin(angle) : std::cos(angle));
}

static void samplePatch(SamplePatchOp, Operands operands, Results results) {
  const HostTensor &crop = *operands[0], &maps = *operands[1],
                   &intensities = *operands[2], &keys = *operands[3];
  HostTensor &image = results[0];
  Place size = imageExtents(image);
  int64_t channels = image.channels();
  forEachElement(
      image, [&](int64_t row, int64_t sample, Place at, int64_t element) {
        PatchMap map(numbersOf(maps, sample), size, imageExtents(crop));
        std::array<Taps, 3> taps;
        for (size_t axis = 0; axis < 3; ++axis) {
          taps[axis] = map.zooms ? map.resized(axis, at[axis])
                                 : PatchMap::neighbours(map.position(axis, at));
          llvm::erase_if(taps[axis], [&](const auto &tap) {
            return tap.first < 0 || tap.first >= map.extent[axis];
          });
        }
        image[element] = sumTaps(crop, row, taps);
        double deviation = numbersOf(intensities, row)[augment::Noise];
        if (deviation > 0)
          image[element] +=
              deviation * normalNumber(keys.integers().slice(4 * sample, 4),
                                       row % channels, at[0] * size[1] + at[1],
                                       at[2]);
      });
}

/// The label around a position with the largest sum of weights; of equals that
/// of the nearest voxel, else the smallest.
static int64_t voteAround(const PatchMap &map, Place at,
                          llvm::function_ref<int64_t(Place)> labelAt) {
  std::map<int64_t, double> votes;
  std::array<Taps, 3> taps;
  for (size_t axis = 0; axis < 3; ++axis)
    taps[axis] = PatchMap::neighbours(map.position(axis, at));
  int64_t nearest = -1;
  for (int corner = 0; corner < 8; ++corner) {
    Place place;
    double weight = 1;
    bool isNearest = true;
    for (size_t axis = 0; axis < 3; ++axis) {
      size_t side = corner >> axis & 1;
      place[axis] = taps[axis][side].first;
      weight *= taps[axis][side].second;
      isNearest &= side == (taps[axis][1].second >= 0.5 ? 1U : 0U);
    }
    int64_t label = map.isInside(place) ? labelAt(place) : -1;
    votes[label] += weight;
    if (isNearest)
      nearest = label;
  }
  auto best = votes.begin();
  for (auto it = votes.begin(); it != votes.end(); ++it)
    if (it->second > best->second)
      best = it;
  return votes[nearest] >= best->second ? nearest : best->first;
}

static void sampleLabels(SampleLabelsOp, Operands operands, Results results) {
  const HostTensor &crop = *operands[0], &maps = *operands[1];
  Place size = extentsOf(results[0].shape().drop_front()),
        from = extentsOf(crop.shape().drop_front());
  forEachVoxel(
      crop.shape()[0], size, [&](int64_t sample, Place at, int64_t voxel) {
        PatchMap map(numbersOf(maps, sample), size, from);
        auto labelAt = [&](Place place) {
          return crop
              .integers()[((sample * from[0] + place[0]) * from[1] + place[1]) *
                              from[2] +
                          place[2]];
        };
        int64_t label = -1;
        if (!map.zooms) {
          label = voteAround(map, at, labelAt);
        } else {
          Place place;
          for (size_t axis = 0; axis < 3; ++axis)
            place[axis] = (2 * map.unflipped(axis, at[axis]) + 1) *
                          map.extent[axis] / (2 * size[axis]);
          label = labelAt(place);
        }
        results[0].integers()[voxel] = std::max<int64_t>(label, 0);
        results[1].integers()[voxel] = label;
      });
}

void attachAugmentModels(MLIRContext *context) {
  attach<SamplePatchOp, samplePatch>(context);
  attach<SampleLabelsOp, sampleLabels>(context);
  attachIntensityModels(context);
}

} // namespace segc::reference
