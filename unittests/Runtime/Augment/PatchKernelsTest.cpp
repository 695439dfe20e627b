//===- PatchKernelsTest.cpp - Kernels of every processor ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PatchKernels.h"
#include "TestCases.h"
#include "segc/Runtime/Augment/PatchRenderer.h"

#include <cmath>

using namespace segc;
using namespace segc::test;

namespace {
/// Rows in scratch memory: 5 with values, three blocks long.
struct ScratchRows {
  std::vector<float> values = std::vector<float>(size_t{5} * 192);
  std::vector<const float *> rows;

  ScratchRows() {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = std::sin(static_cast<float>(i)) * 3;
    for (size_t row = 0; row < 5; ++row)
      rows.push_back(values.data() + row * 192);
  }
};
} // namespace

// Every instruction set against plain loops in doubles; the lengths end inside
// of vectors.
TEST(PatchKernels, SumsOfRows) {
  const ScratchRows scratch;
  const float weights[5] = {0.25f, -0.5f, 1.5f, 0.1f, 0.7f};
  for (const PatchKernels *kernels : allPatchKernels())
    for (int64_t n : {1, 15, 16, 17, 37, 64}) {
      SCOPED_TRACE(std::string(kernels->name) + ", " + std::to_string(n));
      std::vector<float> sums(192), strided(192), filtered(192), gathered(192);
      kernels->weighRows(scratch.rows.data(), weights, 5, 1, n, sums.data());
      kernels->weighRows(scratch.rows.data(), weights, 5, 3, n, strided.data());
      kernels->filterRow(scratch.rows[0], weights, 5, n, filtered.data());
      std::vector<int32_t> places(128);
      std::vector<float> shares(128);
      for (size_t i = 0; i < 128; ++i) {
        places[i] = static_cast<int32_t>(i * 37 % 191);
        shares[i] = static_cast<float>(i % 5) - 1;
      }
      kernels->gatherRow(scratch.rows[1], places.data(), shares.data(), 2, n,
                         gathered.data());
      for (int64_t i = 0; i < n; ++i) {
        double sum = 0, step = 0, filter = 0, gather = 0;
        for (int64_t tap = 0; tap < 5; ++tap) {
          const auto weight = static_cast<double>(weights[tap]);
          sum += weight * static_cast<double>(scratch.rows[tap][i]);
          step += weight * static_cast<double>(scratch.rows[tap][3 * i]);
          filter += weight * static_cast<double>(scratch.rows[0][i + tap]);
        }
        for (int64_t at : {i, 64 + i})
          gather += static_cast<double>(shares[at]) *
                    static_cast<double>(scratch.rows[1][places[at]]);
        ASSERT_NEAR(sums[i], sum, 1e-5);
        ASSERT_NEAR(strided[i], step, 1e-5);
        ASSERT_NEAR(filtered[i], filter, 1e-5);
        ASSERT_NEAR(gathered[i], gather, 1e-5);
      }
      EXPECT_EQ(sums[n], 0) << "written behind the row";
    }
}

TEST(PatchKernels, Intensities) {
  for (const PatchKernels *kernels : allPatchKernels()) {
    SCOPED_TRACE(kernels->name);
    ScratchRows scratch;
    std::vector<float> mapped = scratch.values, raised = scratch.values;
    kernels->mapRow(mapped.data(), 150, 1.5f, -0.25f, -2, 3);
    kernels->raiseRow(raised.data(), 150, -3, 6, 0.7f);
    ValueSums sums;
    sums.pivot = 0.5;
    kernels->measureRow(scratch.values.data(), 100, sums);
    kernels->measureRow(scratch.values.data() + 100, 41, sums);
    double sum = 0, squares = 0;
    float low = 0, high = 0;
    for (size_t i = 0; i < 141; ++i) {
      const float x = scratch.values[i];
      ASSERT_NEAR(mapped[i], std::min(std::max(x * 1.5f - 0.25f, -2.0f), 3.0f),
                  1e-6);
      ASSERT_NEAR(raised[i],
                  std::pow((static_cast<double>(x) + 3) / 6, 0.7) * 6 - 3,
                  3e-6);
      const double distance = static_cast<double>(x) - 0.5;
      sum += distance;
      squares += distance * distance;
      low = std::min(low, x);
      high = std::max(high, x);
    }
    EXPECT_EQ(sums.count, 141);
    EXPECT_NEAR(sums.sum, sum, 1e-4);
    EXPECT_NEAR(sums.squares, squares, 1e-3);
    EXPECT_EQ(sums.low, low);
    EXPECT_EQ(sums.high, high);
  }
}

// Powers of what is next to 0 and to 1.
TEST(PatchKernels, PowersAtTheEnds) {
  for (const PatchKernels *kernels : allPatchKernels())
    for (float exponent : {0.7f, 1.0f, 1.5f}) {
      std::vector<float> row(64);
      row[1] = 2e-38f;
      row[2] = 1e-20f;
      row[3] = 0x1.fffffep-1f;
      row[4] = 1;
      std::vector<float> result = row;
      kernels->raiseRow(result.data(), 5, 0, 1, exponent);
      for (size_t i = 0; i < 5; ++i)
        EXPECT_NEAR(result[i], std::pow(row[i], exponent),
                    2e-6 * static_cast<double>(std::pow(row[i], exponent)) +
                        1e-30)
            << kernels->name << " " << row[i] << "^" << exponent;
    }
}

// All kernels make the same bytes of what is drawn for patches.
TEST(PatchKernels, SameBytes) {
  const PreparedCase source = makeCase({20, 40, 50}, 2);
  for (PlanRules rules : {PlanRules::V2, PlanRules::Example}) {
    PatchOptions options;
    options.rules = rules;
    options.patch = {12, 21, 35};
    options.batch = 2;
    const auto boxes = foregroundBoxes(source);
    const auto drawer = makePatchDrawer(options);
    for (uint64_t sample = 0; sample < 40; ++sample) {
      const PatchDraw draw = drawer->draw({source, boxes}, {0, sample, true});
      std::vector<float> first;
      std::vector<int32_t> firstLabels;
      for (const PatchKernels *kernels : allPatchKernels()) {
        std::vector<float> image(size_t{2} * 12 * 21 * 35);
        std::vector<int32_t> labels(size_t{12} * 21 * 35);
        PatchRenderer renderer(options.patch, 2, {}, *kernels);
        ASSERT_OK(renderer.render(source, draw, image.data(), labels.data()));
        if (first.empty()) {
          first = image;
          firstLabels = labels;
        }
        ASSERT_EQ(image, first) << kernels->name << ", sample " << sample;
        ASSERT_EQ(labels, firstLabels) << kernels->name;
      }
    }
  }
}
