//===- ModelRunnerTest.cpp - Memory and calls of a model ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/NonFiniteFinder.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

namespace {

constexpr int64_t voxels = 512;

struct Fixture : testing::Test {
  ModelRunner make(const std::string &name, RunnerOptions options,
                   ThreadPool &pool) {
    auto model =
        ModelLibrary::load(SEGC_BINARY_DIR "/unittests/" + name + ".so");
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner = ModelRunner::create(*model, makeHostDevice(pool), options);
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    return std::move(*runner);
  }
  Fixture() : image(2 * voxels), label(2 * voxels) {
    for (int64_t i = 0; i < 2 * voxels; ++i) {
      image[i] = static_cast<float>(i % 7) - 3;
      label[i] = static_cast<int32_t>(i % 3);
    }
  }
  std::vector<float> train(ThreadPool &pool, int steps) {
    ModelRunner runner = make("FakeModel", {true, true}, pool);
    EXPECT_TRUE(runner.initialize(1).ok());
    segc_scalars scalars = {};
    scalars.learning_rate = 0.1f;
    scalars.momentum = 0.9f;
    scalars.loss_scale = 1;
    for (int i = 0; i < steps; ++i)
      EXPECT_TRUE(
          runner.call("train_step", {image.data(), label.data()}, 2, scalars)
              .ok());
    losses.push_back(runner.output("train_step", "loss").floats()[0]);
    const float *parameters = runner.parameters().hostFloats();
    return {parameters, parameters + 32};
  }
  /// Runs the search on a model that predicts finite values, then one that is
  /// not finite.
  void predictNan(const std::string &model,
                  std::optional<NonFiniteFinder::Finding> &finding) {
    ThreadPool pool(1);
    ModelRunner runner = make(model, {}, pool);
    NonFiniteFinder finder(runner.device(), runner.mainStream());
    ASSERT_TRUE(runner.initialize(0).ok());
    runner.setObserver(&finder);
    ASSERT_TRUE(runner.call("predict", {image.data()}, 2).ok());
    EXPECT_FALSE(finder.finding());
    image[5] = NAN;
    EXPECT_FALSE(runner.call("predict", {image.data()}, 2).ok());
    ASSERT_TRUE(finder.finding());
    finding = finder.finding();
  }
  std::vector<float> image;
  std::vector<int32_t> label;
  std::vector<float> losses;
};

} // namespace

TEST_F(Fixture, SameBytesOnAnyNumberOfThreads) {
  ThreadPool one(1), three(3);
  std::vector<float> a = train(one, 20), b = train(three, 20);
  EXPECT_EQ(std::memcmp(a.data(), b.data(), 128), 0);
  ThreadPool pool(1);
  train(pool, 1);
  EXPECT_LT(losses[0], losses[2]) << "20 steps are better than one";
}

TEST_F(Fixture, PredictUsesFreshWeights) {
  ThreadPool pool(2);
  // With guards the weights are a copy, which may be written.
  ModelRunner runner =
      make("FakeFrozen", {/*training=*/false, /*canaries=*/true}, pool);
  ASSERT_TRUE(runner.loadEmbeddedWeights().ok());
  ASSERT_TRUE(runner.call("predict", {image.data()}, 1).ok());
  const float *p = runner.output("predict", "probabilities").floats();
  EXPECT_NEAR(p[1] / p[0], std::exp(image[0]), 1e-5);
  runner.parameters().hostFloats()[0] = 2;
  runner.weightsChanged();
  ASSERT_TRUE(runner.call("predict", {image.data()}, 1).ok());
  EXPECT_NEAR(p[1] / p[0], 1, 1e-5);
}

