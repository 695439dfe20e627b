//===- AugmentEval.cpp - Augmentation of patches --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentEval.h"
#include "ReferenceModels.h"

#include "segc/Base/Random.h"
#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Plan/AugmentEntry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

using Place = std::array<int64_t, 3>;
/// Places of an axis with weights.
using Taps = SmallVector<std::pair<int64_t, double>, 4>;

/// Extents in depth, height and width of samples with these dimensions.
static Place extentsOf(ArrayRef<int64_t> spatial) {
  Place size = {1, 1, 1};
  std::copy_backward(spatial.begin(), spatial.end(), size.end());
  return size;
}
static Place imageExtents(const HostTensor &image) {
  return extentsOf(image.shape().drop_front().drop_back());
}

/// The numbers of one sample, or of one channel of a sample.
static ArrayRef<double> numbersOf(const HostTensor &tensor, int64_t row) {
  return tensor.values().slice(row * tensor.channels(), tensor.channels());
}

/// Visits all voxels, with the sample and the number of the voxel among all.
template <typename F>
static void forEachVoxel(int64_t samples, Place size, F &&visit) {
  int64_t voxel = 0;
  for (int64_t sample = 0; sample < samples; ++sample)
    for (int64_t z = 0; z < size[0]; ++z)
      for (int64_t y = 0; y < size[1]; ++y)
        for (int64_t x = 0; x < size[2]; ++x)
          visit(sample, Place{z, y, x}, voxel++);
}

/// Visits all elements of an image, with the number of sample and channel, the
/// sample and the number of the element.
template <typename F>
static void forEachElement(const HostTensor &image, F &&visit) {
  int64_t channels = image.channels();
  forEachVoxel(image.shape()[0], imageExtents(image),
               [&](int64_t sample, Place at, int64_t voxel) {
                 for (int64_t c = 0; c < channels; ++c)
                   visit(sample * channels + c, sample, at,
                         voxel * channels + c);
               });
}

/// The element of a channel at a place; `row` numbers sample and channel.
static double elementAt(const HostTensor &image, int64_t row, Place at) {
  Place size = imageExtents(image);
  int64_t channels = image.channels(), sample = row / channels;
  int64_t voxel =
      ((sample * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2];
  return image[voxel * channels + row % channels];
}

/// Adds up an image, tap by tap of three axes.
static double sumTaps(const HostTensor &image, int64_t row,
                      const std::array<Taps, 3> &taps) {
  double sum = 0;
  for (auto [z, wz] : taps[0])
    for (auto [y, wy] : taps[1])
      for (auto [x, wx] : taps[2])
        sum += wz * wy * wx * elementAt(image, row, {z, y, x});
  return sum;
}

//===----------------------------------------------------------------------===//
// Sampling
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Neighbours
//===----------------------------------------------------------------------===//

/// The place of a line whose ends are mirrors.
static int64_t reflected(int64_t place, int64_t size) {
  if (size == 1)
    return 0;
  while (place < 0 || place >= size)
    place = place < 0 ? -place : 2 * (size - 1) - place;
  return place;
}

static void blurAxis(BlurAxisOp op, Operands operands, Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1];
  Place size = imageExtents(image);
  size_t axis = op.getAxis();
  forEachElement(image, [&](int64_t row, int64_t, Place at, int64_t element) {
    ArrayRef<double> drawn = numbersOf(intensities, row);
    double sigma = drawn[augment::BlurSigma + axis];
    auto radius = static_cast<int64_t>(drawn[augment::BlurRadius + axis]);
    double sum = 0, weights = 0;
    for (int64_t tap = -radius; radius > 0 && tap <= radius; ++tap) {
      double distance = static_cast<double>(tap) / sigma,
             weight = std::exp(-0.5 * distance * distance);
      Place place = at;
      place[axis] = reflected(at[axis] + tap, size[axis]);
      sum += weight * elementAt(image, row, place);
      weights += weight;
    }
    results[0][element] = radius > 0 ? sum / weights : image[element];
  });
}

/// The grid point of the coarser grid at or before the place, that after it,
/// as places of the fine grid.
static Taps reducedTaps(double number, int64_t i, int64_t size) {
  int64_t reduced = std::clamp<int64_t>(static_cast<int64_t>(number), 1, size);
  double position = std::max(0.0, (static_cast<double>(i) + 0.5) *
                                          static_cast<double>(reduced) /
                                          static_cast<double>(size) -
                                      0.5);
  auto first = static_cast<int64_t>(position);
  double behind = position - static_cast<double>(first);
  auto fine = [&](int64_t point) {
    return (2 * std::min(point, reduced - 1) + 1) * size / (2 * reduced);
  };
  return {{fine(first), 1 - behind}, {fine(first + 1), behind}};
}

static void lowerResolution(LowerResolutionOp, Operands operands,
                            Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1];
  Place size = imageExtents(image);
  forEachElement(image, [&](int64_t row, int64_t, Place at, int64_t element) {
    std::array<Taps, 3> taps;
    for (size_t axis = 0; axis < 3; ++axis)
      taps[axis] = reducedTaps(
          numbersOf(intensities, row)[augment::LowResolutionExtent + axis],
          at[axis], size[axis]);
    results[0][element] = sumTaps(image, row, taps);
  });
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

