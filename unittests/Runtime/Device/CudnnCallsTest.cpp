//===- CudnnCallsTest.cpp - Programs that call cuDNN ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include "FakeCudnn.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/ProgramRunner.h"

#include <cstdlib>
#include <gmock/gmock.h>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// image * filter of one channel and one tap on 2x2 images.
class CudnnCalls : public testing::Test {
protected:
  CudnnCalls() {
    fakecuda::reset();
    fakecudnn::counts() = {};
    fakecudnn::workspaceBytes = 256;
    auto made = PrivateTemporaryFolder::create();
    EXPECT_TRUE(made.ok()) << made.status().message();
    cache.emplace(std::move(*made));
    setenv("XDG_CACHE_HOME", cache->path().c_str(), 1);
    operands[0] = {SEGC_REGION_INPUT, 0, 0, 0, 4, SEGC_F32, 0};
    operands[1] = {SEGC_REGION_PARAMETERS, 0, 0, 1, 0, SEGC_F32, 0};
    operands[2] = {SEGC_REGION_OUTPUT, 0, 0, 0, 4, SEGC_F32, 0};
    command.kind = SEGC_COMMAND_CALL;
    command.name = "cudnn";
    command.options = options;
    command.operands = operands;
    command.operand_count = 3;
    command.input_count = 2;
    command.output_count = 1;
    program.name = "predict";
    program.commands = &command;
    program.command_count = 1;
    program.streams = &stream;
    program.stream_count = 1;
    open();
  }
  ~CudnnCalls() override {
    close();
    EXPECT_THAT(fakecuda::misuses(), IsEmpty());
    EXPECT_EQ(fakecuda::alive(), "");
    EXPECT_EQ(fakecudnn::counts().alive, 0);
    unsetenv("XDG_CACHE_HOME");
  }
  void open() {
    device = *makeCudaDevice(pool, 0);
    main = std::move(*device->createStream());
    image = std::move(*device->allocate(32, "image"));
    filter = std::move(*device->allocate(4, "filter"));
    result = std::move(*device->allocate(32, "result"));
    const float values[] = {1, 2, 3, 4, 5, 6, 7, 8}, factor = 3;
    EXPECT_TRUE(device->write(*main, image, 0, values, 32).ok());
    EXPECT_TRUE(device->write(*main, filter, 0, &factor, 4).ok());
    memory.inputs = {image.address()};
    memory.outputs = {result.address()};
    memory.flat[SEGC_REGION_PARAMETERS] = filter.address();
    runner.emplace(*device, *main);
  }
  void close() {
    runner.reset();
    for (DeviceBuffer *buffer : {&image, &filter, &result})
      *buffer = DeviceBuffer();
    main.reset();
    device.reset();
  }
  std::vector<float> run(int64_t batch) {
    const std::vector<float> zeros(8);
    EXPECT_TRUE(device->write(*main, result, 0, zeros.data(), 32).ok());
    Status status = runner->run(program, memory, batch, nullptr);
    EXPECT_TRUE(status.ok()) << status.message();
    auto view = device->read(*main, result);
    EXPECT_TRUE(view.ok()) << view.status().message();
    return {view->floats(), view->floats() + 8};
  }

  ThreadPool pool{1};
  std::optional<PrivateTemporaryFolder> cache;
  const char *stream = "compute";
  const char *options =
      R"({"convolution": "forward", "type": "f32", "image": [2, 2, 1],
          "filter": [1, 1, 1, 1], "strides": [1, 1], "padding_before": [0, 0],
          "padding_after": [0, 0], "tensor_cores": false})";
  segc_operand operands[3];
  segc_command command = {};
  segc_program program = {};
  std::shared_ptr<Device> device;
  std::unique_ptr<Stream> main;
  DeviceBuffer image, filter, result;
  ProgramMemory memory;
  std::optional<ProgramRunner> runner;
};

} // namespace

// The first call loads the library's code, the second one is recorded.
TEST_F(CudnnCalls, AreRecordedTheSecondTime) {
  const auto two = ElementsAre(3, 6, 9, 12, 15, 18, 21, 24);
  EXPECT_THAT(run(2), two);
  EXPECT_EQ(fakecuda::calls("cuStreamBeginCapture"), 0);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(run(2), two);
  EXPECT_EQ(fakecuda::calls("cuGraphLaunch"), 3);
  EXPECT_EQ(fakecudnn::counts().executions, 2) << "once each way";
  EXPECT_EQ(fakecudnn::counts().heuristics, 1);
}

// Another number of samples has a plan of its own; graphs that were recorded
// before keep their workspace.
TEST_F(CudnnCalls, HaveAPlanForEachBatch) {
  run(2);
  run(2);
  fakecudnn::workspaceBytes = 4096;
  EXPECT_THAT(run(1), ElementsAre(3, 6, 9, 12, 0, 0, 0, 0));
  EXPECT_THAT(run(1), ElementsAre(3, 6, 9, 12, 0, 0, 0, 0));
  EXPECT_THAT(run(2), ElementsAre(3, 6, 9, 12, 15, 18, 21, 24));
  EXPECT_EQ(fakecudnn::counts().heuristics, 2);
}

TEST_F(CudnnCalls, TakeTheKeptPlanInTheNextProcess) {
  run(2);
  close();
  open();
  EXPECT_THAT(run(2), ElementsAre(3, 6, 9, 12, 15, 18, 21, 24));
  EXPECT_EQ(fakecudnn::counts().heuristics, 1);
}

TEST_F(CudnnCalls, AreRefusedBeforeAnythingRuns) {
  auto refused = [&](const std::string &text) {
    Status status = runner->run(program, memory, 2, nullptr);
    EXPECT_THAT(status.message(), HasSubstr("predict, " + text));
    EXPECT_EQ(fakecudnn::counts().executions, 0);
  };
  operands[1].elements_fixed = 2;
  refused("cudnn: operand 1 has 2 elements");
  command.options = nullptr;
  refused("cudnn: options of the call of cudnn");
  command.name = "cublas";
  refused("cublas: the device cuda:0 (Fake GPU) has no library of this name");
}

TEST_F(CudnnCalls, LackOfMemoryForTheWorkspaceIsAnError) {
  fakecuda::failCall("cuMemAlloc", fakecuda::calls("cuMemAlloc") + 1, 2);
  EXPECT_THAT(runner->run(program, memory, 2, nullptr).message(),
              HasSubstr("workspace of cuDNN: cannot allocate 256 bytes"));
}
