//===- TrainerTest.cpp - The training loop --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Trainer.h"
#include "../FakeRun.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

struct Loop : testing::Test {
  ThreadPool pool{2};
  std::string folder = freshFolder("loop");

  TrainerConfig configOf(int64_t steps) {
    TrainerConfig config;
    config.schedule.learningRate = 0.5;
    config.schedule.totalSteps = steps;
    config.momentum = 0.9f;
    config.weightDecay = 1e-3f;
    config.stepsPerEpoch = 3;
    config.checkpoints = folder;
    return config;
  }
  TrainState fresh(ModelRunner &runner) {
    TrainState state;
    state.network = "fake";
    state.batchSize = 2;
    EXPECT_TRUE(runner.initialize(0).ok());
    return state;
  }
  /// Trains from `state` to step `steps`.
  Status run(ModelRunner &runner, TrainState &state, TrainerConfig config,
             Trainer::Evaluator evaluator = {}, float odd = 0) {
    auto source = makeFixedSource(writeBatches(folder, odd), runner.manifest(),
                                  state.step);
    EXPECT_TRUE(source.ok()) << source.status().message();
    auto log = RunLog::open("", 0);
    Trainer trainer(runner, **source, *log, config, state, evaluator);
    Status status = trainer.run();
    state = trainer.state();
    return status;
  }
};

} // namespace

TEST_F(Loop, Learns) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  ASSERT_TRUE(run(runner, state, configOf(1)).ok());
  float first = runner.output("train_step", "loss").floats()[0];
  ASSERT_TRUE(run(runner, state, configOf(90)).ok());
  EXPECT_EQ(state.step, 90);
  EXPECT_EQ(state.position, 180);
  EXPECT_EQ(state.epoch, 30);
  EXPECT_LT(runner.output("train_step", "loss").floats()[0], 0.6f * first);
}

TEST_F(Loop, ResumeIsBitExact) {
  ModelRunner whole = makeRunner(pool);
  TrainState state = fresh(whole);
  ASSERT_TRUE(run(whole, state, configOf(31)).ok());

  ModelRunner first = makeRunner(pool);
  state = fresh(first);
  TrainerConfig half = configOf(31);
  half.schedule.totalSteps = 14; // the rate is constant, so the end has no
                                 // effect
  ASSERT_TRUE(run(first, state, half).ok());
  ThreadPool other(1);
  ModelRunner second = makeRunner(other);
  auto resumed = loadCheckpoint(folder + "/last", second);
  ASSERT_TRUE(resumed.ok());
  ASSERT_EQ(resumed->step, 14);
  ASSERT_TRUE(run(second, *resumed, configOf(31)).ok());
  for (auto member : {&ModelRunner::parameters, &ModelRunner::optimizer,
                      &ModelRunner::states})
    EXPECT_EQ(std::memcmp((whole.*member)().hostData(),
                          (second.*member)().hostData(),
                          (whole.*member)().size()),
              0);
}

TEST_F(Loop, HalvesOfTheStepAgree) {
  ModelRunner a = makeRunner(pool), b = makeRunner(pool);
  TrainState state = fresh(a);
  ASSERT_TRUE(run(a, state, configOf(5)).ok());
  state = fresh(b);
  TrainerConfig config = configOf(5);
  config.dumpGradients = folder + "/gradients.safetensors";
  ASSERT_TRUE(run(b, state, config).ok());
  EXPECT_EQ(
      std::memcmp(a.parameters().hostData(), b.parameters().hostData(), 128),
      0);
  auto file = SafetensorsFile::read(config.dumpGradients);
  ASSERT_TRUE(file.ok());
  auto bias = file->require("head.bias", "F32", {3});
  ASSERT_TRUE(bias.ok());
  float values[3];
  std::memcpy(values, *bias, sizeof(values));
  EXPECT_NEAR(values[0] + values[1] + values[2], 0, 1e-6)
      << "softmax gradients sum to zero";
}

TEST_F(Loop, NaNNamesStepCasesAndKernel) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  Status status = run(runner, state, configOf(10), {}, NAN);
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_THAT(status.message(), HasSubstr("step 2: the loss is nan"));
  EXPECT_THAT(status.message(), HasSubstr("batch: batch 1 of"));
  EXPECT_THAT(status.message(),
              HasSubstr("fake_gradient (seg.fake at 1:1), wrote nan"));
  EXPECT_EQ(state.step, 1);
}

