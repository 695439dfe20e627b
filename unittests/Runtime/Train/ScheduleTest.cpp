//===- ScheduleTest.cpp - Learning rates, loss scale ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Schedule.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/model_tables.h"

#include <cmath>

#include <gtest/gtest.h>

using namespace segc;

// The published values for a rate of 3e-4 and a first cycle of 4096 steps.
TEST(Schedule, CosineAnnealing) {
  Schedule schedule;
  schedule.kind = Schedule::Kind::CosineAnnealing;
  schedule.learningRate = 3e-4;
  schedule.totalSteps = 1000000;
  EXPECT_NEAR(schedule.at(0), 3.0e-4, 1e-9);
  EXPECT_NEAR(schedule.at(1024), 2.60459e-4, 1e-9);
  EXPECT_NEAR(schedule.at(2048), 1.65e-4, 1e-9);
  EXPECT_NEAR(schedule.at(4095), 3.0e-5, 1e-9);
  EXPECT_NEAR(schedule.at(4096), 3.0e-4, 1e-9);
  EXPECT_NEAR(schedule.at(8192), 1.65e-4, 1e-9);
  EXPECT_NEAR(schedule.at(12288), 3.0e-4, 1e-9);
}

TEST(Schedule, PolyAndCosine) {
  Schedule schedule;
  schedule.learningRate = 1;
  schedule.endLearningRate = 0.1;
  schedule.totalSteps = 100;
  EXPECT_EQ(schedule.at(73), 1);
  schedule.kind = Schedule::Kind::Poly;
  EXPECT_DOUBLE_EQ(schedule.at(0), 1);
  EXPECT_NEAR(schedule.at(50), 0.9 * 0.535886731 + 0.1, 1e-8);
  EXPECT_DOUBLE_EQ(schedule.at(100), 0.1);
  EXPECT_DOUBLE_EQ(schedule.at(200), 0.1) << "a longer run stays at the end";
  schedule.kind = Schedule::Kind::Cosine;
  EXPECT_DOUBLE_EQ(schedule.at(0), 1);
  EXPECT_NEAR(schedule.at(50), 0.5, 1e-12);
  EXPECT_NEAR(schedule.at(100), 0, 1e-12);
}

// As published, the rate of an epoch is a linear function of its number.
TEST(Schedule, WarmsUpByEpochs) {
  Schedule schedule;
  schedule.learningRate = 1;
  schedule.initialLearningRate = 0.2;
  schedule.warmupEpochs = 4;
  schedule.stepsPerEpoch = 10;
  schedule.totalSteps = 100;
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.4);
  EXPECT_DOUBLE_EQ(schedule.at(9), 0.4);
  EXPECT_DOUBLE_EQ(schedule.at(10), 0.6);
  EXPECT_DOUBLE_EQ(schedule.at(39), 1);
  EXPECT_DOUBLE_EQ(schedule.at(40), 1);
  // Another schedule follows the warm-up and counts its steps too.
  schedule.kind = Schedule::Kind::Cosine;
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.4);
  EXPECT_NEAR(schedule.at(50), 0.5, 1e-12);
}

// What bench/peers/record_optimizers.py recorded of PyTorch.
TEST(Schedule, IsThatOfPyTorch) {
  auto text = readFile(SEGC_SOURCE_DIR
                       "/unittests/Runtime/Train/golden/schedules.json");
  ASSERT_TRUE(text.ok());
  const Json recorded = Json::parse(*text);
  for (const auto &[name, rates] : recorded["rates"].items()) {
    Schedule schedule;
    schedule.learningRate = recorded["rate"];
    schedule.endLearningRate = 0;
    schedule.totalSteps = recorded["total"];
    schedule.firstCycleSteps = recorded["cycle"];
    schedule.milestones = recorded["milestones"].get<std::vector<int64_t>>();
    schedule.milestoneFactor = recorded["factor"];
    if (name == "warmup") {
      schedule.warmupEpochs = recorded["warmup_epochs"];
      schedule.initialLearningRate = recorded["initial"];
    } else {
      schedule.kind = *parseScheduleKind(name);
    }
    for (size_t step = 0; step < rates.size(); ++step)
      EXPECT_NEAR(schedule.at(static_cast<int64_t>(step)), rates[step], 1e-14)
          << name << " " << step;
    // By epochs, the rates are those of steps that are as long.
    schedule.stepsPerEpoch = 5;
    schedule.totalSteps *= 5;
    schedule.firstCycleSteps *= 5;
    for (int64_t &milestone : schedule.milestones)
      milestone *= 5;
    schedule.byEpochs = true;
    for (size_t step = 0; step < 5 * rates.size(); ++step)
      EXPECT_NEAR(schedule.at(static_cast<int64_t>(step)), rates[step / 5],
                  1e-14)
          << name << " by epochs, " << step;
  }
}

