//===- CheckpointTest.cpp - Checkpoints and crashes -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Checkpoint.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Device/Weights.h"

#include <csignal>
#include <cstring>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace segc;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// Sets the weights to values that identify the step.
static void mark(ModelRunner &runner, int64_t step) {
  for (const RegionTensor &tensor : runner.manifest().parameters)
    for (int64_t i = 0; i < tensor.elements; ++i) {
      runner.parameters().hostFloats()[tensor.offset / 4 + i] =
          static_cast<float>(step);
      runner.optimizer().hostFloats()[tensor.offset / 4 + i] =
          static_cast<float>(-step);
    }
}

static TrainState stateOf(int64_t step) {
  TrainState state;
  state.network = "fake";
  state.seed = -5;
  state.step = step;
  state.applied = step - 1;
  state.position = 2 * step;
  state.epoch = step / 3;
  state.batchSize = 2;
  state.lossScale = {true, 4096, 17};
  state.bestDice = 0.1 + 0.2; // not representable in few digits
  state.bestStep = 3;
  state.seconds = 1.5;
  return state;
}

TEST(Checkpoint, RoundTrip) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("roundtrip") + "/last";
  mark(runner, 9);
  runner.states().hostFloats()[0] = 0.125f;
  ASSERT_TRUE(saveCheckpoint(path, runner, stateOf(9)).ok());
  mark(runner, 0);
  runner.states().hostFloats()[0] = 0;
  auto state = loadCheckpoint(path, runner);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(state->toJson(), stateOf(9).toJson());
  EXPECT_EQ(state->bestDice, 0.1 + 0.2);
  EXPECT_EQ(runner.parameters().hostFloats()[16], 9);
  EXPECT_EQ(runner.optimizer().hostFloats()[2], -9);
  EXPECT_EQ(runner.states().hostFloats()[0], 0.125f);
}

TEST(Checkpoint, KeepsThePrevious) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("previous") + "/last";
  for (int64_t step : {1, 2, 3}) {
    mark(runner, step);
    ASSERT_TRUE(saveCheckpoint(path, runner, stateOf(step)).ok());
  }
  EXPECT_EQ(loadCheckpoint(path, runner)->step, 3);
  EXPECT_EQ(loadCheckpoint(path + ".previous", runner)->step, 2);
  EXPECT_FALSE(fs::exists(path + ".new"));
  fs::remove_all(path);
  EXPECT_EQ(findCheckpoint(path), path + ".previous");
}

// The folder in the source tree has format 1.
TEST(Checkpoint, ReadsTheGoldenFormat) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string golden =
      SEGC_SOURCE_DIR "/unittests/Runtime/Train/golden/checkpoint-1";
  auto state = loadCheckpoint(golden, runner);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(state->toJson(), stateOf(7).toJson());
  EXPECT_EQ(runner.parameters().hostFloats()[0], 7);
}

TEST(Checkpoint, RefusesOtherModels) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("others") + "/last";
  TrainState state = stateOf(1);
  state.network = "unet2d";
  ASSERT_TRUE(saveCheckpoint(path, runner, state).ok());
  EXPECT_THAT(loadCheckpoint(path, runner).status().message(),
              HasSubstr("of the network \"unet2d\", the model is \"fake\""));
  std::string text = stateOf(1).toJson();
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
  EXPECT_THAT(TrainState::fromJson(text, "state.json").status().message(),
              HasSubstr("checkpoint format 2, this segrun reads format 1"));
}

TEST(Checkpoint, RefusedWeightsChangeNothing) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("refused") + "/w.safetensors";
  float values[3] = {1, 1, 1};
  mark(runner, 5);
  ASSERT_TRUE(
      writeSafetensors(path, {{"head.weight", "F32", {1, 3}, values}}, {})
          .ok());
  EXPECT_THAT(readWeights(runner, path, MissingStates::Allow).message(),
              HasSubstr("no tensor \"head.bias\""));
  ASSERT_TRUE(writeSafetensors(path,
                               {{"head.weight", "F32", {1, 3}, values},
                                {"head.bias", "F32", {3}, values},
                                {"tail", "F32", {3}, values}},
                               {})
                  .ok());
  EXPECT_THAT(readWeights(runner, path, MissingStates::Allow).message(),
              HasSubstr("tensor \"tail\" is not one of"));
  EXPECT_EQ(runner.parameters().hostFloats()[0], 5);
}

// Non-finite weights are neither saved nor loaded, and the error names the
// tensor.
TEST(Checkpoint, RefusesNonFiniteWeights) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("nonfinite") + "/last";
  mark(runner, 4);
  ASSERT_TRUE(saveCheckpoint(path, runner, stateOf(4)).ok());
  runner.parameters().hostFloats()[17] = NAN;
  Status status = saveCheckpoint(path, runner, stateOf(5));
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_THAT(status.message(),
              HasSubstr("tensor \"head.bias\" (3) is nan at element 1"));
  EXPECT_EQ(loadCheckpoint(path, runner)->step, 4) << "the one before stays";
  runner.optimizer().hostFloats()[2] = INFINITY;
  EXPECT_THAT(saveCheckpoint(path, runner, stateOf(5)).message(),
              HasSubstr("\"velocity/head.weight\" (1x3) is inf"));

  float values[3] = {1, -INFINITY, 1};
  ASSERT_TRUE(writeSafetensors(path + ".w",
                               {{"head.weight", "F32", {1, 3}, values},
                                {"head.bias", "F32", {3}, values}},
                               {})
                  .ok());
  EXPECT_THAT(readWeights(runner, path + ".w", MissingStates::Allow).message(),
              HasSubstr("\"head.weight\" (1x3) is -inf at element 1"));
}