// Runners that share weights have those of the model's file, which nobody
// writes, and arenas of their own.
TEST_F(Fixture, SharesWeights) {
  ThreadPool pool(2), other(1);
  AlignedBuffer images =
      std::move(*AlignedBuffer::create(image.size() * sizeof(float), "images"));
  std::copy(image.begin(), image.end(), images.floats());
  for (const char *name : {"FakeFrozen", "FakeFrozenProgram"}) {
    ModelRunner first = make(name, {}, pool);
    ASSERT_TRUE(first.loadEmbeddedWeights().ok());
    EXPECT_EQ(first.parameters().address().asPointer(),
              first.library().model().weights);
    StatusOr<ModelRunner> second = first.share(makeHostDevice(other));
    ASSERT_TRUE(second.ok()) << second.status().message();
    EXPECT_EQ(second->parameters().address().value,
              first.parameters().address().value);
    ASSERT_TRUE(first.call("predict", {images.data()}, 1).ok());
    ASSERT_TRUE(second->call("predict", {images.data()}, 1).ok());
    const float *a = first.output("predict", "probabilities").floats(),
                *b = second->output("predict", "probabilities").floats();
    EXPECT_NE(a, b);
    EXPECT_EQ(std::vector<float>(a, a + 512 * 3),
              std::vector<float>(b, b + 512 * 3));
    const float none = 0;
    EXPECT_EQ(second->write(second->parameters(), 0, &none, 4).code(),
              StatusCode::Internal);
  }
  EXPECT_EQ(make("FakeFrozen", {false, true}, pool)
                .share(makeHostDevice(other))
                .status()
                .code(),
            StatusCode::Internal);
}

// What predict gives, and what it takes, is the same with less memory.
TEST_F(Fixture, SharesOutputsAndReleasesWeights) {
  ThreadPool pool(2);
  AlignedBuffer images =
      std::move(*AlignedBuffer::create(image.size() * sizeof(float), "images"));
  std::copy(image.begin(), image.end(), images.floats());
  ModelRunner plain = make("FakeFrozenProgram", {}, pool),
              shared = make("FakeFrozenProgram", {}, pool);
  for (ModelRunner *runner : {&plain, &shared})
    ASSERT_TRUE(runner->loadEmbeddedWeights().ok());
  shared.shareOutputs("predict");
  ASSERT_TRUE(shared.releaseWeights().ok());
  EXPECT_EQ(shared.output("predict", "probabilities").data, nullptr);
  for (int i = 0; i < 2; ++i) {
    for (ModelRunner *runner : {&plain, &shared})
      ASSERT_TRUE(runner->call("predict", {images.data()}, 2).ok());
    const OutputView expected = plain.output("predict", "probabilities"),
                     output = shared.output("predict", "probabilities");
    EXPECT_EQ(std::memcmp(output.data, expected.data,
                          static_cast<size_t>(expected.signature->bytes())),
              0);
    images.floats()[3] += 1;
  }
  EXPECT_THAT(
      shared.call("evaluate_step", {images.data(), label.data()}, 2).message(),
      HasSubstr("called after the weights were released"));
  // The arena of predict is empty: probabilities lie behind the scratch, which
  // is counted with them.
  EXPECT_EQ(shared.predictionMemory().total(),
            plain.predictionMemory().total());
}

TEST_F(Fixture, RefusesWrongCalls) {
  ThreadPool pool(1);
  ModelRunner runner = make("FakeModel", {}, pool);
  EXPECT_THAT(runner.call("predict", {image.data()}, 3).message(),
              HasSubstr("batch 3 is outside 1..2"));
  EXPECT_THAT(runner.call("unheard_of", {}, 1).message(),
              HasSubstr("compiled without the entry unheard_of"));
  EXPECT_THAT(runner.call("predict", {}, 1).message(),
              HasSubstr("given 0 inputs"));
  EXPECT_THAT(runner.loadEmbeddedWeights().message(),
              HasSubstr("no weights are embedded"));
}

TEST_F(Fixture, CanariesSeeAnOverrun) {
  ThreadPool pool(1);
  ModelRunner guarded = make("FakeOverrun", {false, true}, pool);
  EXPECT_THAT(guarded.call("predict", {image.data()}, 1).message(),
              HasSubstr("predict wrote outside its outputs"));
}