/// The number of a channel that says how a step changes it.
static double drawnFor(IntensityStep step, ArrayRef<double> drawn) {
  switch (step) {
  case IntensityStep::contrast:
    return drawn[augment::Contrast];
  case IntensityStep::inverted_gamma:
    return drawn[augment::InvertedGamma];
  case IntensityStep::gamma:
    return drawn[augment::Gamma];
  }
  llvm_unreachable("expects a step");
}
static bool isDrawn(IntensityStep step, ArrayRef<double> drawn) {
  double number = drawnFor(step, drawn);
  return step == IntensityStep::contrast ? number != 1 : number > 0;
}

static void channelStatistics(ChannelStatisticsOp op, Operands operands,
                              Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1];
  int64_t channels = image.channels(), rows = image.shape()[0] * channels,
          voxels = image.size() / rows;
  for (int64_t row = 0; row < rows; ++row) {
    if (!isDrawn(op.getStep(), numbersOf(intensities, row)))
      continue;
    std::vector<double> values;
    for (int64_t voxel = 0; voxel < voxels; ++voxel)
      values.push_back(
          image[(row / channels * voxels + voxel) * channels + row % channels]);
    double mean = 0, squares = 0;
    for (double value : values)
      mean += value / static_cast<double>(voxels);
    for (double value : values)
      squares += (value - mean) * (value - mean);
    auto result = results[0].values().slice(row * statistic::count);
    result[statistic::mean] = mean;
    result[statistic::deviation] = std::sqrt(
        squares / static_cast<double>(std::max<int64_t>(voxels - 1, 1)));
    result[statistic::low] = *std::min_element(values.begin(), values.end());
    result[statistic::high] = *std::max_element(values.begin(), values.end());
  }
}

static void adjustContrast(AdjustContrastOp, Operands operands,
                           Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1],
                   &statistics = *operands[2];
  forEachElement(image, [&](int64_t row, int64_t, Place, int64_t element) {
    ArrayRef<double> drawn = numbersOf(intensities, row),
                     known = numbersOf(statistics, row);
    auto brightened = [&](double value) {
      return value * drawn[augment::Scale] + drawn[augment::Shift];
    };
    double value = brightened(image[element]);
    if (isDrawn(IntensityStep::contrast, drawn)) {
      double mean = brightened(known[statistic::mean]),
             a = brightened(known[statistic::low]),
             b = brightened(known[statistic::high]);
      value = mean + (value - mean) * drawn[augment::Contrast];
      value = std::min(std::max(value, std::min(a, b)), std::max(a, b));
    }
    results[0][element] = value;
  });
}

static void adjustGamma(AdjustGammaOp op, Operands operands, Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1],
                   &statistics = *operands[2];
  bool inverted = op.getStep() == IntensityStep::inverted_gamma;
  forEachElement(image, [&](int64_t row, int64_t, Place, int64_t element) {
    ArrayRef<double> drawn = numbersOf(intensities, row),
                     known = numbersOf(statistics, row);
    double value = image[element];
    if (isDrawn(op.getStep(), drawn)) {
      double range = known[statistic::high] - known[statistic::low],
             low = inverted ? -known[statistic::high] : known[statistic::low],
             part = ((inverted ? -value : value) - low) / std::max(range, 1e-7);
      // Powers of less than the smallest normal number are 0.
      value = low + (part >= 0x1p-126
                         ? std::pow(part, drawnFor(op.getStep(), drawn)) * range
                         : 0);
    }
    results[0][element] = value;
  });
}

static void retainStatistics(RetainStatisticsOp op, Operands operands,
                             Results results) {
  const HostTensor &image = *operands[0], &intensities = *operands[1];
  double sign = op.getStep() == IntensityStep::inverted_gamma ? -1 : 1;
  forEachElement(image, [&](int64_t row, int64_t, Place, int64_t element) {
    ArrayRef<double> drawn = numbersOf(intensities, row),
                     before = numbersOf(*operands[2], row),
                     after = numbersOf(*operands[3], row);
    double value = image[element];
    if (isDrawn(op.getStep(), drawn)) {
      double factor = sign * before[statistic::deviation] /
                      std::max(after[statistic::deviation], 1e-7);
      value =
          before[statistic::mean] + (value - after[statistic::mean]) * factor;
    }
    bool masks = op.getLabels() && drawn[augment::Masked] > 0.5 &&
                 operands[4]->integers()[element / image.channels()] < 0;
    results[0][element] = masks ? 0 : value;
  });
}

void attachAugmentModels(MLIRContext *context) {
  attach<SamplePatchOp, samplePatch>(context);
  attach<SampleLabelsOp, sampleLabels>(context);
  attach<BlurAxisOp, blurAxis>(context);
  attach<LowerResolutionOp, lowerResolution>(context);
  attach<ChannelStatisticsOp, channelStatistics>(context);
  attach<AdjustContrastOp, adjustContrast>(context);
  attach<AdjustGammaOp, adjustGamma>(context);
  attach<RetainStatisticsOp, retainStatistics>(context);
}

} // namespace segc::reference
