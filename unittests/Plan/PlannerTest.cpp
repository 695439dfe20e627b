//===- PlannerTest.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Planner.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Plan/Tasks.h"
#include "gmock/gmock.h"

#include <map>

using namespace segc;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

/// A fingerprint of cases of one size.
static Fingerprint fingerprintOf(std::array<int64_t, 3> shape,
                                 std::array<double, 3> spacing) {
  Fingerprint result;
  result.channelNames = {"CT"};
  result.classNames = {"background", "organ"};
  result.cases.assign(20, {shape, spacing});
  result.intensities.resize(1);
  return result;
}

static Fingerprint recordedFingerprint(const Json &recorded) {
  Fingerprint result;
  result.dataset = recorded["name"];
  result.channelNames = recorded["channels"].get<std::vector<std::string>>();
  result.intensities.resize(result.channelNames.size());
  for (int64_t i = 0; i < recorded["classes"].get<int64_t>(); ++i)
    result.classNames.push_back("class " + std::to_string(i));
  result.medianRelativeSize = recorded["relative"];
  for (const Json &entry : recorded["cases"])
    result.cases.push_back({entry[0].get<std::array<int64_t, 3>>(),
                            entry[1].get<std::array<double, 3>>()});
  return result;
}

/// The classes' names of v2 for our names of normalisations.
static std::vector<std::string>
normalizationClasses(const std::vector<std::string> &names) {
  static const std::map<std::string, std::string> classes = {
      {"ct", "CTNormalization"},
      {"nonorm", "NoNormalization"},
      {"zscore", "ZScoreNormalization"},
      {"rescale_to_0_1", "RescaleTo01Normalization"},
      {"rgb_to_0_1", "RGBTo01Normalization"}};
  std::vector<std::string> result;
  for (const std::string &name : names)
    result.push_back(classes.at(name));
  return result;
}

static void expectRecorded(const PlanConfiguration &ours,
                           const Json &recorded) {
  using Sizes = std::vector<int64_t>;
  using Levels = std::vector<Sizes>;
  EXPECT_EQ(ours.patch, recorded["patch"].get<Sizes>());
  EXPECT_EQ(ours.batch, recorded["batch"].get<int64_t>());
  EXPECT_THAT(ours.spacing,
              Pointwise(DoubleNear(1e-8),
                        recorded["spacing"].get<std::vector<double>>()));
  EXPECT_EQ(ours.medianShape,
            recorded["median_shape"].get<std::vector<double>>());
  EXPECT_EQ(ours.topology.kernels, recorded["kernels"].get<Levels>());
  EXPECT_EQ(ours.topology.strides, recorded["strides"].get<Levels>());
  EXPECT_EQ(ours.filters, recorded["filters"].get<Sizes>());
  EXPECT_EQ(ours.encoderBlocks, recorded["encoder_blocks"].get<Sizes>());
  EXPECT_EQ(ours.decoderBlocks, recorded["decoder_blocks"].get<Sizes>());
  EXPECT_EQ(ours.batchDice, recorded["batch_dice"].get<bool>());
  EXPECT_EQ(normalizationClasses(ours.normalization),
            recorded["normalization"].get<std::vector<std::string>>());
  EXPECT_EQ(ours.useMask, recorded["use_mask"].get<std::vector<bool>>());
}

// nnU-Net 2.8.1 on the hippocampus task and on made-up data sets, which
// bench/peers/record_plans.py records.
TEST(PlannerV2, PlansWhatNnunetPlans) {
  StatusOr<std::string> text =
      readFile(SEGC_SOURCE_DIR "/unittests/Plan/golden/v2-plans.json");
  ASSERT_TRUE(text.ok()) << text.status().message();
  StatusOr<Json> recorded = parseJson(*text, "v2-plans.json");
  ASSERT_TRUE(recorded.ok()) << recorded.status().message();
  std::map<std::string, Fingerprint> fingerprints;
  for (const Json &set : (*recorded)["fingerprints"])
    fingerprints[set["name"].get<std::string>()] = recordedFingerprint(set);
  ASSERT_EQ((*recorded)["plans"].size(), 24u);
  static const std::map<std::string, PlannedNetwork> networks = {
      {"plain", PlannedNetwork::Plain},
      {"M", PlannedNetwork::ResidualM},
      {"L", PlannedNetwork::ResidualL}};
  for (const Json &expected : (*recorded)["plans"]) {
    const auto set = expected["set"].get<std::string>();
    const auto network = expected["network"].get<std::string>();
    SCOPED_TRACE(set + " " + network);
    StatusOr<Plan> plan = planV2(fingerprints.at(set), networks.at(network));
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    using Axes = std::array<int64_t, 3>;
    EXPECT_EQ(plan->transpose, expected["transpose"].get<Axes>());
    EXPECT_EQ(plan->configurations.size(), expected["configurations"].size());
    for (const auto &[name, configuration] :
         expected["configurations"].items()) {
      SCOPED_TRACE(name);
      const PlanConfiguration *ours = plan->find(name);
      ASSERT_NE(ours, nullptr);
      expectRecorded(*ours, configuration);
    }
  }
}

