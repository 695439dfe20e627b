//===- ValueRanges.cpp - How large the values of a model are --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/ValueRanges.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace segc;

/// The bin of a magnitude is its exponent and the first bits of its mantissa.
static constexpr unsigned dropped = 19;
static constexpr double largest = 127;

static uint32_t bitsOf(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits & 0x7fffffffu;
}

/// The magnitude at which a bin begins.
static double beginOf(size_t bin) {
  const auto bits = static_cast<uint32_t>(bin << dropped);
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

void MagnitudeHistogram::add(const float *values, uint64_t count,
                             uint64_t stride) {
  for (uint64_t i = 0; i < count; i += stride)
    ++bins[bitsOf(values[i]) >> dropped];
}

/// The mean square error of quantizing values that are uniform in [begin, end).
static double squareError(double begin, double end, double scale) {
  const double clip = largest * scale;
  // Where several steps lie in the bin, the error is uniform in a step.
  if (end <= clip && end - begin > scale)
    return scale * scale / 12;
  constexpr int samples = 8;
  double sum = 0;
  for (int i = 0; i < samples; ++i) {
    const double value = begin + (end - begin) * (i + 0.5) / samples;
    const double stored =
        std::min(std::nearbyint(value / scale), largest) * scale;
    sum += (value - stored) * (value - stored);
  }
  return sum / samples;
}

MagnitudeHistogram::Quantization MagnitudeHistogram::quantization() const {
  // Exponents of infinity and NaN.
  constexpr size_t infinity = size_t{0xff} << (23 - dropped);
  const auto isCounted = [](uint64_t n) { return n != 0; };
  if (std::any_of(bins.begin() + infinity, bins.end(), isCounted))
    return {};
  size_t last = infinity;
  while (last > 0 && bins[last - 1] == 0)
    --last;
  if (last <= 1) // Zeros, and what is as small.
    return {};
  double energy = 0;
  for (size_t bin = 1; bin < last; ++bin) {
    const double middle = (beginOf(bin) + beginOf(bin + 1)) / 2;
    energy += static_cast<double>(bins[bin]) * middle * middle;
  }
  Quantization best;
  double least = std::numeric_limits<double>::infinity();
  // Clipping ends values of the last bins, down to a 64th of the largest.
  constexpr size_t octaves = 6, binsOfOctave = size_t{1} << (23 - dropped);
  const size_t smallest =
      last > octaves * binsOfOctave ? last - octaves * binsOfOctave : 1;
  for (size_t clip = last; clip > smallest; --clip) {
    const double scale = beginOf(clip) / largest;
    double sum = 0;
    for (size_t bin = 1; bin < last && sum < least; ++bin)
      if (bins[bin] != 0)
        sum += static_cast<double>(bins[bin]) *
               squareError(beginOf(bin), beginOf(bin + 1), scale);
    if (sum < least) {
      least = sum;
      best.scale = scale;
    }
  }
  best.error = std::sqrt(least / energy);
  return best;
}

bool ValueRanges::end(const segc_kernel_event &event) {
  if (std::strcmp(event.entry, "predict") != 0)
    return false;
  for (uint32_t i = 0; i < event.output_count; ++i) {
    if (event.output_types[i] != SEGC_F32 || !event.outputs[i])
      continue;
    Output &output = outputs[{event.index, i}];
    const uint64_t count = event.output_elements[i];
    output.op = event.op ? event.op : "";
    output.elements = std::max(output.elements, count);
    // An odd stride meets all channels.
    constexpr uint64_t most = uint64_t{1} << 20;
    output.histogram.add(static_cast<const float *>(event.outputs[i]), count,
                         (count / most) | 1);
  }
  return false;
}

Json ValueRanges::toJson() const {
  Json list = Json::array();
  for (const auto &[place, output] : outputs) {
    const MagnitudeHistogram::Quantization found =
        output.histogram.quantization();
    list.push_back({{"index", place.first},
                    {"output", place.second},
                    {"op", output.op},
                    {"elements", output.elements},
                    {"scale", found.scale},
                    {"error", found.error}});
  }
  return list;
}