// The scaled gradient of one large voxel overflows f32.
TEST_F(Loop, DynamicLossScaleSkipsOverflows) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  state.lossScale = {true, 3e38, 0};
  Status status = run(runner, state, configOf(4), {}, 1e6f);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(state.step, 4);
  EXPECT_EQ(state.applied, 3);
  EXPECT_EQ(state.lossScale.scale, 3e38f / 2);
  EXPECT_EQ(state.lossScale.finiteSteps, 2);
}

TEST_F(Loop, StaticLossScaleSkipsAndThenStops) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  state.lossScale = LossScale::fixed(128);
  Status status = run(runner, state, configOf(6), {}, NAN);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(state.applied, 4) << "every third batch has no finite gradient";
  EXPECT_EQ(state.lossScale.scale, 128);
  EXPECT_EQ(state.lossScale.skippedSteps, 0);
  for (int i = 0; i < 32; ++i)
    EXPECT_TRUE(std::isfinite(runner.parameters().hostFloats()[i]));

  state = fresh(runner);
  state.lossScale = LossScale::fixed(128);
  state.lossScale.skippedSteps = 16;
  state.step = 1; // the batch with the NaN comes next
  status = run(runner, state, configOf(6), {}, NAN);
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_THAT(status.message(), HasSubstr("16 steps before were skipped"));
  EXPECT_THAT(status.message(), HasSubstr("wrote nan"));
}

namespace {

/// A source that fails like a removed disk.
struct FailingSource : BatchSource {
  BatchSource &good;
  int left;
  FailingSource(BatchSource &good, int left) : good(good), left(left) {}
  StatusOr<TrainBatch> next() override {
    return left-- > 0 ? good.next() : ioError("scan.nii.gz: cannot read");
  }
  int64_t samples() const override { return good.samples(); }
  StatusOr<std::string> digest() const override { return good.digest(); }
};

} // namespace

TEST_F(Loop, FailuresOfTheDataKeepTheSteps) {
  ModelRunner runner = makeRunner(pool);
  auto good = makeFixedSource(writeBatches(folder), runner.manifest(), 0);
  ASSERT_TRUE(good.ok());
  FailingSource source(**good, 7);
  auto log = RunLog::open("", 0);
  Trainer trainer(runner, source, *log, configOf(20), fresh(runner), {});
  Status status = trainer.run();
  EXPECT_EQ(status.code(), StatusCode::IoError);
  EXPECT_EQ(status.message(), "scan.nii.gz: cannot read; step 7 is saved: go "
                              "on with --resume");
  EXPECT_EQ(loadCheckpoint(folder + "/last", runner)->step, 7);
}

TEST_F(Loop, FixedBatchesStartAnywhere) {
  ModelRunner runner = makeRunner(pool);
  std::string path = writeBatches(folder);
  auto all = makeFixedSource(path, runner.manifest(), 0);
  for (int64_t step = 0; step < 8; ++step) {
    auto from = makeFixedSource(path, runner.manifest(), step);
    auto expected = (*all)->next(), found = (*from)->next();
    EXPECT_EQ(found->firstSample, expected->firstSample);
    EXPECT_EQ(found->names, expected->names);
  }
}

TEST_F(Loop, EvaluatesAndKeepsTheBest) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  std::vector<double> scores = {0.5, 0.8, 0.6, 0.7};
  std::vector<int64_t> when;
  size_t calls = 0;
  Trainer::Evaluator evaluator = [&]() -> StatusOr<Evaluation> {
    Evaluation evaluation;
    evaluation.classNames = {"background", "a"};
    evaluation.cases = {{"case", {1, scores[calls++]}}};
    return evaluation;
  };
  ASSERT_TRUE(run(runner, state, configOf(11), evaluator).ok());
  EXPECT_EQ(calls, 4u) << "three epochs, and the end within the fourth";
  EXPECT_EQ(state.bestDice, 0.8);
  EXPECT_EQ(state.bestStep, 6);
  EXPECT_EQ(loadCheckpoint(folder + "/best", runner)->step, 6);
  EXPECT_EQ(loadCheckpoint(folder + "/last", runner)->step, 11);
  EXPECT_EQ(loadCheckpoint(folder + "/last.previous", runner)->step, 9);
}

