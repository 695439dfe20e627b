//===- NetworkOptionsTest.cpp ---------------------------------------------===//
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

namespace {

TEST(NetworkOptions, DefaultsAreThePublishedRecipes) {
  UNetOptions unet;
  EXPECT_TRUE(validate(unet).ok());
  EXPECT_EQ(unet.outputSize(), 388);
  EXPECT_EQ(unet.optimizer.kind, "adam");
  EXPECT_EQ(unet.optimizer.epsilon, 1e-7);
  EXPECT_EQ(unet.optimizer.learningRate, 1e-4);
  EXPECT_EQ(unet.optimizer.weightDecay, 5e-4);
  EXPECT_TRUE(unet.loss.squared && unet.loss.crossEntropy &&
              unet.loss.includeBackground);

  VNetOptions vnet;
  EXPECT_TRUE(validate(vnet).ok());
  EXPECT_EQ(vnet.optimizer.kind, "rmsprop");
  EXPECT_EQ(vnet.optimizer.decay, 0.9);
  EXPECT_EQ(vnet.optimizer.epsilon, 1e-10);
  EXPECT_EQ(vnet.optimizer.momentum, 0);
  EXPECT_EQ(vnet.optimizer.weightDecay, 0);
  EXPECT_TRUE(vnet.loss.sumClasses && !vnet.loss.crossEntropy);

  NNUNetOptions nnunet = *NNUNetOptions::forTask("04", 3);
  EXPECT_TRUE(validate(nnunet).ok());
  EXPECT_EQ(nnunet.optimizer.kind, "adam");
  EXPECT_EQ(nnunet.optimizer.epsilon, 1e-7);
  EXPECT_EQ(nnunet.optimizer.learningRate, 3e-4);
  EXPECT_EQ(nnunet.optimizer.weightDecay, 1e-4);
  EXPECT_TRUE(nnunet.loss.batchReduce && !nnunet.loss.includeBackground);
}

TEST(NetworkOptions, AnotherOptimizerBringsItsOwnDefaults) {
  OptimizerOptions options;
  options.switchTo("sgd");
  EXPECT_EQ(options.momentum, 0.99);
  options.switchTo("rmsprop");
  EXPECT_EQ(options.momentum, 0);
  EXPECT_EQ(options.epsilon, 1e-10);
}

template <typename Options, typename Change>
std::string errorOf(Options options, Change change) {
  change(options);
  return validate(options).message();
}

/// A plan of three classes of which the last two may be regions.
Plan planOfClasses() {
  Fingerprint fingerprint;
  fingerprint.dataset = "Brain";
  fingerprint.channelNames = {"T1"};
  fingerprint.classNames = {"background", "whole", "core"};
  fingerprint.cases.assign(9, {{64, 64, 64}, {1, 1, 1}});
  fingerprint.intensities.resize(1);
  StatusOr<Plan> plan = planV2(fingerprint, PlannedNetwork::Plain);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  return *plan;
}

TEST(NetworkOptions, LossesLeaveTheIgnoreLabelOfAPlanOut) {
  Plan plan = planOfClasses();
  EXPECT_FALSE(
      NNUNetOptions::forPlan(plan, "3d_fullres")->loss.ignoreUnlabelled);
  plan.ignoreLabel = 3;
  StatusOr<NNUNetOptions> options = NNUNetOptions::forPlan(plan, "3d_fullres");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_TRUE(validate(*options).ok());
  EXPECT_EQ(options->classes, 3);
  EXPECT_TRUE(options->loss.ignoreUnlabelled);
}

TEST(NetworkOptions, RegionsOfAPlanAreOutputs) {
  Plan plan = planOfClasses();
  plan.regions = {{1, 2}, {2}};
  plan.regionsClassOrder = {1, 2};
  plan.ignoreLabel = 3;
  StatusOr<NNUNetOptions> options = NNUNetOptions::forPlan(plan, "3d_fullres");
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(validate(*options).message(), "");
  EXPECT_EQ(options->classes, 2);
  EXPECT_EQ(options->loss.regions, plan.regions);
  EXPECT_EQ(options->loss.ignoredLabel, 3);
  EXPECT_FALSE(options->loss.ignoreUnlabelled);
  EXPECT_TRUE(options->loss.includeBackground);
  // One region is enough.
  plan.classNames.pop_back();
  plan.regions.pop_back();
  plan.regionsClassOrder.pop_back();
  EXPECT_EQ(validate(*NNUNetOptions::forPlan(plan, "3d_fullres")).message(),
            "");
}

TEST(NetworkOptions, SaysWhatIsWrong) {
  auto unet = [](auto change) { return errorOf(UNetOptions(), change); };
  EXPECT_EQ(unet([](auto &o) { o.inputSize = 570; }),
            "size: expected 188 plus a multiple of 16, got 570");
  EXPECT_EQ(unet([](auto &o) { o.inputSize = 12; }),
            "size: expected 188 to 65536, got 12");
  EXPECT_EQ(unet([](auto &o) { o.width = 0; }),
            "width: expected 1 to 65536, got 0");
  EXPECT_EQ(unet([](auto &o) { o.classes = 1; }),
            "classes: expected 2 to 65536, got 1");
  EXPECT_EQ(unet([](auto &o) { o.dropout = 1; }),
            "dropout: expected a value in [0, 1), got 1");
  EXPECT_EQ(unet([](auto &o) { o.optimizer.learningRate = -1; }),
            "learning-rate: expected at least 0, got -1");
  EXPECT_EQ(unet([](auto &o) { o.optimizer.nesterov = true; }),
            "nesterov: expected the optimizer sgd, got adam");
  EXPECT_EQ(unet([](auto &o) { o.optimizer.lookaheadSync = 0; }),
            "lookahead-sync: expected 1 to 65536, got 0");
  EXPECT_EQ(unet([](auto &o) { o.loss.dice = o.loss.crossEntropy = false; }),
            "loss: expected dice, ce or their sum, got none");
  EXPECT_EQ(unet([](auto &o) {
              o.loss.crossEntropy = false;
              o.loss.focalGamma = 2;
            }),
            "focal-gamma: expected 0 for a loss without cross-entropy, got 2");

  EXPECT_EQ(unet([](auto &o) { o.loss.classWeights = {1, 2, 3}; }),
            "class-weights: expected a weight for each of the 2 classes, got "
            "3");
  EXPECT_EQ(unet([](auto &o) { o.loss.classWeights = {1, -2}; }),
            "class-weights: expected at least 0, got -2");
  EXPECT_EQ(unet([](auto &o) { o.loss.classWeights = {0, 0}; }),
            "class-weights: expected a weight above 0, got none");
  EXPECT_EQ(unet([](auto &o) {
              o.loss.crossEntropy = false;
              o.loss.classWeights = {1, 2};
            }),
            "class-weights: expected none for a loss without cross-entropy, "
            "got 2");
  EXPECT_EQ(unet([](auto &o) { o.optimizer.clipNorm = -1; }),
            "clip-norm: expected at least 0, got -1");

  auto unet3d = [](auto change) { return errorOf(UNet3DOptions(), change); };
  EXPECT_EQ(unet3d([](auto &) {}), "");
  EXPECT_EQ(unet3d([](auto &o) { o.patch = {128, 128, 96 + 16}; }),
            "patch: expected multiples of 32, got 112");
  EXPECT_EQ(unet3d([](auto &o) { o.patch = {128, 128}; }),
            "patch: expected 3 sizes, got 2");
  EXPECT_EQ(unet3d([](auto &o) { o.filters.clear(); }),
            "filters: expected 1 to 8 levels, got 0");
  EXPECT_EQ(unet3d([](auto &o) { o.norm = NetworkNorm::None; }),
            "norm: expected instance, batch or group, got none");
  EXPECT_EQ(unet3d([](auto &o) { o.norm = NetworkNorm::Group; }), "");
  EXPECT_EQ(unet3d([](auto &o) {
              o.norm = NetworkNorm::Group;
              o.filters = {32, 48};
            }),
            "filters: expected multiples of 32, got 48");

  auto vnet = [](auto change) { return errorOf(VNetOptions(), change); };
  EXPECT_EQ(vnet([](auto &o) { o.convolutionSize = 4; }),
            "convolution-size: expected 3 or 5, got 4");
  EXPECT_EQ(vnet([](auto &o) { o.inputShape = {32, 32, 36}; }),
            "input-shape: expected multiples of 8, got 36");
  EXPECT_EQ(vnet([](auto &o) { o.upscaleBlocks = {3}; }),
            "upscale-blocks: expected one level less than the 3 of "
            "downscale-blocks, got 1");
  EXPECT_EQ(vnet([](auto &o) { o.downscaleBlocks = {3, 0, 3}; }),
            "downscale-blocks: expected 1 to 65536, got 0");
  EXPECT_EQ(vnet([](auto &o) { o.channels = 3; }),
            "width: expected a multiple of the 3 channels, got 16");
  EXPECT_EQ(vnet([](auto &o) { o.channels = 0; }),
            "channels: expected 1 to 65536, got 0");

  auto nnunet = [](auto change) {
    return errorOf(*NNUNetOptions::forTask("04", 3), change);
  };
  EXPECT_EQ(nnunet([](auto &o) { o.patch = {40, 56}; }),
            "patch: expected 3 sizes, got 2");
  EXPECT_EQ(nnunet([](auto &o) { o.negativeSlope = 0; }),
            "negative-slope: expected a value in (0, 1), got 0");
  EXPECT_THAT(nnunet([](auto &o) { o.patch = {41, 56, 40}; }),
              HasSubstr("expected a multiple of 8, got 41"));
  EXPECT_EQ(nnunet([](auto &o) {
              o.patch = {16, 16, 16};
              o.deepSupervision = true;
            }),
            "deep-supervision: expected a patch of at least 4 levels, got 3");
  auto supervised = [&](int64_t levels) {
    return nnunet([&](auto &o) {
      o.deepSupervision = true;
      o.supervisedLevels = levels;
    });
  };
  EXPECT_EQ(supervised(1), "");
  EXPECT_EQ(supervised(2), "");
  for (int64_t wrong : {int64_t{0}, int64_t{3}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(supervised(wrong), "deep-supervision-levels: expected 1 to 2 for "
                                 "4 levels of the network, got " +
                                     std::to_string(wrong));
  EXPECT_EQ(nnunet([](auto &o) { o.supervisedLevels = 1; }),
            "deep-supervision-levels: expected --deep-supervision beside it, "
            "got none");
  EXPECT_EQ(NNUNetOptions::forTask("04", 4).status().message(),
            "dim: expected 2 or 3, got 4");
}

} // namespace