TEST(PlannerV2, RefusesWhatCannotBePlanned) {
  EXPECT_THAT(planV2(fingerprintOf({0, 9, 9}, {1, 1, 1})).status().message(),
              HasSubstr("case 0: shape: expected values of at least 1, got 0"));
  EXPECT_THAT(planV2(fingerprintOf({9, 9, 9}, {1, 0, 1})).status().message(),
              HasSubstr("spacing: expected millimetres above 0, got 0"));
  Fingerprint fingerprint = fingerprintOf({9, 9, 9}, {1, 1, 1});
  fingerprint.classNames.pop_back();
  EXPECT_THAT(planV2(fingerprint).status().message(),
              HasSubstr("class_names: expected at least 2, got 1"));
  fingerprint = fingerprintOf({9, 9, 9}, {1, 1, 1});
  fingerprint.cases.clear();
  EXPECT_THAT(planV2(fingerprint).status().message(),
              HasSubstr("expected training cases, got none"));
}

// Volumes of a voxel, and more classes than any budget has room for.
TEST(PlannerV2, EndsWithExtremeData) {
  for (std::array<int64_t, 3> shape :
       {std::array<int64_t, 3>{1, 1, 1}, {2, 1, 3}, {4000, 2, 4000}}) {
    Fingerprint fingerprint = fingerprintOf(shape, {1, 1, 1});
    EXPECT_EQ(planV2(fingerprint).status().message(), "");
    fingerprint.classNames.resize(100000);
    EXPECT_EQ(planV2(fingerprint).status().message(), "");
  }
}

TEST(PlannerExample, TakesPatchesFromTheTable) {
  for (const DecathlonTask &task : decathlonTasks()) {
    SCOPED_TRACE(task.id);
    Fingerprint fingerprint = fingerprintOf({40, 200, 200}, {2, 1, 1});
    fingerprint.channelNames.assign(static_cast<size_t>(task.channels), "x");
    fingerprint.intensities.resize(static_cast<size_t>(task.channels));
    StatusOr<Plan> plan = planExample(fingerprint, {task.id, {}, false});
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    for (int64_t dim : {2, 3}) {
      const PlanConfiguration *ours =
          plan->find(dim == 2 ? "2d" : "3d_fullres");
      ASSERT_NE(ours, nullptr);
      EXPECT_EQ(ours->patch, task.plan(dim).patch);
      EXPECT_EQ(ours->spacing, task.plan(dim).spacing);
      EXPECT_EQ(ours->normalization[0], task.intensity ? "ct" : "zscore");
      EXPECT_EQ(ours->useMask[0], !task.intensity);
    }
    if (const std::optional<CtIntensity> &ct = task.intensity) {
      EXPECT_EQ(plan->intensities[0].upperClip, ct->most);
      EXPECT_EQ(plan->intensities[0].std, ct->deviation);
    }
  }
}

// The published code puts the 10th percentile on the axis of the smallest
// spacing; the coarsest is meant.
TEST(PlannerExample, AnisotropicSpacing) {
  Fingerprint fingerprint = fingerprintOf({20, 64, 64}, {5, 1, 1});
  for (size_t i = 0; i < 10; ++i)
    fingerprint.cases[i].spacing = {4, 0.5, 1};
  auto spacing = [&](bool publishedAxis) {
    StatusOr<Plan> plan =
        planExample(fingerprint, {"", {16, 64, 64}, publishedAxis});
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return plan->find("3d_fullres")->spacing;
  };
  EXPECT_THAT(spacing(false), ElementsAre(4, 0.75, 1));
  EXPECT_THAT(spacing(true), ElementsAre(4.5, 0.5, 1));
}

TEST(PlannerExample, ShapesAreRoundedDown) {
  StatusOr<Plan> plan =
      planExample(fingerprintOf({50, 70, 50}, {1, 1.1, 1}), {"04", {}, false});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_THAT(plan->find("3d_fullres")->medianShape, ElementsAre(50, 77, 50));
  // Planes are not resampled.
  EXPECT_THAT(plan->find("2d")->medianShape, ElementsAre(70, 50));
}

