//===- CudaTrainingTest.cpp - Runs on a GPU of the fake driver ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../FakeRun.h"
#include "FakeCuda.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/Trainer.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

struct CudaTraining : testing::Test {
  CudaTraining() : folder(freshFolder("cuda-training")) {
    batches = writeBatches(folder);
    fakecuda::reset();
    fakecuda::addKernelsOf(fakeModel("FakeCudaProgram"));
  }
  ModelRunner makeOn(std::shared_ptr<Device> device) {
    const VersionFilter filter = {
        device->kind(),
        [&](const segc_version &version) { return device->supports(version); }};
    auto model = ModelLibrary::load(fakeModel("FakeCudaProgram"), filter);
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner = ModelRunner::create(*model, std::move(device), {true, false});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    EXPECT_TRUE(runner->initialize(0).ok());
    return std::move(*runner);
  }
  ModelRunner onGpu() {
    auto device = makeCudaDevice(pool, 0);
    EXPECT_TRUE(device.ok()) << device.status().message();
    return makeOn(*device);
  }
  TrainState start() {
    TrainState state;
    state.network = "fake";
    state.batchSize = 2;
    state.lossScale = LossScale::start();
    return state;
  }
  /// Trains up to step `end`, with a checkpoint after every third.
  Status train(ModelRunner &runner, const std::string &name, TrainState &state,
               int64_t end) {
    TrainerConfig config;
    config.schedule.learningRate = 0.05;
    config.schedule.totalSteps = end;
    config.momentum = 0.9f;
    config.stepsPerEpoch = 3;
    config.saveEvery = 3;
    config.checkpoints = folder + "/" + name;
    SEGC_ASSIGN_OR_RETURN(
        auto source, makeFixedSource(batches, runner.manifest(), state.step));
    auto log = RunLog::open("", 0);
    return Trainer(runner, *source, *log, config, state, {}).run();
  }
  std::string weights(const std::string &name) {
    auto bytes = readFile(folder + "/" + name + "/last/model.safetensors");
    EXPECT_TRUE(bytes.ok()) << bytes.status().message();
    return bytes.ok() ? *bytes : "";
  }

  std::string folder, batches;
  ThreadPool pool{2};
};

} // namespace

// After a fault the last checkpoint is whole, and the host goes on from it to
// the bytes of a run that never left the host.
TEST_F(CudaTraining, ACheckpointSurvivesAFault) {
  {
    ModelRunner gpu = onGpu();
    fakecuda::failKernel("gradient_kernel", 8, 719);
    TrainState state = start();
    Status status = train(gpu, "moved", state, 9);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("unspecified launch failure"),
                      HasSubstr("from objective_kernel"),
                      HasSubstr("go on from the last checkpoint")));
  }
  EXPECT_THAT(fakecuda::misuses(), IsEmpty());
  ModelRunner host = makeOn(makeHostDevice(pool)),
              other = makeOn(makeHostDevice(pool));
  auto state = loadCheckpoint(folder + "/moved/last", host);
  ASSERT_TRUE(state.ok()) << state.status().message();
  EXPECT_EQ(state->step, 6);
  ASSERT_TRUE(train(host, "moved", *state, 9).ok());
  TrainState whole = start();
  ASSERT_TRUE(train(other, "stayed", whole, 9).ok());
  EXPECT_EQ(weights("moved"), weights("stayed"));
}

TEST_F(CudaTraining, TheSameBytesAsOnTheHost) {
  {
    ModelRunner gpu = onGpu();
    TrainState state = start();
    Status status = train(gpu, "gpu", state, 7);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  ModelRunner host = makeOn(makeHostDevice(pool));
  TrainState state = start();
  ASSERT_TRUE(train(host, "host", state, 7).ok());
  EXPECT_EQ(weights("gpu"), weights("host"));
  EXPECT_THAT(fakecuda::misuses(), IsEmpty());
  EXPECT_EQ(fakecuda::alive(), "");
}
