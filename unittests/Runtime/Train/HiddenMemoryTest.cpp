//===- HiddenMemoryTest.cpp - Runs in device memory -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeDevice.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/Weights.h"

#include <cmath>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

struct HiddenMemory : testing::Test {
  ModelRunner makeOn(std::shared_ptr<Device> device,
                     const std::string &name = "FakeModel") {
    auto model = ModelLibrary::load(fakeModel(name));
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner = ModelRunner::create(*model, std::move(device), {true, true});
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
  ModelRunner frozen = makeOn(fake, "FakeFrozen");
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

TEST_F(HiddenMemory, LackOfMemoryIsAnError) {
  fake->capacity = 1000;
  auto model = ModelLibrary::load(fakeModel());
  auto runner = ModelRunner::create(*model, fake, {true});
  ASSERT_FALSE(runner.ok());
  EXPECT_THAT(runner.status().message(), HasSubstr("on the device fake"));
}

// Entries of this version run only on the host.
TEST_F(HiddenMemory, EntriesNeedTheHost) {
  EXPECT_THAT(onFake.call("predict", {}, 1).message(),
              HasSubstr("run on the host alone, this is the device fake"));
}