TEST(PlannerExample, RefusesOtherData) {
  const Fingerprint fingerprint = fingerprintOf({50, 70, 50}, {1, 1, 1});
  EXPECT_THAT(planExample(fingerprint, {}).status().message(),
              HasSubstr("patches for tasks 01 to 10 only"));
  EXPECT_THAT(planExample(fingerprint, {"01", {}, false}).status().message(),
              HasSubstr("task 01: expected 4 channels, got 1"));
  EXPECT_THAT(
      planExample(fingerprint, {"", {40, 50, 50}, false}).status().message(),
      HasSubstr("expected a multiple of"));
  EXPECT_THAT(
      planExample(fingerprint, {"", {40, 56}, false}).status().message(),
      HasSubstr("expected 3 sizes, got 2"));
}

// The published numbers, whatever the data; the median shape is theirs.
TEST(PlannerMlperf, HasTheNumbersOfTheBenchmark) {
  const StatusOr<Plan> plan =
      planMlperf(fingerprintOf({100, 512, 512}, {3, 0.78125, 0.78125}));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->rules, PlanRules::Mlperf);
  EXPECT_EQ(plan->intensities[0].lowerClip, -79);
  EXPECT_EQ(plan->intensities[0].upperClip, 304);
  EXPECT_EQ(plan->intensities[0].mean, 101);
  EXPECT_EQ(plan->intensities[0].std, 76.9);
  ASSERT_EQ(plan->configurations.size(), 1u);
  const PlanConfiguration &network = plan->configurations[0];
  EXPECT_THAT(network.spacing, ElementsAre(1.6, 1.2, 1.2));
  EXPECT_THAT(network.medianShape, ElementsAre(187, 333, 333));
  EXPECT_THAT(network.patch, ElementsAre(128, 128, 128));
  EXPECT_EQ(network.batch, 2);
  EXPECT_THAT(network.topology.totalStride(), ElementsAre(32, 32, 32));
  EXPECT_THAT(network.filters, ElementsAre(32, 64, 128, 256, 320, 320));
  EXPECT_THAT(network.normalization, ElementsAre("ct"));
  EXPECT_FALSE(network.batchDice);
}

TEST(PlannerMlperf, RefusesOtherData) {
  Fingerprint fingerprint = fingerprintOf({50, 70, 50}, {1, 1, 1});
  EXPECT_EQ(planMlperf(fingerprint, {64, 49, 64}).status().message(),
            "patch: expected even sizes of at least 4, got 64 x 49 x 64");
  EXPECT_THAT(
      planMlperf(fingerprintOf({1, 70, 50}, {1, 1, 1})).status().message(),
      HasSubstr("the rules mlperf: expected volumes, got a case of one plane"));
  fingerprint.ignoreLabel = 2;
  EXPECT_THAT(planMlperf(fingerprint).status().message(),
              HasSubstr("expected classes that exclude each other, got an "
                        "ignore label"));
  fingerprint.ignoreLabel.reset();
  fingerprint.regions = {{1}};
  fingerprint.regionsClassOrder = {1};
  EXPECT_THAT(planMlperf(fingerprint).status().message(),
              HasSubstr("exclude each other, got regions"));
}

// Every axis keeps two voxels in the bottleneck.
TEST(PlannerMlperf, SmallPatchesHaveFewerLevels) {
  const Fingerprint fingerprint = fingerprintOf({50, 70, 50}, {1, 1, 1});
  EXPECT_THAT(planMlperf(fingerprint, {64, 128, 64})->configurations[0].filters,
              ElementsAre(32, 64, 128, 256, 320, 320));
  const StatusOr<Plan> plan = planMlperf(fingerprint, {32, 48, 32});
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  const PlanConfiguration &network = plan->configurations[0];
  EXPECT_THAT(network.filters, ElementsAre(32, 64, 128, 256, 256));
  EXPECT_THAT(network.topology.totalStride(), ElementsAre(16, 16, 16));
  EXPECT_THAT(planMlperf(fingerprint, {4, 8, 8})->configurations[0].filters,
              ElementsAre(32, 32));
}