// Weights depend on the order of axes, which is recorded.
TEST(Checkpoint, RecordsTheOrientation) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("orientation") + "/last", found;
  mark(runner, 1);
  TrainState state = stateOf(1);
  ASSERT_TRUE(saveCheckpoint(path, runner, state).ok());
  EXPECT_EQ(loadCheckpoint(path, runner)->orientation, "");
  const std::string weights = path + "/model.safetensors";
  ASSERT_TRUE(readWeights(runner, weights, MissingStates::Refuse, &found).ok());
  EXPECT_EQ(found, "file") << "what segrun assumed before it was recorded";
  state.orientation = "RAS";
  ASSERT_TRUE(saveCheckpoint(path, runner, state).ok());
  EXPECT_EQ(loadCheckpoint(path, runner)->orientation, "RAS");
  ASSERT_TRUE(readWeights(runner, weights, MissingStates::Refuse, &found).ok());
  EXPECT_EQ(found, "RAS");
  state.orientation = "LPS";
  EXPECT_THAT(TrainState::fromJson(state.toJson(), "x").status().message(),
              HasSubstr("orientation"));
}

TEST(Checkpoint, FullDiskLeavesTheOldOne) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string path = freshFolder("full") + "/last";
  mark(runner, 1);
  ASSERT_TRUE(saveCheckpoint(path, runner, stateOf(1)).ok());
  // A limit of 300 bytes for files simulates a full disk.
  rlimit kept, small;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &kept), 0);
  small = kept;
  small.rlim_cur = 300;
  auto *handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  Status status = saveCheckpoint(path, runner, stateOf(2));
  setrlimit(RLIMIT_FSIZE, &kept);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), StatusCode::IoError);
  EXPECT_THAT(status.message(), HasSubstr("the one before is intact"));
  EXPECT_THAT(status.message(), HasSubstr("free some space"));
  EXPECT_EQ(loadCheckpoint(path, runner)->step, 1);
  EXPECT_FALSE(fs::exists(path + ".new"));
}

// A child process that saves continuously is killed at a hundred random times.
TEST(Checkpoint, SurvivesKill) {
  std::string path = freshFolder("kill") + "/last";
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  mark(runner, 1);
  ASSERT_TRUE(saveCheckpoint(path, runner, stateOf(1)).ok());
  CounterRng rng(1, 2);
  int64_t newest = 1;
  uint32_t window = 8000; // microseconds; longer on a busy machine
  for (int kill = 0; kill < 100; ++kill) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (int64_t step = newest + 1;; ++step) {
        mark(runner, step);
        if (!saveCheckpoint(path, runner, stateOf(step)).ok())
          _exit(1);
      }
    }
    usleep(200 + rng.bits(kill) % window);
    ::kill(child, SIGKILL);
    int ended = 0;
    ASSERT_EQ(waitpid(child, &ended, 0), child);
    ASSERT_TRUE(WIFSIGNALED(ended)) << "the child itself failed";
    std::string found = findCheckpoint(path);
    ASSERT_FALSE(found.empty());
    auto state = loadCheckpoint(found, runner);
    ASSERT_TRUE(state.ok()) << state.status().message();
    ASSERT_GE(state->step, newest);
    window = state->step > newest ? window : std::min(2 * window, 200000u);
    newest = state->step;
    ASSERT_EQ(runner.parameters().hostFloats()[0], float(newest));
    ASSERT_EQ(runner.optimizer().hostFloats()[0], float(-newest));
  }
  EXPECT_GT(newest, 1);
}

TEST(Checkpoint, FindsWeightsInAResultsFolder) {
  ThreadPool pool(1);
  ModelRunner runner = makeRunner(pool);
  std::string results = freshFolder("find");
  EXPECT_THAT(findWeights(results).status().message(),
              HasSubstr("holds no model.safetensors"));
  fs::create_directories(results + "/checkpoints");
  ASSERT_TRUE(
      saveCheckpoint(results + "/checkpoints/last", runner, stateOf(1)).ok());
  EXPECT_EQ(*findWeights(results),
            results + "/checkpoints/last/model.safetensors");
  ASSERT_TRUE(
      saveCheckpoint(results + "/checkpoints/best", runner, stateOf(1)).ok());
  EXPECT_EQ(*findWeights(results),
            results + "/checkpoints/best/model.safetensors");
  EXPECT_EQ(*findWeights(results + "/checkpoints/last"),
            results + "/checkpoints/last/model.safetensors");
}