/// Evaluates two classes of a case of 200 voxels: `scores` are the Dice of the
/// second, one a call.
static Trainer::Evaluator scoring(const std::vector<double> &scores,
                                  size_t &calls) {
  return [&scores, &calls]() -> StatusOr<Evaluation> {
    const double dice = scores[calls++ % scores.size()];
    const auto both = static_cast<int64_t>(100 * dice);
    Evaluation evaluation;
    evaluation.classNames = {"background", "a"};
    evaluation.cases = {
        {"case", {1, dice}, {true, true}, {{100, 100, 0}, {100, 100, both}}}};
    return evaluation;
  };
}

// nnU-Net v2 keeps the weights of the largest moving mean, not of the largest
// Dice.
TEST_F(Loop, KeepsTheBestByTheMovingMean) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  const std::vector<double> scores = {0.5, 0.9, 0.45, 0.6};
  size_t calls = 0;
  TrainerConfig config = configOf(12);
  config.bestBy = BestMeasure::SmoothedDice;
  ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
  EXPECT_EQ(calls, 4u);
  double smoothed = 0.5;
  for (double score : {0.9, 0.45, 0.6})
    smoothed = 0.9 * smoothed + 0.1 * score;
  EXPECT_DOUBLE_EQ(state.smoothedDice.value_or(-1), smoothed);
  EXPECT_EQ(state.bestStep, 6) << "0.5, 0.54, 0.531, 0.5379";
}

TEST_F(Loop, PatienceEndsTheRun) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  const std::vector<double> scores = {0.5, 0.6, 0.55, 0.6, 0.7};
  size_t calls = 0;
  TrainerConfig config = configOf(60);
  config.patience = 2;
  ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
  EXPECT_EQ(state.step, 12) << "an equal value is not better";
  EXPECT_EQ(state.bestStep, 6);
  EXPECT_EQ(state.evaluationsSinceBest, 2);
}

TEST_F(Loop, ATargetEndsTheRun) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  const std::vector<double> scores = {0.5, 0.6, 0.8, 0.9};
  size_t calls = 0;
  TrainerConfig config = configOf(60);
  config.targetDice = 0.75;
  ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
  EXPECT_EQ(calls, 3u);
  EXPECT_EQ(state.step, 9);
  EXPECT_EQ(earlyEnd(config, state), "--target-dice");
}

// Of evaluations at each epoch and every so many steps, those of the first
// epochs are left out.
TEST_F(Loop, SkipsTheFirstEvaluations) {
  for (const int64_t every : {0, 2}) {
    ModelRunner runner = makeRunner(pool);
    TrainState state = fresh(runner);
    const std::vector<double> scores(12, 0.5);
    size_t calls = 0;
    TrainerConfig config = configOf(12);
    config.evaluateEvery = every;
    config.skipEpochs = 2;
    ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
    EXPECT_EQ(calls, every ? 3u : 2u) << "steps 9 and 12, or 8, 10 and 12";
  }
}

TEST_F(Loop, TimeEndsTheRun) {
  ModelRunner runner = makeRunner(pool);
  TrainState state = fresh(runner);
  size_t calls = 0;
  const std::vector<double> scores = {0.5};
  TrainerConfig config = configOf(1000000);
  config.stepsPerEpoch = 500000;
  config.maxSeconds = 0.05;
  config.logEvery = 1000000;
  ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
  EXPECT_GE(state.seconds, 0.05);
  EXPECT_LT(state.step, 1000000);
  EXPECT_EQ(calls, 1u);
  EXPECT_EQ(state.bestStep, 0) << "that evaluation is not one of the run's";
  const int64_t step = state.step;
  ASSERT_TRUE(run(runner, state, config, scoring(scores, calls)).ok());
  EXPECT_EQ(state.step, step) << "the time of earlier runs counts";
}