// Patch, batch and filters may be edited, the network is the benchmark's.
TEST(PlannerMlperf, PlansAreEdited) {
  const StatusOr<Plan> plan =
      planMlperf(fingerprintOf({50, 70, 50}, {1, 1, 1}));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  auto message = [&](auto change) {
    Plan changed = *plan;
    change(changed.configurations[0]);
    return verify(changed).message();
  };
  EXPECT_EQ(message([](PlanConfiguration &c) {
              c.filters = {4, 8, 8, 8, 12, 12};
              c.patch = {32, 64, 96};
              c.batch = 7;
            }),
            "");
  EXPECT_EQ(message([](PlanConfiguration &c) { c.filters.back() = 4; }),
            "configuration 3d_fullres: the rules mlperf: filters of the last "
            "two levels: expected 320, got 4");
  EXPECT_THAT(
      message([](PlanConfiguration &c) { c.topology.kernels[1][2] = 1; }),
      HasSubstr("kernels: expected 3, got 1"));
  EXPECT_THAT(
      message([](PlanConfiguration &c) { c.topology.strides[5][0] = 1; }),
      HasSubstr("strides below the first level: expected 2, got 1"));
  EXPECT_THAT(message([](PlanConfiguration &c) { c.decoderBlocks[0] = 1; }),
              HasSubstr("decoder_blocks: expected 2, got 1"));
  EXPECT_THAT(message([](PlanConfiguration &c) { c.residualEncoder = true; }),
              HasSubstr("residual_encoder: expected false, got true"));
  EXPECT_THAT(message([](PlanConfiguration &c) { c.batchDice = true; }),
              HasSubstr("batch_dice: expected false, got true"));
  EXPECT_THAT(message([](PlanConfiguration &c) {
                c.topology.kernels.resize(1);
                c.topology.strides.resize(1);
                c.filters.resize(1);
                c.encoderBlocks.resize(1);
                c.decoderBlocks.clear();
              }),
              HasSubstr("strides: expected at least 2 levels, got 1"));
  EXPECT_THAT(message([](PlanConfiguration &c) {
                c.patch.resize(2);
                c.spacing.resize(2);
                c.medianShape.resize(2);
                for (auto *lists : {&c.topology.kernels, &c.topology.strides})
                  for (auto &list : *lists)
                    list.resize(2);
              }),
              HasSubstr("patch: expected 3 sizes, got 2"));
}

TEST(Plan, SaysWhatIsWrong) {
  const StatusOr<Plan> plan = planV2(fingerprintOf({50, 70, 50}, {1, 1, 1}));
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  auto message = [&](auto change) {
    Plan changed = *plan;
    change(changed, changed.configurations[0]);
    return verify(changed).message();
  };
  EXPECT_EQ(message([](Plan &, PlanConfiguration &) {}), "");
  EXPECT_THAT(message([](Plan &, PlanConfiguration &c) { c.patch[1] = 50; }),
              HasSubstr("configuration 3d_fullres: patch: axis 1: expected a "
                        "multiple of 8, got 50"));
  EXPECT_THAT(
      message([](Plan &, PlanConfiguration &c) { c.filters.pop_back(); }),
      HasSubstr("filters: expected 4 values, got 3"));
  EXPECT_THAT(message([](Plan &, PlanConfiguration &c) {
                c.topology.kernels[1][2] = 2;
              }),
              HasSubstr("level 1: kernel: expected 1, 3, 5 or 7, got 2"));
  EXPECT_THAT(message([](Plan &, PlanConfiguration &c) {
                c.topology.strides[0][0] = 2;
              }),
              HasSubstr("level 0: stride: expected 1, got 2"));
  EXPECT_THAT(message([](Plan &, PlanConfiguration &c) {
                c.normalization[0] = "minmax";
              }),
              HasSubstr("rgb_to_0_1, got \"minmax\""));
  EXPECT_THAT(message([](Plan &, PlanConfiguration &c) { c.batch = 0; }),
              HasSubstr("batch: expected values of at least 1, got 0"));
  EXPECT_THAT(
      message([](Plan &p, PlanConfiguration &) { p.transpose = {0, 0, 2}; }),
      HasSubstr("expected 0, 1 and 2 in any order, got 0, 0, 2"));
  EXPECT_THAT(message([](Plan &p, PlanConfiguration &) {
                p.configurations[1].name = p.configurations[0].name;
              }),
              HasSubstr("two configurations are named \"3d_fullres\""));
}

TEST(Percentile, InterpolatesAsNumpy) {
  EXPECT_EQ(numpyPercentile({3, 1, 2, 10}, 50), 2.5);
  EXPECT_EQ(numpyPercentile({7}, 10), 7);
  EXPECT_DOUBLE_EQ(numpyPercentile({0, 10, 20}, 10), 2);
  EXPECT_EQ(numpyPercentile({0.1, 0.3}, 100), 0.3);
}
