//===- IntensityEval.cpp - Intensities of patches -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentEval.h"
#include "PatchVoxels.h"

#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Plan/AugmentEntry.h"

#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

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

void attachIntensityModels(MLIRContext *context) {
  attach<BlurAxisOp, blurAxis>(context);
  attach<LowerResolutionOp, lowerResolution>(context);
  attach<ChannelStatisticsOp, channelStatistics>(context);
  attach<AdjustContrastOp, adjustContrast>(context);
  attach<AdjustGammaOp, adjustGamma>(context);
  attach<RetainStatisticsOp, retainStatistics>(context);
}

} // namespace segc::reference