// A run that was cut off, and one that its time ended, go on to the same end.
TEST_F(Loop, EarlyEndsAndTheBestSurviveAResume) {
  const std::vector<double> scores = {0.5, 0.9, 0.6, 0.7, 0.95, 0.4, 0.3};
  TrainerConfig config = configOf(60);
  config.patience = 2;
  config.bestBy = BestMeasure::SmoothedDice;
  auto finish = [&](const std::vector<int64_t> &ends) {
    ModelRunner runner = makeRunner(pool);
    TrainState state = fresh(runner);
    size_t calls = 0;
    for (int64_t end : ends) {
      TrainerConfig part = config;
      part.schedule.totalSteps = end;
      // An end within an epoch would be one more evaluation.
      part.evaluateEvery = 3;
      EXPECT_TRUE(run(runner, state, part, scoring(scores, calls)).ok());
      auto loaded = loadCheckpoint(folder + "/last", runner);
      EXPECT_TRUE(loaded.ok());
      state = *loaded;
    }
    state.seconds = 0;
    std::string text = state.toJson();
    for (int i = 0; i < 6; ++i)
      text += std::to_string(runner.parameters().hostFloats()[i]) + " ";
    return text;
  };
  const std::string whole = finish({60});
  EXPECT_EQ(finish({6, 60}), whole);
  EXPECT_EQ(finish({3, 9, 60}), whole);
  EXPECT_THAT(whole, HasSubstr("\"evaluations_since\": 2"));
}

TEST_F(Loop, FixedBatchesAreChecked) {
  ModelRunner runner = makeRunner(pool);
  std::string path = folder + "/wrong.safetensors";
  std::vector<float> image(3 * 512);
  auto errorOf = [&](const std::vector<TensorSource> &tensors) {
    EXPECT_TRUE(writeSafetensors(path, tensors, {}).ok());
    auto source = makeFixedSource(path, runner.manifest(), 0);
    return source.ok() ? "no error" : source.status().message();
  };
  EXPECT_THAT(errorOf({}), HasSubstr("there is no image_0"));
  EXPECT_THAT(errorOf({{"image_0", "F32", {3, 8, 8, 8, 1}, image.data()}}),
              HasSubstr("expected F32 2x8x8x8x1, found F32 3x8x8x8x1"));
  EXPECT_THAT(errorOf({{"image_0", "F32", {1, 8, 8, 8, 1}, image.data()}}),
              HasSubstr("no tensor \"label_0\""));
  EXPECT_THAT(errorOf({{"image_0", "F32", {2, 8, 8, 8, 1}, image.data()},
                       {"label_0", "I32", {1, 8, 8, 8}, image.data()}}),
              HasSubstr("different numbers of samples"));
  std::vector<int32_t> labels(512);
  for (int32_t wrong : {3, -1}) {
    labels[77] = wrong;
    EXPECT_THAT(errorOf({{"image_0", "F32", {1, 8, 8, 8, 1}, image.data()},
                         {"label_0", "I32", {1, 8, 8, 8}, labels.data()}}),
                HasSubstr("label_0 is " + std::to_string(wrong) +
                          " at element 77, expected a class 0..2"));
  }
}

// Non-finite results of an entry are errors that name the kernel.
TEST_F(Loop, OutputsAreFinite) {
  ModelRunner runner = makeRunner(pool);
  ASSERT_TRUE(runner.initialize(0).ok());
  std::vector<float> image(2 * 512, 1.0f);
  std::vector<void *> inputs = {image.data()};
  segc_scalars scalars = {};
  scalars.loss_scale = 1;
  auto predict = [&](int64_t batch) {
    EXPECT_TRUE(runner.call("predict", inputs, batch, scalars).ok());
    return checkFiniteOutputs(runner, {"predict", inputs, batch, scalars},
                              "case x");
  };
  EXPECT_TRUE(predict(2).ok());
  image[600] = NAN;
  EXPECT_TRUE(predict(1).ok()) << "the second sample is not asked for";
  Status status = predict(2);
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_THAT(status.message(), HasSubstr("case x"));
  EXPECT_THAT(status.message(), HasSubstr("fake_predict (seg.fake at 1:1), "
                                          "wrote nan"));
  // Values of an earlier call after a smaller batch are ignored.
  EXPECT_TRUE(predict(1).ok());
}
