//===- PlanFileTest.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/PlanFile.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Plan/Planner.h"
#include "gmock/gmock.h"

using namespace segc;
using testing::HasSubstr;

static Plan examplePlan() {
  Fingerprint fingerprint;
  fingerprint.dataset = "Liver \"CT\"";
  fingerprint.channelNames = {"CT", "noNorm"};
  fingerprint.classNames = {"background", "liver"};
  fingerprint.cases.assign(9, {{300, 512, 512}, {1.1, 0.7, 0.7}});
  fingerprint.intensities.resize(2);
  fingerprint.intensities[0] = {99.4, 100, 39.36, -1024, 3000.5, -17, 201};
  StatusOr<Plan> plan = planV2(fingerprint, PlannedNetwork::ResidualM);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

/// The error of the plan's text after a change.
template <typename F>
static std::string messageAfter(F change) {
  Json json = Json::parse(planText(examplePlan()));
  change(json);
  return parsePlan(json.dump(), "plan.json").status().message();
}

TEST(PlanFile, IsReadAsWritten) {
  const Plan plan = examplePlan();
  ASSERT_EQ(plan.configurations.size(), 3u);
  const std::string text = planText(plan);
  StatusOr<Plan> again = parsePlan(text, "plan.json");
  ASSERT_TRUE(again.ok()) << again.status().message();
  // Configurations come back in the order of their names.
  for (const PlanConfiguration &ours : plan.configurations) {
    const PlanConfiguration *theirs = again->find(ours.name);
    ASSERT_NE(theirs, nullptr);
    EXPECT_EQ(theirs->spacing, ours.spacing);
    EXPECT_EQ(theirs->topology.kernels, ours.topology.kernels);
    EXPECT_EQ(theirs->residualEncoder, true);
    EXPECT_EQ(theirs->useMask, ours.useMask);
  }
  EXPECT_EQ(again->transpose, plan.transpose);
  EXPECT_EQ(again->intensities[0].max, 3000.5);
  EXPECT_EQ(planText(*again), planText(*parsePlan(planText(*again), "again")));
}

TEST(PlanFile, HasAKeyALine) {
  const std::string text = planText(examplePlan());
  EXPECT_THAT(text, HasSubstr("\n  \"rules\": \"v2\",\n"));
  EXPECT_THAT(text,
              HasSubstr("\n    \"2d\": {\n      \"spacing\": [0.7,0.7],"));
}

TEST(PlanFile, NamesUnknownAndMissingKeys) {
  EXPECT_EQ(messageAfter([](Json &) {}), "");
  EXPECT_THAT(messageAfter([](Json &json) {
                json["configurations"]["2d"]["patsh"] = 1;
              }),
              HasSubstr("plan.json.configurations.2d: unknown key \"patsh\", "
                        "expected spacing, median_shape, patch, "));
  EXPECT_THAT(messageAfter([](Json &json) { json["colour"] = 1; }),
              HasSubstr("plan.json: unknown key \"colour\""));
  EXPECT_THAT(messageAfter([](Json &json) {
                json["configurations"]["2d"].erase("batch");
              }),
              HasSubstr("2d: field \"batch\" is missing"));
}

TEST(PlanFile, NamesValuesOfAnotherType) {
  EXPECT_THAT(messageAfter([](Json &json) {
                json["configurations"]["2d"]["patch"] = {256, 2.5};
              }),
              HasSubstr("field \"patch\": expected a list of which each "
                        "element is an integer, found [256,2.5]"));
  EXPECT_THAT(messageAfter([](Json &json) { json["transpose"] = {0, 1}; }),
              HasSubstr("expected a list of 3 integers, found [0,1]"));
  EXPECT_THAT(messageAfter([](Json &json) { json["intensities"] = 3; }),
              HasSubstr("intensities: expected a list, found number"));
  EXPECT_THAT(messageAfter([](Json &json) { json["configurations"] = "2d"; }),
              HasSubstr("configurations: expected an object, found string"));
  EXPECT_THAT(messageAfter([](Json &json) { json["rules"] = "v3"; }),
              HasSubstr("expected \"example\", \"v2\" or \"mlperf\", found "
                        "\"v3\""));
  EXPECT_THAT(messageAfter([](Json &json) { json["version"] = 2; }),
              HasSubstr("plan of version 2, expected 1"));
  EXPECT_THAT(parsePlan("[]", "plan.json").status().message(),
              HasSubstr("expected an object, found array"));
}

// An edited plan is verified as a planned one is.
TEST(PlanFile, IsVerified) {
  EXPECT_THAT(messageAfter([](Json &json) {
                json["configurations"]["2d"]["patch"][0] = 500;
              }),
              HasSubstr("plan.json: configuration 2d: patch: axis 0: expected "
                        "a multiple of"));
  EXPECT_THAT(messageAfter([](Json &json) {
                Json &plan = json["configurations"]["2d"];
                plan["strides"] = std::vector<std::vector<int64_t>>(70, {2, 2});
              }),
              HasSubstr("strides: expected 1 to 16 levels, got 70"));
  // Cases would be padded to it.
  EXPECT_THAT(messageAfter([](Json &json) {
                json["configurations"]["2d"]["patch"][0] = 1 << 22;
              }),
              HasSubstr("patch: expected sizes of at most 65536"));
}

// By other numbers no voxel stays finite, or all have one value.
TEST(PlanFile, HasNumbersToNormalizeBy) {
  auto after = [](const char *key, double value) {
    return messageAfter(
        [&](Json &json) { json["intensities"][0][key] = value; });
  };
  EXPECT_THAT(after("std", -76.9),
              HasSubstr("plan.json: plan: intensities 0: std: expected 0 or a "
                        "number of 1e-30 to 1e30, got -76.9"));
  EXPECT_THAT(after("std", 1e-300), HasSubstr("std: expected 0 or a number"));
  EXPECT_THAT(after("mean", 1e300), HasSubstr("mean: expected a number"));
  EXPECT_THAT(after("upper_clip", -79),
              HasSubstr("upper_clip: expected a number of at least lower_clip, "
                        "-17, got -79"));
  EXPECT_THAT(messageAfter([](Json &json) {
                json["rules"] = "example";
                json["intensities"][0]["std"] = 0;
              }),
              HasSubstr("std: expected a number above 0, by which the "
                        "normalization ct divides, got 0"));
}

// Plans from before have no length: an epoch shows each case once.
TEST(PlanFile, SaysHowLongAnEpochIs) {
  Json json = Json::parse(planText(examplePlan()));
  EXPECT_EQ(json["steps_per_epoch"], 250);
  json["steps_per_epoch"] = 40;
  StatusOr<Plan> plan = parsePlan(json.dump(), "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->stepsPerEpoch, 40);
  json.erase("steps_per_epoch");
  plan = parsePlan(json.dump(), "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_FALSE(plan->stepsPerEpoch);
  EXPECT_THAT(messageAfter([](Json &edited) { edited["steps_per_epoch"] = 0; }),
              HasSubstr("steps_per_epoch: expected 1 to 1000000, got 0"));
}

TEST(PlanFile, HasRegionsAndAnIgnoreLabel) {
  Json json = Json::parse(planText(examplePlan()));
  // Plans from before have no frame: their volumes are taken as stored.
  json.erase("orientation");
  StatusOr<Plan> plan = parsePlan(json.dump(), "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->frame, AxisFrame::File);
  EXPECT_TRUE(plan->regions.empty());
  EXPECT_FALSE(plan->ignoreLabel);
  const size_t classes = plan->classNames.size() - 1;
  json["orientation"] = "RAS";
  json["regions"] = std::vector<std::vector<int64_t>>(classes, {1, 4});
  json["regions_class_order"] = std::vector<int64_t>(classes, 4);
  json["ignore_label"] = 5;
  plan = parsePlan(json.dump(), "plan.json");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->frame, AxisFrame::Ras);
  EXPECT_EQ(plan->labelValues(), 6);
  plan = parsePlan(planText(*plan), "again");
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->regions.size(), classes);
  EXPECT_EQ(plan->ignoreLabel, 5);
  EXPECT_EQ(plan->frame, AxisFrame::Ras);

  auto refusal = [&](const char *key, const Json &value) {
    Json other = json;
    other[key] = value;
    return parsePlan(other.dump(), "plan.json").status().message();
  };
  EXPECT_THAT(refusal("ignore_label", 4),
              HasSubstr("ignore_label: expected a value above those of all "
                        "classes, at least 5, got 4"));
  EXPECT_THAT(refusal("ignore_label", 256),
              HasSubstr("expected values from 1 to 255, got 256"));
  EXPECT_THAT(
      refusal("regions", std::vector<std::vector<int64_t>>(classes + 1, {1})),
      HasSubstr("regions: expected " + std::to_string(classes) +
                " values, got " + std::to_string(classes + 1)));
  EXPECT_THAT(
      refusal("regions", std::vector<std::vector<int64_t>>(classes, {0})),
      HasSubstr("expected values from 1 to 255, got 0"));
  EXPECT_THAT(refusal("regions", std::vector<std::vector<int64_t>>(
                                     classes, std::vector<int64_t>())),
              HasSubstr("expected label values, got none"));
  EXPECT_THAT(refusal("regions_class_order", Json::array()),
              HasSubstr("regions_class_order: expected " +
                        std::to_string(classes) + " values, got 0"));
  EXPECT_THAT(refusal("orientation", "LPS"),
              HasSubstr("expected \"RAS\" or \"file\", found \"LPS\""));
}

/// The plans that nnU-Net 2.8.1 wrote for the made-up liver data set of
/// bench/peers/record_plans.py.
static Json nnunetPlans() {
  StatusOr<std::string> text = readFile(
      SEGC_SOURCE_DIR "/unittests/Plan/golden/nnUNetResEncUNetMPlans.json");
  EXPECT_TRUE(text.ok()) << text.status().message();
  return Json::parse(text.ok() ? *text : "{}");
}

static StatusOr<Plan> parsedPlans(const Json &json) {
  return parseNnunetPlans(json.dump(), "plans.json", {"CT"},
                          {"background", "liver", "tumour"});
}

TEST(NnunetPlans, AreRead) {
  StatusOr<Plan> plan = parsedPlans(nnunetPlans());
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->dataset, "Dataset003_Liver");
  EXPECT_EQ(plan->stepsPerEpoch, 250);
  EXPECT_EQ(plan->intensities[0].upperClip, 197);
  EXPECT_EQ(plan->intensities[0].std, 37.14);
  // The cascade is left out.
  ASSERT_EQ(plan->configurations.size(), 3u);
  const PlanConfiguration *fullres = plan->find("3d_fullres");
  ASSERT_NE(fullres, nullptr);
  EXPECT_THAT(fullres->patch, testing::ElementsAre(128, 128, 128));
  EXPECT_THAT(fullres->encoderBlocks, testing::ElementsAre(1, 3, 4, 6, 6, 6));
  EXPECT_TRUE(fullres->residualEncoder);
  EXPECT_TRUE(fullres->batchDice);
  EXPECT_EQ(fullres->normalization[0], "ct");
}

// Theirs counts the levels of the decoder from below.
TEST(NnunetPlans, CountLevelsFromAbove) {
  Json json = nnunetPlans();
  json["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]
      ["n_conv_per_stage_decoder"] = {5, 4, 3, 2, 1};
  StatusOr<Plan> plan = parsedPlans(json);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_THAT(plan->find("3d_fullres")->decoderBlocks,
              testing::ElementsAre(1, 2, 3, 4, 5));
}

TEST(NnunetPlans, InheritConfigurations) {
  Json json = nnunetPlans();
  json["configurations"]["large"] = {{"inherits_from", "3d_fullres"},
                                     {"batch_size", 9}};
  StatusOr<Plan> plan = parsedPlans(json);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->find("large")->batch, 9);
  EXPECT_EQ(plan->find("large")->patch, plan->find("3d_fullres")->patch);
  json["configurations"]["large"]["inherits_from"] = "large";
  EXPECT_THAT(parsedPlans(json).status().message(),
              HasSubstr("\"large\" inherits from itself"));
  json["configurations"]["large"]["inherits_from"] = "huge";
  EXPECT_THAT(parsedPlans(json).status().message(),
              HasSubstr("inherits_from \"huge\", which is missing"));
}

TEST(NnunetPlans, NameWhatIsNotSupported) {
  Json json = nnunetPlans();
  json["configurations"]["2d"]["architecture"]["network_class_name"] =
      "a.SwinUNETR";
  EXPECT_THAT(parsedPlans(json).status().message(),
              HasSubstr("network \"a.SwinUNETR\", expected PlainConvUNet or "
                        "ResidualEncoderUNet"));
  auto refusal = [](const char *key, const Json &value) {
    Json other = nnunetPlans();
    other["configurations"]["2d"]["architecture"]["arch_kwargs"][key] = value;
    return parsedPlans(other).status().message();
  };
  EXPECT_EQ(refusal("block", "a.BasicBlockD"), "");
  EXPECT_EQ(refusal("stem_channels", 32), "");
  EXPECT_THAT(refusal("block", "a.BottleneckD"),
              HasSubstr("plans.json.configurations.2d: network with block "
                        "\"BottleneckD\", expected \"BasicBlockD\""));
  EXPECT_THAT(refusal("stem_channels", 16),
              HasSubstr("stem_channels 16, expected 32"));
  EXPECT_THAT(refusal("conv_bias", false),
              HasSubstr("conv_bias false, expected true"));
  EXPECT_THAT(refusal("norm_op", "torch.nn.BatchNorm2d"),
              HasSubstr("norm_op \"BatchNorm2d\", expected "
                        "\"InstanceNorm2d\""));
  EXPECT_THAT(refusal("norm_op_kwargs", {{"eps", 1e-3}}),
              HasSubstr("norm_op_kwargs.eps 0.001, expected 1e-05"));
  EXPECT_THAT(refusal("dropout_op", "torch.nn.Dropout2d"),
              HasSubstr("dropout_op \"torch.nn.Dropout2d\", expected null"));
  EXPECT_THAT(refusal("nonlin", 3), HasSubstr("nonlin 3, expected"));
  json = nnunetPlans();
  json["configurations"]["2d"]["normalization_schemes"][0] = "MyNormalization";
  EXPECT_THAT(parsedPlans(json).status().message(),
              HasSubstr("MyNormalization"));
  EXPECT_THAT(parsedPlans(Json::array()).status().message(),
              HasSubstr("expected an object, found array"));
  json = nnunetPlans();
  json["configurations"]["2d"].erase("patch_size");
  EXPECT_THAT(parsedPlans(json).status().message(),
              HasSubstr("2d: field \"patch\": expected a list"));
}
