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

// A network without a plan is prepared for by the rules of its kind.
TEST(PipelinePlan, HasTheRulesOfMlperf) {
  DataPipeline pipeline;
  pipeline.kind = "kits19";
  pipeline.classNames = {"background", "kidney", "tumor"};
  pipeline.patch = {64, 64, 64};
  pipeline.spacing = {1.6, 1.2, 1.2};
  pipeline.modality = "CT";
  pipeline.clip = {-79, 304};
  pipeline.mean = 101;
  pipeline.deviation = 76.9;
  EXPECT_TRUE(isPlanned(pipeline));
  StatusOr<Plan> plan = planOfPipeline(pipeline, /*channels=*/1);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->rules, PlanRules::Mlperf);
  EXPECT_EQ(plan->configurations[0].normalization[0], "ct");
  EXPECT_EQ(plan->intensities[0].std, 76.9);
  pipeline.kind = "nnunet";
  EXPECT_EQ(planOfPipeline(pipeline, /*channels=*/1)->rules,
            PlanRules::Example);
}

TEST(PipelinePlan, RefusesPlansOfOtherNetworks) {
  EXPECT_TRUE(checkRules(PlanRules::Mlperf, "kits19", "plan").ok());
  EXPECT_TRUE(checkRules(PlanRules::V2, "nnunet", "plan").ok());
  EXPECT_TRUE(checkRules(PlanRules::Example, "nnunet", "plan").ok());
  EXPECT_EQ(checkRules(PlanRules::Mlperf, "nnunet", "plan.json").message(),
            "plan.json: the rules \"mlperf\", expected \"example\" or \"v2\" "
            "for a network of the pipeline \"nnunet\"; `segc model unet3d "
            "--plan` builds the network of this plan");
  EXPECT_EQ(checkRules(PlanRules::V2, "kits19", "plan.json").message(),
            "plan.json: the rules \"v2\", expected \"mlperf\" for a network of "
            "the pipeline \"kits19\"; `segc model nnunet --plan` builds the "
            "network of this plan");
}
