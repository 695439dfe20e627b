//===- UNet3DOptionsTest.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/NetworkOptions.h"
#include "segc/Plan/Planner.h"
#include "gmock/gmock.h"

using namespace segc;
using testing::HasSubstr;

// A plan by the rules of MLPerf gives the published network, which others
// refuse.
TEST(UNet3DOptions, PlansOfMlperfAreTheBenchmark) {
  Fingerprint fingerprint;
  fingerprint.channelNames = {"CT"};
  fingerprint.classNames = {"background", "kidney", "tumor"};
  fingerprint.cases = {{{50, 200, 200}, {3, 1, 1}}};
  fingerprint.intensities.resize(1);
  const StatusOr<Plan> plan = planMlperf(fingerprint);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  StatusOr<UNet3DOptions> options = UNet3DOptions::forPlan(*plan, "");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_TRUE(validate(*options).ok());
  const UNet3DOptions published;
  EXPECT_EQ(options->patch, published.patch);
  EXPECT_EQ(options->filters, published.filters);
  EXPECT_EQ(options->classes, published.classes);
  EXPECT_EQ(options->channels, published.channels);
  EXPECT_EQ(options->batch, published.batch);
  EXPECT_TRUE(options->plan.has_value());
  EXPECT_THAT(NNUNetOptions::forPlan(*plan, "").status().message(),
              HasSubstr("plan: the rules \"mlperf\", expected"));
  const StatusOr<Plan> other = planV2(fingerprint);
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_THAT(UNet3DOptions::forPlan(*other, "").status().message(),
              HasSubstr("plan: the rules \"v2\", expected \"mlperf\""));
}
