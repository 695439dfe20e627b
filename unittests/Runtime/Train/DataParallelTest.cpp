//===- DataParallelTest.cpp - Trainings of several ranks ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Distributed/RankThreads.h"
#include "../FakeRun.h"
#include "segc/Runtime/Distributed/HostCollectives.h"
#include "segc/Runtime/Train/Trainer.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

/// What a rank has after a training.
struct Outcome {
  Status status;
  TrainState state;
  std::vector<float> parameters, states;
};

struct Ranks : testing::Test {
  std::string folder = freshFolder("ranks");
  std::string model = "FakeRanks";
  float odd = 0;
  int64_t accumulate = 1;
  LossScale lossScale;
  int64_t damaged = -1; ///< A rank whose first weight changes.
  std::chrono::duration<double> deadline = std::chrono::seconds(60);

  /// Trains on batches of `samples` until step `steps`, as one process without
  /// `ranks`, or as one of several.
  Outcome train(int64_t samples, int64_t steps, Communicator *ranks) {
    Outcome outcome;
    ThreadPool pool(1);
    ModelRunner runner = makeRunner(pool, /*training=*/true, model);
    EXPECT_TRUE(runner.initialize(ranks ? ranks->rank() : 0).ok());
    std::optional<HostCollectives> collectives;
    std::optional<DataParallel> parallel;
    TrainerConfig config;
    config.schedule.learningRate = 0.5;
    config.schedule.totalSteps = steps;
    config.momentum = 0.9f;
    config.accumulate = accumulate;
    TrainState &state = outcome.state;
    state.network = "fake";
    state.batchSize = samples;
    state.lossScale = lossScale;
    RankPart part;
    if (ranks) {
      collectives.emplace(*ranks);
      parallel.emplace(*ranks, *collectives);
      config.ranks = &*parallel;
      part = {ranks->rank(), ranks->size()};
      outcome.status = parallel->begin(runner, "hash", state);
      if (!outcome.status.ok())
        return outcome;
      if (ranks->rank() == damaged)
        runner.parameters().hostFloats()[0] += 0.5f;
    }
    auto source = makeFixedSource(batches, runner.manifest(), 0, part);
    EXPECT_TRUE(source.ok()) << source.status().message();
    RunLog log = RunLog::silent();
    Trainer trainer(runner, **source, log, config, state, {});
    outcome.status = trainer.run();
    state = trainer.state();
    const auto valuesOf = [](const DeviceBuffer &buffer) {
      return std::vector<float>(buffer.hostFloats(),
                                buffer.hostFloats() + buffer.size() / 4);
    };
    outcome.parameters = valuesOf(runner.parameters());
    outcome.states = valuesOf(runner.states());
    return outcome;
  }

  Outcome trainAlone(int64_t samples, int64_t steps) {
    batches = writeBatches(folder, odd, samples);
    return train(samples, steps, nullptr);
  }

  /// The outcomes of ranks that each take batches of one sample.
  std::vector<Outcome> trainTogether(uint32_t size, int64_t steps) {
    batches = writeBatches(folder, odd, 1);
    std::vector<Outcome> outcomes(size);
    ThreadMessages messages(size);
    runRanks(
        size, deadline,
        [&](Communicator &ranks) {
          outcomes[static_cast<size_t>(ranks.rank())] = train(1, steps, &ranks);
        },
        messages);
    return outcomes;
  }

  std::string batches;
};

} // namespace

static void expectNear(const std::vector<float> &a,
                       const std::vector<float> &b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_NEAR(a[i], b[i], 1e-5f) << i;
}

// Ranks compute what one process with all of their samples does, and the same
// bits as each other.
TEST_F(Ranks, AreOneProcess) {
  const Outcome alone = trainAlone(2, 9);
  ASSERT_TRUE(alone.status.ok()) << alone.status.message();
  const std::vector<Outcome> two = trainTogether(2, 9);
  for (const Outcome &rank : two) {
    ASSERT_TRUE(rank.status.ok()) << rank.status.message();
    EXPECT_EQ(rank.state.step, 9);
    EXPECT_EQ(rank.state.position, 18);
    EXPECT_EQ(rank.parameters, two[0].parameters);
  }
  expectNear(two[0].parameters, alone.parameters);
  EXPECT_EQ(trainTogether(2, 9)[1].parameters, two[0].parameters)
      << "from run to run";
}

