//===- PipelinePlanTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Planner.h"
#include "gtest/gtest.h"

using namespace segc;

/// The pipeline of a network of two regions and an ignore label.
static DataPipeline regionsPipeline() {
  Fingerprint fingerprint;
  fingerprint.dataset = "Brain";
  fingerprint.channelNames = {"T1"};
  fingerprint.classNames = {"background", "whole", "core"};
  fingerprint.regions = {{1, 2}, {2}};
  fingerprint.regionsClassOrder = {1, 2};
  fingerprint.ignoreLabel = 3;
  fingerprint.cases.assign(9, {{64, 64, 64}, {1, 1, 1}});
  fingerprint.intensities.resize(1);
  StatusOr<Plan> plan = planV2(fingerprint, PlannedNetwork::Plain);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  DataPipeline pipeline;
  pipeline.kind = "nnunet";
  pipeline.classNames = plan->outputNames();
  pipeline.plan = planText(*plan);
  return pipeline;
}

TEST(PipelinePlan, HasRegionsAndTheIgnoreLabel) {
  const DataPipeline pipeline = regionsPipeline();
  EXPECT_EQ(pipeline.classNames, (std::vector<std::string>{"whole", "core"}));
  StatusOr<Plan> plan = planOfPipeline(pipeline, /*channels=*/1);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->regions, (std::vector<std::vector<int64_t>>{{1, 2}, {2}}));
  EXPECT_EQ(plan->regionsClassOrder, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(plan->ignoreLabel, 3);
}

TEST(PipelinePlan, AgreesWithTheClassesOfTheModel) {
  DataPipeline pipeline = regionsPipeline();
  pipeline.classNames = {"background", "whole", "core"};
  EXPECT_EQ(planOfPipeline(pipeline, /*channels=*/1).status().message(),
            "pipeline: plan: expected 3 regions as in class_names, got 2");
}
