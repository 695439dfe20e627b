//===- ValueRangesTest.cpp - Scales of 8-bit integers ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/ValueRanges.h"
#include "segc/Base/Random.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <vector>

using namespace segc;

using Quantization = MagnitudeHistogram::Quantization;

/// The relative root mean square error of quantizing the values.
static double errorOf(const std::vector<float> &values, double scale) {
  double error = 0, energy = 0;
  for (double value : values) {
    const double stored =
        std::min(std::nearbyint(std::fabs(value) / scale), 127.0) * scale;
    error += std::pow(std::fabs(value) - stored, 2);
    energy += value * value;
  }
  return std::sqrt(error / energy);
}

static Quantization quantizationOf(const std::vector<float> &values) {
  MagnitudeHistogram histogram;
  histogram.add(values.data(), values.size());
  return histogram.quantization();
}

static std::vector<float> normalValues(size_t count) {
  const CounterRng draws(/*seed=*/3, /*stream=*/0);
  constexpr uint64_t terms = 12; // of variance 1/12 each
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    for (uint64_t k = 0; k < terms; ++k)
      values[i] += draws.uniform(i * terms + k) - 0.5f;
  return values;
}

namespace {

// The bins say what the values do, within a few per cent.
TEST(MagnitudeHistogram, FindsTheScaleWithTheLeastError) {
  const std::vector<float> values = normalValues(1 << 16);
  const Quantization found = quantizationOf(values);
  EXPECT_NEAR(found.error, errorOf(values, found.scale), 0.05 * found.error);
  for (double other : {0.25, 0.5, 0.8, 1.25, 2.0, 4.0})
    EXPECT_GT(errorOf(values, other * found.scale), 0.98 * found.error)
        << other;
  EXPECT_GT(found.error, 5e-3);
  EXPECT_LT(found.error, 1.2e-2);
}

TEST(MagnitudeHistogram, ClipsOutliersOfLittleWeight) {
  std::vector<float> values = normalValues(1 << 18);
  values[5] = -15;
  const Quantization found = quantizationOf(values);
  EXPECT_LT(127 * found.scale, 10);
  EXPECT_LT(found.error, 0.8 * errorOf(values, 15.0 / 127));
}

TEST(MagnitudeHistogram, HasNoScaleWithoutNumbers) {
  EXPECT_EQ(quantizationOf({}).scale, 0);
  EXPECT_EQ(quantizationOf({0, -0.0f, 0}).scale, 0);
  for (float wrong : {std::numeric_limits<float>::infinity(),
                      std::numeric_limits<float>::quiet_NaN()})
    EXPECT_EQ(quantizationOf({1, wrong, 2}).scale, 0);
  // The largest numbers and subnormal ones have one.
  EXPECT_GT(quantizationOf({3e38f}).scale, 2e36);
  EXPECT_GT(quantizationOf({1e-40f, 3e-39f}).scale, 0);
}

TEST(ValueRanges, CountsWhatPredictWrites) {
  const std::vector<float> values = normalValues(1000);
  const std::vector<uint16_t> halves(10);
  const void *outputs[] = {values.data(), halves.data()};
  const uint64_t elements[] = {values.size(), halves.size()};
  const uint8_t types[] = {SEGC_F32, SEGC_F16};
  segc_kernel_event event = {};
  event.struct_size = sizeof(event);
  event.index = 4;
  event.entry = "predict";
  event.op = "seg.relu loc(\"n.mlir\":3:4)";
  event.output_count = 2;
  event.outputs = outputs;
  event.output_elements = elements;
  event.output_types = types;
  ValueRanges ranges;
  EXPECT_FALSE(ranges.end(event));
  event.entry = "evaluate_step";
  EXPECT_FALSE(ranges.end(event));
  const Json list = ranges.toJson();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["index"], 4);
  EXPECT_EQ(list[0]["output"], 0);
  EXPECT_EQ(list[0]["elements"], 1000);
  EXPECT_EQ(list[0]["op"], event.op);
  EXPECT_EQ(list[0]["scale"], quantizationOf(values).scale);
}

} // namespace
