//===- Resampler.cpp - Separable sums of voxels, row by row ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Resampler.h"

#include <algorithm>

using namespace segc;

/// Whether the places that have a weight are one run of the source, each of
/// weight 1.
static bool isRun(const AxisTaps &taps, int64_t &start) {
  start = 0;
  bool any = false;
  for (int64_t i = 0; i < taps.size; ++i) {
    if (!taps.has(0, i))
      continue;
    if (!any)
      start = i;
    any = true;
    if (taps.weight(0, i) != 1 ||
        taps.place(0, i) != taps.place(0, start) + i - start)
      return false;
  }
  return taps.count == 1;
}

void Resampler::prepare(const ChannelView &source,
                        const std::vector<AxisTaps> &taps) {
  rows = taps[1].range();
  columns = taps[2].range();
  const int64_t width = paddedRow(columns.second - columns.first);
  copiesRow = taps[2].filter.empty() && isRun(taps[2], rowStart);
  // A filter reads its margin and whole blocks.
  rowSum.assign(static_cast<size_t>(width + taps[2].padded + 2 * taps[2].count +
                                    rowBlock),
                0);
  result.assign(static_cast<size_t>(taps[2].padded), 0);
  planeStride = source.stride[1];
  planeStep = source.stride[2];
  if (taps[0].count > 1) {
    planeStride = width;
    planeStep = 1;
    planeSum.assign(static_cast<size_t>((rows.second - rows.first) * width), 0);
  }
  places = taps[2].places;
  for (size_t i = 0; i < places.size(); ++i)
    places[i] = taps[2].weights[i] != 0
                    ? places[i] - static_cast<int32_t>(columns.first)
                    : 0;
}

bool Resampler::collect(const AxisTaps &taps, int64_t place, const float *first,
                        int64_t stride) {
  tapRows.clear();
  tapWeights.clear();
  for (int64_t tap = 0; tap < taps.count; ++tap)
    if (taps.has(tap, place)) {
      tapRows.push_back(first + taps.place(tap, place) * stride);
      tapWeights.push_back(taps.weight(tap, place));
    }
  return !tapRows.empty();
}

void Resampler::sumPlanes(const ChannelView &source, const AxisTaps &taps,
                          int64_t z) {
  plane = nullptr;
  const float *corner = source.data + rows.first * source.stride[1] +
                        columns.first * source.stride[2];
  if (rows.second == 0 || columns.second == 0)
    return;
  if (taps.count == 1) {
    if (taps.has(0, z))
      plane = corner + taps.place(0, z) * source.stride[0];
    return;
  }
  for (int64_t y = 0; y < rows.second - rows.first; ++y) {
    if (!collect(taps, z, corner + y * source.stride[1], source.stride[0]))
      return;
    kernels.weighRows(tapRows.data(), tapWeights.data(),
                      static_cast<int64_t>(tapRows.size()), source.stride[2],
                      columns.second - columns.first,
                      planeSum.data() + y * planeStride);
  }
  plane = planeSum.data();
}

void Resampler::makeRow(const std::vector<AxisTaps> &taps, int64_t y) {
  const AxisTaps &x = taps[2];
  if (!plane ||
      !collect(taps[1], y, plane - rows.first * planeStride, planeStride)) {
    std::fill(result.begin(), result.end(), 0.0f);
    return;
  }
  const int64_t width = columns.second - columns.first;
  const auto count = static_cast<int64_t>(tapRows.size());
  if (copiesRow) {
    std::fill_n(result.begin(), rowStart, 0.0f);
    std::fill(result.begin() + rowStart + width, result.end(), 0.0f);
    kernels.weighRows(tapRows.data(), tapWeights.data(), count, planeStep,
                      width, result.data() + rowStart);
    return;
  }
  const int64_t margin = x.filter.empty() ? 0 : x.count / 2;
  float *sum = rowSum.data() + margin;
  kernels.weighRows(tapRows.data(), tapWeights.data(), count, planeStep, width,
                    sum);
  if (x.filter.empty()) {
    kernels.gatherRow(sum, places.data(), x.weights.data(), x.count, x.size,
                      result.data());
    return;
  }
  for (int64_t i = 1; i <= margin; ++i) {
    sum[-i] = sum[mirrored(-i, width)];
    sum[width - 1 + i] = sum[mirrored(width - 1 + i, width)];
  }
  kernels.filterRow(rowSum.data(), x.filter.data(), x.count, x.size,
                    result.data());
}