// Batches of a step are as a batch of all of them, for any number of ranks.
TEST_F(Ranks, AccumulateGradients) {
  const Outcome whole = trainAlone(2, 6);
  accumulate = 2;
  const Outcome parts = trainAlone(1, 6);
  ASSERT_TRUE(parts.status.ok()) << parts.status.message();
  EXPECT_EQ(parts.state.step, 6);
  EXPECT_EQ(parts.state.position, whole.state.position);
  expectNear(parts.parameters, whole.parameters);
  accumulate = 3;
  const Outcome alone = trainAlone(2, 6);
  const std::vector<Outcome> two = trainTogether(2, 6);
  for (const Outcome &rank : two) {
    ASSERT_TRUE(rank.status.ok()) << rank.status.message();
    EXPECT_EQ(rank.state.position, 36);
    EXPECT_EQ(rank.parameters, two[0].parameters);
  }
  expectNear(two[0].parameters, alone.parameters);
  EXPECT_NE(alone.parameters, whole.parameters);
}

// What is not finite in any part of a step skips or ends the step.
TEST_F(Ranks, PartsThatAreNotFinite) {
  accumulate = 3;
  odd = INFINITY;
  lossScale = LossScale::start();
  for (const Outcome &rank : trainTogether(2, 2)) {
    ASSERT_TRUE(rank.status.ok()) << rank.status.message();
    EXPECT_EQ(rank.state.applied, 0);
    EXPECT_EQ(rank.state.lossScale.scale, LossScale::start().scale / 4);
  }
  lossScale = LossScale();
  const Outcome alone = trainAlone(2, 2);
  EXPECT_EQ(alone.status.code(), StatusCode::NonFinite);
  EXPECT_THAT(alone.status.message(), HasSubstr("batch 0 of"));
  EXPECT_THAT(alone.status.message(), HasSubstr("batch 1 of"));
  EXPECT_THAT(alone.status.message(), HasSubstr("kernel 0 of train_step"));
}

// A part that a rank does not come to is named by the others.
TEST_F(Ranks, LostRanksAreNamedWithThePart) {
  accumulate = 4;
  odd = NAN; // In the second part of rank 0.
  deadline = std::chrono::seconds(1);
  const std::vector<Outcome> two = trainTogether(2, 2);
  EXPECT_EQ(two[0].status.code(), StatusCode::NonFinite);
  EXPECT_THAT(two[1].status.message(),
              HasSubstr("rank 1 of 2, step 1, part 3 of 4, bucket 1 of 1 "
                        "(gradients): rank 0 has not answered for 1 s"));
}

// A sample of one rank whose gradient is not finite: all ranks skip the step,
// and go on with the same scale.
TEST_F(Ranks, SkipStepsTogether) {
  odd = INFINITY;
  lossScale = LossScale::start();
  for (const Outcome &rank : trainTogether(2, 4)) {
    ASSERT_TRUE(rank.status.ok()) << rank.status.message();
    EXPECT_EQ(rank.state.step, 4);
    EXPECT_EQ(rank.state.applied, 3);
    EXPECT_EQ(rank.state.lossScale.scale, LossScale::start().scale / 2);
    for (float value : rank.states)
      EXPECT_TRUE(std::isfinite(value));
  }
}

// What is not finite is explained by each rank alone: none waits for another.
TEST_F(Ranks, NonFiniteLossesEndAll) {
  odd = NAN;
  const std::vector<Outcome> two = trainTogether(2, 4);
  for (const Outcome &rank : two) {
    EXPECT_EQ(rank.status.code(), StatusCode::NonFinite);
    EXPECT_THAT(rank.status.message(), HasSubstr("step 2: the loss is nan"));
  }
  EXPECT_THAT(two[1].status.message(), HasSubstr("rank 1 of 2, step 2"));
  EXPECT_THAT(two[0].status.message(), HasSubstr("kernel 0 of train_step"));
}

// A rank that computes otherwise than the others is named before a checkpoint
// is written.
TEST_F(Ranks, WeightsThatDivergeEndAll) {
  damaged = 1;
  for (const Outcome &rank : trainTogether(3, 2)) {
    EXPECT_FALSE(rank.status.ok());
    EXPECT_THAT(rank.status.message(), HasSubstr("step 2: the SHA-256 of the "
                                                 "weights of rank 1 is "));
  }
}

// However rare checkpoints are, this takes no longer than a rank that stops.
TEST_F(Ranks, WeightsThatDivergeEndAllWithinTheDeadline) {
  damaged = 1;
  deadline = std::chrono::seconds(2);
  constexpr int64_t steps = 100'000'000;
  for (const Outcome &rank : trainTogether(2, steps)) {
    EXPECT_LT(rank.state.step, steps);
    EXPECT_THAT(rank.status.message(), HasSubstr("weights of rank 1 is "));
  }
}

// A model whose train_step is one of one process would train apart.
TEST_F(Ranks, ModelsWithoutCollectivesAreRefused) {
  model = "FakeProgram";
  for (const Outcome &rank : trainTogether(2, 1)) {
    EXPECT_EQ(rank.status.code(), StatusCode::Unsupported);
    EXPECT_THAT(rank.status.message(),
                HasSubstr("train_step does not average the gradient of "
                          "head.weight over ranks; compile the network again"));
  }
}
