//===- WindowSums.cpp - Weighted sums of the values of windows ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WindowSums.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <cfloat>
#include <cstring>

using namespace segc;

/// The natural logarithm of a positive normal number, within two units in the
/// last place, without branches so that loops over it are vector instructions.
/// The polynomial is that of logf in Cephes (S. Moshier), on [sqrt(1/2),
/// sqrt(2)).
static float logarithm(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  const int32_t exponent = static_cast<int32_t>(bits - 0x3f3504f3) >> 23;
  bits -= static_cast<uint32_t>(exponent) << 23;
  float mantissa;
  std::memcpy(&mantissa, &bits, sizeof(bits));
  const float r = mantissa - 1, e = static_cast<float>(exponent);
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  const float square = r * r;
  const float low = p * r * square - 2.12194440e-4f * e - 0.5f * square;
  return r + low + 0.693359375f * e;
}

/// The inverse of the sigmoid. Next to 1 f32 has no number that is closer: what
/// is 1 counts as half the last step before it.
static float logit(float probability) {
  constexpr float half = FLT_EPSILON / 4;
  return logarithm(std::max(probability, FLT_MIN)) -
         logarithm(std::max(1 - probability, half));
}

WindowSums::WindowSums(const WindowTiling &tiling, const ScoreLayout &layout)
    : tiling(&tiling), channels(layout.channels), parts(layout.parts),
      // Softmax leaves logarithms that differ from the logits by a constant of
      // the voxel, which changes no class and no mean of probabilities.
      logits(!layout.head && layout.scores == Scores::Logits),
      sigmoid(!layout.regionLabels.empty()), extent(tiling.unitExtent()),
      slots(static_cast<size_t>(extent[0] * extent[1] * extent[2])) {
  for (float weight : tiling.axes[2].profile)
    rowWeights.insert(rowWeights.end(), static_cast<size_t>(channels), weight);
}

static uint64_t sumBytes(const WindowTiling &tiling,
                         const ScoreLayout &layout) {
  return static_cast<uint64_t>(tiling.keptUnits() * tiling.unitVoxels() *
                               layout.values()) *
         sizeof(float);
}

uint64_t WindowSums::bytes(const WindowTiling &tiling,
                           const ScoreLayout &layout) {
  const Shape3 extent = tiling.unitExtent();
  return sumBytes(tiling, layout) +
         static_cast<uint64_t>(extent[0] * extent[1] * extent[2] +
                               tiling.keptUnits()) *
             sizeof(uint32_t);
}

StatusOr<WindowSums> WindowSums::create(const WindowTiling &tiling,
                                        const ScoreLayout &layout) {
  WindowSums made(tiling, layout);
  made.freeSlots.reserve(static_cast<size_t>(tiling.keptUnits()));
  SEGC_ASSIGN_OR_RETURN(made.sums,
                        AlignedBuffer::create(sumBytes(tiling, layout),
                                              "the sums of the windows"));
  return made;
}

uint32_t &WindowSums::slotOf(int64_t z, int64_t y, int64_t unit) {
  return slots[static_cast<size_t>((z % extent[0] * extent[1] + y % extent[1]) *
                                       extent[2] +
                                   unit % extent[2])];
}

float *WindowSums::sumsOf(int64_t z, int64_t part, int64_t y,
                          int64_t unit) const {
  const int64_t slot = slots[static_cast<size_t>(
      (z % extent[0] * extent[1] + y % extent[1]) * extent[2] +
      unit % extent[2])];
  return sums.floats() +
         (slot * parts + part) * tiling->unitVoxels() * channels;
}

template <typename Function>
static void forEachUnit(const UnitBox &box, Function function) {
  for (int64_t z = box.begin[0]; z < box.end[0]; ++z)
    for (int64_t y = box.begin[1]; y < box.end[1]; ++y)
      for (int64_t unit = box.begin[2]; unit < box.end[2]; ++unit)
        function(z, y, unit);
}

void WindowSums::open(int64_t window, ThreadPool &pool) {
  std::vector<uint32_t> used;
  forEachUnit(tiling->opened(window), [&](int64_t z, int64_t y, int64_t unit) {
    uint32_t &slot = slotOf(z, y, unit);
    if (freeSlots.empty()) {
      slot = usedSlots++;
      return;
    }
    slot = freeSlots.back();
    freeSlots.pop_back();
    used.push_back(slot);
  });
  const int64_t values = parts * tiling->unitVoxels() * channels;
  pool.parallelFor(static_cast<int64_t>(used.size()), [&](int64_t i, uint32_t) {
    float *first = sums.floats() + used[static_cast<size_t>(i)] * values;
    std::fill(first, first + values, 0.0f);
  });
}

void WindowSums::release(int64_t window) {
  forEachUnit(tiling->released(window),
              [&](int64_t z, int64_t y, int64_t unit) {
                freeSlots.push_back(slotOf(z, y, unit));
              });
}

ScorePieces WindowSums::pieces() const {
  return {tiling->unitVoxels(),
          [this](int64_t plane, int64_t part, int64_t row, int64_t piece) {
            return static_cast<const float *>(sumsOf(plane, part, row, piece));
          }};
}

void WindowSums::add(const Shape3 &place, AxisFlips flips, const float *window,
                     int64_t part, ThreadPool &pool) {
  const auto &axes = tiling->axes;
  Shape3 begin, end;
  for (size_t axis = 0; axis < 3; ++axis) {
    begin[axis] = std::max<int64_t>(0, -place[axis]);
    end[axis] = std::min(axes[axis].patch, axes[axis].size - place[axis]);
  }
  auto source = [&](size_t axis, int64_t i) {
    return flips >> axis & 1 ? axes[axis].patch - 1 - i : i;
  };
  const int64_t rows = end[1] - begin[1], patchRow = axes[2].patch * channels,
                first = begin[2] * channels,
                count = (end[2] - begin[2]) * channels;
  std::vector<std::vector<float>> buffers(
      pool.workers(), std::vector<float>(static_cast<size_t>(patchRow)));
  pool.parallelFor((end[0] - begin[0]) * rows, [&](int64_t row,
                                                   uint32_t worker) {
    const int64_t z = begin[0] + row / rows, y = begin[1] + row % rows;
    const float *values =
        window + (source(0, z) * axes[1].patch + source(1, y)) * patchRow;
    float *buffer = buffers[worker].data();
    if (flips >> 2 & 1) {
      for (int64_t x = 0; x < axes[2].patch; ++x)
        std::copy_n(values + source(2, x) * channels, channels,
                    buffer + x * channels);
      values = buffer;
    }
    if (logits) {
      for (int64_t i = first; i < first + count; ++i)
        buffer[i] = sigmoid ? logit(values[i])
                            : logarithm(std::max(values[i], FLT_MIN));
      values = buffer;
    }
    const float weight = axes[0].profile[static_cast<size_t>(z)] *
                         axes[1].profile[static_cast<size_t>(y)];
    const int64_t unitVoxels = tiling->unitVoxels();
    for (int64_t x = begin[2], next; x < end[2]; x = next) {
      const int64_t unit = (place[2] + x) / unitVoxels,
                    inUnit = (place[2] + x) % unitVoxels;
      next = std::min(end[2], x + unitVoxels - inUnit);
      float *to =
          sumsOf(place[0] + z, part, place[1] + y, unit) + inUnit * channels;
      const float *from = values + x * channels,
                  *weights = rowWeights.data() + x * channels;
      for (int64_t i = 0; i < (next - x) * channels; ++i)
        to[i] += weight * weights[i] * from[i];
    }
  });
}