TEST(Schedule, RefusesOtherNames) {
  EXPECT_TRUE(parseScheduleKind("cosine_annealing").ok());
  EXPECT_EQ(*parseScheduleKind("constant"), Schedule::Kind::None);
  EXPECT_EQ(parseScheduleKind("linear").status().message(),
            "--scheduler linear: expected none, constant, poly, cosine, "
            "cosine_annealing or piecewise");
}

/// Ends a step as the programs of models do.
static void endStep(LossScale &scale, bool finite) {
  segc_scalars scalars = {};
  scale.writeTo(scalars);
  segc_advance_scalars(&scalars, finite);
  scale.readFrom(scalars);
}

TEST(LossScale, DoublesAndHalves) {
  LossScale scale = LossScale::start();
  EXPECT_EQ(scale.scale, 32768);
  for (int i = 0; i < 1999; ++i)
    endStep(scale, true);
  EXPECT_EQ(scale.scale, 32768);
  endStep(scale, true);
  EXPECT_EQ(scale.scale, 65536);
  for (int i = 0; i < 1999; ++i)
    endStep(scale, true);
  endStep(scale, false);
  EXPECT_EQ(scale.scale, 32768);
  endStep(scale, true); // the count of successful steps restarted
  EXPECT_EQ(scale.scale, 32768);
  for (int i = 0; i < 40; ++i)
    endStep(scale, false);
  EXPECT_EQ(scale.scale, 1);
  LossScale fixed = LossScale::fixed();
  endStep(fixed, false);
  EXPECT_EQ(fixed.scale, 1);
}

TEST(LossScale, SkipsOnlySoManyStepsInARow) {
  LossScale fixed = LossScale::fixed(128);
  for (int i = 0; i < 16; ++i) {
    EXPECT_TRUE(fixed.maySkip()) << i;
    endStep(fixed, false);
  }
  EXPECT_FALSE(fixed.maySkip());
  EXPECT_EQ(fixed.scale, 128);
  endStep(fixed, true);
  EXPECT_TRUE(fixed.maySkip());
  EXPECT_FALSE(LossScale::fixed().maySkip()) << "there is no scale to blame";
  LossScale dynamic = LossScale::start();
  int skipped = 0;
  for (; dynamic.maySkip(); ++skipped)
    endStep(dynamic, false);
  EXPECT_EQ(skipped, 15) << "2^15 is down to 1";
}

TEST(LossScale, StaysWithinF32) {
  LossScale scale{true, 3e38, 1999, 0};
  endStep(scale, true);
  EXPECT_TRUE(std::isfinite(static_cast<float>(scale.scale)));
}

TEST(LossScale, IsParsed) {
  EXPECT_TRUE(parseLossScale("dynamic")->dynamic);
  EXPECT_EQ(parseLossScale("dynamic")->scale, 32768);
  EXPECT_FALSE(parseLossScale("128")->dynamic);
  EXPECT_EQ(parseLossScale("128")->scale, 128);
  for (const char *wrong : {"", "0.5", "nan", "inf", "1e39", "12x", "static"})
    EXPECT_EQ(parseLossScale(wrong).status().message(),
              std::string("--loss-scale ") + wrong +
                  ": expected dynamic or a number of at least 1");
}