TEST_F(Fixture, FinderNamesTheKernel) {
  std::optional<NonFiniteFinder::Finding> finding;
  ASSERT_NO_FATAL_FAILURE(predictNan("FakeModel", finding));
  EXPECT_EQ(finding->text(),
            "kernel 0 of predict, fake_predict (seg.fake at 1:1), wrote nan at "
            "element 15 of output 0");
}

TEST_F(Fixture, FinderReadsModelsThatSayNoTypes) {
  std::optional<NonFiniteFinder::Finding> finding;
  ASSERT_NO_FATAL_FAILURE(predictNan("FakeAbi1", finding));
}

TEST(NonFiniteFinder, ReadsSixteenBits) {
  ThreadPool pool(1);
  HostDevice device(pool);
  std::unique_ptr<Stream> stream = std::move(*device.createStream());
  // Some values are finite in only one of the two formats.
  const uint16_t values[] = {0x7bff, 0x7f7f, 0x0001, 0xfc00, 0x7f80, 0xff81};
  const void *outputs[] = {values};
  const uint64_t elements[] = {6};
  auto find = [&](uint8_t type) {
    segc_kernel_event event = {};
    event.struct_size = sizeof(event);
    event.output_count = 1;
    event.outputs = outputs;
    event.output_elements = elements;
    event.output_types = &type;
    NonFiniteFinder finder(device, *stream);
    EXPECT_TRUE(finder.end(event));
    return *finder.finding();
  };
  auto half = find(SEGC_F16);
  EXPECT_EQ(half.element, 1u);
  EXPECT_TRUE(std::isnan(half.value));
  auto brain = find(SEGC_BF16);
  EXPECT_EQ(brain.element, 4u);
  EXPECT_EQ(brain.value, INFINITY);
  const uint16_t negative[] = {0xfc00};
  outputs[0] = negative;
  const uint64_t one[] = {1};
  segc_kernel_event event = {};
  event.struct_size = sizeof(event);
  event.output_count = 1;
  event.outputs = outputs;
  event.output_elements = one;
  uint8_t type = SEGC_F16;
  event.output_types = &type;
  NonFiniteFinder finder(device, *stream);
  EXPECT_TRUE(finder.end(event));
  EXPECT_EQ(finder.finding()->value, -INFINITY);
}

TEST_F(Fixture, ProfilerTimesEachLaunch) {
  ThreadPool pool(1);
  ModelRunner runner = make("FakeModel", {}, pool);
  KernelProfiler profiler;
  runner.setObserver(&profiler);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(runner.call("predict", {image.data()}, 2).ok());
  ASSERT_EQ(profiler.kernels().size(), 1u);
  const KernelProfiler::Kernel &kernel = profiler.kernels()[0];
  EXPECT_EQ(kernel.seconds.size(), 3u);
  EXPECT_EQ(kernel.flops, 1e3);
  EXPECT_GT(kernel.tasks, 0);
  EXPECT_EQ(profiler.lastStep().size(), 3u);
  profiler.beginStep();
  ASSERT_TRUE(runner.call("predict", {image.data()}, 2).ok());
  ASSERT_EQ(profiler.lastStep().size(), 1u);
  EXPECT_EQ(profiler.lastStep()[0].kernel, 0u);
  EXPECT_GE(profiler.lastStep()[0].begin, 0);
  EXPECT_TRUE(profiler.tasksByWorker().empty());
  profiler.traceTasks(pool.workers());
  profiler.beginStep();
  ASSERT_TRUE(runner.call("predict", {image.data()}, 2).ok());
  ASSERT_EQ(profiler.tasksByWorker().size(), 1u);
  const auto &tasks = profiler.tasksByWorker()[0];
  ASSERT_EQ(tasks.size(), static_cast<size_t>(kernel.tasks));
  EXPECT_EQ(tasks[0].launch, 0u);
  EXPECT_GE(tasks[0].begin, profiler.lastStep()[0].begin);
  EXPECT_LE(tasks[0].seconds, profiler.lastStep()[0].seconds);
}
