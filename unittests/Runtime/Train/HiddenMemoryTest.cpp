//===- HiddenMemoryTest.cpp - Runs in device memory -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../FakeRun.h"
#include "FakeDevice.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Device/Weights.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/Trainer.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

struct HiddenMemory : testing::Test {
  ModelRunner makeOn(std::shared_ptr<Device> device,
                     const std::string &name = "FakeProgram") {
    auto model = ModelLibrary::load(fakeModel(name));
    EXPECT_TRUE(model.ok()) << model.status().message();
    // Without guards, so that programs are replayed.
    auto runner = ModelRunner::create(*model, std::move(device), {true, false});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    return std::move(*runner);
  }
  std::string bytesOf(const std::string &path) {
    auto bytes = readFile(path);
    EXPECT_TRUE(bytes.ok()) << bytes.status().message();
    return bytes.ok() ? *bytes : "";
  }

  ThreadPool pool{2};
  std::shared_ptr<FakeDevice> fake = std::make_shared<FakeDevice>(pool);
  ModelRunner onHost = makeOn(makeHostDevice(pool)), onFake = makeOn(fake);
};

} // namespace

TEST_F(HiddenMemory, CheckpointsHaveTheSameBytes) {
  const std::string folder = freshFolder("device-memory");
  for (auto [runner, name] : {std::pair(&onHost, "host"), {&onFake, "fake"}}) {
    ASSERT_TRUE(runner->initialize(5).ok());
    TrainState state;
    state.network = "fake";
    state.batchSize = 2;
    ASSERT_TRUE(saveCheckpoint(folder + "/" + name, *runner, state).ok());
  }
  for (const char *file : {"model.safetensors", "optimizer.safetensors"})
    EXPECT_EQ(bytesOf(folder + "/host/" + file),
              bytesOf(folder + "/fake/" + file));
}

TEST_F(HiddenMemory, CheckpointsComeBack) {
  const std::string folder = freshFolder("device-memory-back");
  ASSERT_TRUE(onHost.initialize(6).ok());
  onHost.states().hostFloats()[0] = 0.5f;
  onHost.optimizer().hostFloats()[16] = 3;
  TrainState state;
  state.network = "fake";
  state.batchSize = 2;
  ASSERT_TRUE(saveCheckpoint(folder + "/last", onHost, state).ok());
  auto loaded = loadCheckpoint(folder + "/last", onFake);
  ASSERT_TRUE(loaded.ok()) << loaded.status().message();
  auto same = [&](const DeviceBuffer &fakes, const DeviceBuffer &hosts) {
    auto view = onFake.read(fakes);
    ASSERT_TRUE(view.ok()) << view.status().message();
    EXPECT_EQ(std::memcmp(view->data(), hosts.hostData(), hosts.size()), 0);
  };
  same(onFake.parameters(), onHost.parameters());
  same(onFake.states(), onHost.states());
  same(onFake.optimizer(), onHost.optimizer());
}

TEST_F(HiddenMemory, EmbeddedWeights) {
  ModelRunner frozen = makeOn(fake, "FakeFrozenProgram");
  ASSERT_TRUE(frozen.loadEmbeddedWeights().ok());
  auto view = frozen.read(frozen.parameters());
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(view->floats()[2], 3);
}

TEST_F(HiddenMemory, NonFiniteWeightsAreNamed) {
  ASSERT_TRUE(onFake.initialize(0).ok());
  EXPECT_TRUE(checkFiniteWeights(onFake, "here").ok());
  const float nan = NAN;
  ASSERT_TRUE(onFake.write(onFake.parameters(), 68, &nan, 4).ok());
  EXPECT_THAT(checkFiniteWeights(onFake, "here").message(),
              HasSubstr("here: tensor \"head.bias\" (3) is nan at element 1"));
}

// What the model takes is held against what is free before anything is
// allocated.
TEST_F(HiddenMemory, LackOfMemoryIsAnError) {
  const uint64_t taken = **fake->freeBytes();
  fake->capacity -= taken - 1000;
  auto model = ModelLibrary::load(fakeModel("FakeProgram"));
  const int before = fake->allocations;
  auto runner = ModelRunner::create(*model, fake, {true});
  ASSERT_FALSE(runner.ok());
  EXPECT_EQ(fake->allocations, before);
  EXPECT_THAT(
      runner.status().message(),
      HasSubstr("the model takes 9236 bytes on fake, where 1000 are free: "
                "parameters 128, states 64, prepared filters 64, gradients "
                "128, optimizer state 128, inputs and outputs 8212, arena of "
                "train_step 512 bytes; use a smaller batch"));
}

// Whole runs on host and device have the same checkpoints, with and without
// resuming, even if steps are skipped.
TEST_F(HiddenMemory, TrainingHasTheSameBytes) {
  const std::string folder = freshFolder("hidden-training");
  // A step with an infinite voxel is skipped in every epoch.
  const std::string batches = writeBatches(folder, INFINITY);
  for (auto [runner, name] : {std::pair(&onHost, "host"), {&onFake, "fake"}}) {
    ASSERT_TRUE(runner->initialize(0).ok());
    TrainerConfig config;
    config.schedule.kind = Schedule::Kind::Cosine;
    config.schedule.learningRate = 0.05;
    config.momentum = 0.9f;
    config.stepsPerEpoch = 3;
    config.checkpoints = folder + "/" + name;
    TrainState state;
    state.network = "fake";
    state.batchSize = 2;
    state.lossScale = LossScale::start();
    for (int64_t end : {5, 11}) {
      config.schedule.totalSteps = end;
      auto source = makeFixedSource(batches, runner->manifest(), state.step);
      ASSERT_TRUE(source.ok()) << source.status().message();
      auto log = RunLog::open("", 0);
      Trainer trainer(*runner, **source, *log, config, state, {});
      Status status = trainer.run();
      ASSERT_TRUE(status.ok()) << status.message();
      auto resumed = loadCheckpoint(config.checkpoints + "/last", *runner);
      ASSERT_TRUE(resumed.ok()) << resumed.status().message();
      state = *resumed;
    }
    EXPECT_EQ(state.applied, 7) << name;
    EXPECT_EQ(state.lossScale.scale, 32768 / 16) << name;
  }
  for (const char *file : {"model.safetensors", "optimizer.safetensors"})
    EXPECT_EQ(bytesOf(folder + "/host/last/" + file),
              bytesOf(folder + "/fake/last/" + file));
  EXPECT_GT(fake->replays, 0);
}
