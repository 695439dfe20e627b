//===- DeviceTest.cpp - Contract of devices -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTestModel.h"
#include "FakeCuda.h"
#include "FakeDevice.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/EmulatedDevice.h"
#include "segc/Runtime/Device/HostDevice.h"

#include <deque>
#include <gmock/gmock.h>
#include <numeric>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Maker = std::shared_ptr<Device> (*)(ThreadPool &pool);

template <typename T>
std::shared_ptr<Device> make(ThreadPool &pool) {
  return std::make_shared<T>(pool);
}

std::shared_ptr<Device> makeCuda(ThreadPool &pool) {
  fakecuda::reset();
  auto device = makeCudaDevice(pool, 0);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return device.ok() ? *device : nullptr;
}

/// These tests run for each device.
class Devices : public testing::TestWithParam<Maker> {
protected:
  Devices() : pool(2), device(GetParam()(pool)) {
    stream = std::move(*device->createStream());
    other = std::move(*device->createStream());
    addsOne = &kernel(
        [](void *const *buffers, void *, int64_t, int64_t task) {
          static_cast<float *>(buffers[1])[task] =
              static_cast<const float *>(buffers[0])[task] + 1;
        },
        2, 0);
  }
  DeviceBuffer buffer(std::vector<float> values) {
    auto allocated = device->allocate(values.size() * 4, "test", false);
    EXPECT_TRUE(allocated.ok()) << allocated.status().message();
    EXPECT_TRUE(
        device->write(*stream, *allocated, 0, values.data(), values.size() * 4)
            .ok());
    return std::move(*allocated);
  }
  std::vector<float> valuesOf(const DeviceBuffer &buffer) {
    auto view = device->read(*stream, buffer);
    EXPECT_TRUE(view.ok()) << view.status().message();
    return {view->floats(), view->floats() + view->floatCount()};
  }
  /// Loads a model of one kernel and returns its launch.
  const segc_command &kernel(segc_kernel_fn function, uint32_t operands,
                             int64_t tasks) {
    CudaTestModel &model = models.emplace_back(
        "test" + std::to_string(models.size()), function, operands, tasks);
    fakecuda::addKernel(model.name, function);
    EXPECT_TRUE(device->load(model.version).ok());
    // Functions of these tests do the work of a whole block.
    if (device->kind() == SEGC_DEVICE_CUDA_EMULATED)
      model.command.threads = 1;
    return model.command;
  }
  /// Launches a kernel that stores each value of the first operand + 1 to the
  /// second.
  Status addOne(Stream &on, const DeviceBuffer &from, const DeviceBuffer &to) {
    // The number of samples is that of the values.
    KernelLaunch launch;
    launch.command = addsOne;
    launch.batch = static_cast<int64_t>(from.size() / 4);
    void *operands[] = {from.address().asPointer(), to.address().asPointer()};
    launch.operands = operands;
    return device->launch(on, launch);
  }

  ThreadPool pool;
  std::deque<CudaTestModel> models; ///< outlive the device
  const segc_command *addsOne = nullptr;
  std::shared_ptr<Device> device;
  std::unique_ptr<Stream> stream, other;
};

/// Devices whose kernels are functions with scratch memory.
class HostKernels : public Devices {};

TEST_P(Devices, MemoryIsZeroed) {
  auto allocated = device->allocate(12, "test", false);
  ASSERT_TRUE(allocated.ok());
  EXPECT_EQ(allocated->address().value % SEGC_ALIGNMENT, 0u);
  EXPECT_THAT(valuesOf(*allocated), ElementsAre(0, 0, 0));
  auto empty = device->allocate(0, "nothing", true);
  ASSERT_TRUE(empty.ok());
  EXPECT_FALSE(empty->address());
  EXPECT_TRUE(empty->intact());
  EXPECT_TRUE(valuesOf(*empty).empty());
}

TEST_P(Devices, LackOfMemoryIsAnError) {
  auto allocated = device->allocate(uint64_t{1} << 60, "arena", false);
  ASSERT_FALSE(allocated.ok());
  EXPECT_THAT(allocated.status().message(),
              HasSubstr("arena: cannot allocate 1152921504606846976 bytes"));
}

TEST_P(Devices, HostDataOnlyWhereMemoryIsShared) {
  DeviceBuffer a = buffer({1, 2});
  EXPECT_EQ(a.hostData() != nullptr, device->sharesHostMemory());
}

TEST_P(Devices, WritesStayInTheBuffer) {
  DeviceBuffer a = buffer({1, 2, 3});
  float value = 7;
  EXPECT_TRUE(device->write(*stream, a, 8, &value, 4).ok());
  EXPECT_THAT(valuesOf(a), ElementsAre(1, 2, 7));
  EXPECT_THAT(device->write(*stream, a, 12, &value, 4).message(),
              HasSubstr("4 bytes to byte 12 of a buffer of 12"));
  EXPECT_FALSE(device->write(*stream, a, ~uint64_t{0}, &value, 4).ok());
}

TEST_P(Devices, WorkOfAStreamIsInOrder) {
  DeviceBuffer a = buffer({1, 2}), b = buffer({0, 0}), c = buffer({0, 0});
  float values[2] = {};
  ASSERT_TRUE(addOne(*stream, a, b).ok());
  ASSERT_TRUE(
      device->copyOnDevice(*stream, c.address() + 4, b.address(), 4).ok());
  ASSERT_TRUE(addOne(*stream, c, c).ok());
  ASSERT_TRUE(device->copyToHost(*stream, values, c.address(), 8).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_THAT(values, ElementsAre(1, 3));
}

TEST_P(Devices, StreamsWaitForEvents) {
  DeviceBuffer a = buffer({1, 2}), b = buffer({0, 0});
  std::unique_ptr<Event> event = std::move(*device->createEvent());
  ASSERT_TRUE(addOne(*other, a, b).ok());
  ASSERT_TRUE(device->record(*event, *other).ok());
  ASSERT_TRUE(addOne(*other, b, a).ok()); // not waited for
  ASSERT_TRUE(device->wait(*stream, *event).ok());
  ASSERT_TRUE(addOne(*stream, b, b).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_THAT(valuesOf(b), ElementsAre(3, 4));
}

TEST_P(HostKernels, ScratchIsAWorkersOwn) {
  DeviceBuffer sums = buffer(std::vector<float>(64)),
               scratch = buffer(std::vector<float>(16 * device->workers()));
  void *operands[] = {sums.address().asPointer()};
  segc_command command = {};
  command.function = [](void *const *buffers, void *scratch, int64_t batch,
                        int64_t task) {
    auto *mine = static_cast<float *>(scratch);
    std::iota(mine, mine + 16, static_cast<float>(task));
    static_cast<float *>(buffers[0])[task] =
        std::accumulate(mine, mine + 16, static_cast<float>(batch));
  };
  command.operand_count = 1;
  command.tasks_per_sample = 32;
  const KernelLaunch launch = {&command, operands, scratch.address(), 64, 2};
  ASSERT_TRUE(device->launch(*stream, launch).ok());
  std::vector<float> values = valuesOf(sums);
  for (int task = 0; task < 64; ++task)
    EXPECT_EQ(values[task], 2 + 120 + 16 * task);
}

TEST_P(Devices, GraphsAreRecordedAndReplayed) {
  DeviceBuffer a = buffer({1, 2}), b = buffer({0, 0});
  ASSERT_TRUE(device->beginCapture(*stream).ok());
  EXPECT_FALSE(device->beginCapture(*stream).ok());
  ASSERT_TRUE(addOne(*stream, a, a).ok());
  ASSERT_TRUE(device->copyOnDevice(*stream, b.address(), a.address(), 8).ok());
  EXPECT_FALSE(device->synchronize(*stream).ok());
  auto graph = device->endCapture(*stream);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_FALSE(device->endCapture(*stream).ok());
  EXPECT_THAT(valuesOf(b), ElementsAre(0, 0)) << "recorded, not done";
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(device->replay(**graph, *stream).ok());
  EXPECT_THAT(valuesOf(b), ElementsAre(4, 5));
}

// A graph contains the work of all streams that depend on the stream of its
// capture.
TEST_P(Devices, GraphsHoldSeveralStreams) {
  DeviceBuffer a = buffer({1}), b = buffer({0});
  std::unique_ptr<Event> fork = std::move(*device->createEvent()),
                         join = std::move(*device->createEvent());
  ASSERT_TRUE(device->beginCapture(*stream).ok());
  ASSERT_TRUE(addOne(*stream, a, a).ok());
  ASSERT_TRUE(device->record(*fork, *stream).ok());
  ASSERT_TRUE(device->wait(*other, *fork).ok());
  ASSERT_TRUE(addOne(*other, a, b).ok());
  ASSERT_TRUE(device->record(*join, *other).ok());
  ASSERT_TRUE(device->wait(*stream, *join).ok());
  ASSERT_TRUE(addOne(*stream, b, b).ok());
  auto graph = device->endCapture(*stream);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(device->replay(**graph, *stream).ok());
  EXPECT_THAT(valuesOf(b), ElementsAre(5));
}

TEST_P(Devices, RefusesLaunchesWithoutAKernel) {
  EXPECT_FALSE(device->launch(*stream, {}).ok());
}

TEST_P(Devices, GuardsAroundBuffers) {
  auto guarded = device->allocate(64, "test", true);
  ASSERT_TRUE(guarded.ok());
  EXPECT_TRUE(guarded->intact());
  void *operands[] = {guarded->address().asPointer()};
  const segc_command &overrun =
      kernel([](void *const *buffers, void *, int64_t,
                int64_t) { static_cast<char *>(buffers[0])[64] = 0; },
             1, 1);
  ASSERT_TRUE(device->launch(*stream, {&overrun, operands}).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_FALSE(guarded->intact());
}

// Without guards: what other processes write would not be told from an overrun.
TEST_P(Devices, OtherProcessesMapMemoryOfTheHost) {
  auto shared = device->allocateShared(8, "test", /*guards=*/false);
  ASSERT_TRUE(shared.ok()) << shared.status().message();
  ASSERT_EQ(shared->shared() != nullptr, device->sharesHostMemory());
  if (shared->shared()) {
    EXPECT_EQ(shared->hostData(), shared->shared()->data());
  }
  auto guarded = device->allocateShared(8, "test", /*guards=*/true);
  ASSERT_TRUE(guarded.ok()) << guarded.status().message();
  EXPECT_EQ(guarded->shared(), nullptr);
}

TEST_P(Devices, StagingIsOfTheHost) {
  DeviceBuffer a = buffer({1, 2});
  auto staging = device->allocateStaging(8, "test");
  ASSERT_TRUE(staging.ok()) << staging.status().message();
  EXPECT_EQ(staging->hostFloats()[1], 0);
  ASSERT_TRUE(
      device->copyToHost(*stream, staging->hostData(), a.address(), 8).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_EQ(staging->hostFloats()[1], 2);
}

// What is copied may change at once. Sizes are of no part, a piece, parts and a
// rest.
TEST_P(Devices, CopiesThroughStaging) {
  for (size_t count : {0, 3, 100000, 5 << 20}) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 1.0F);
    const std::vector<float> expected = values;
    DeviceBuffer to = buffer(std::vector<float>(count));
    auto staging = device->allocateStaging(count * 4, "staging");
    ASSERT_TRUE(staging.ok()) << staging.status().message();
    Status status = device->copyThroughStaging(
        *stream, to.address(), staging->hostData(), values.data(), count * 4);
    values.assign(count, 0);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(valuesOf(to), expected) << count;
  }
}

TEST_P(Devices, LaunchesAreMeasured) {
  DeviceBuffer a = buffer({1, 2});
  ASSERT_TRUE(addOne(*stream, a, a).ok());
  void *operands[] = {a.address().asPointer(), a.address().asPointer()};
  const KernelLaunch launch = {addsOne, operands, {}, 0, 2};
  auto seconds = device->launchTimed(*stream, launch);
  ASSERT_TRUE(seconds.ok()) << seconds.status().message();
  EXPECT_GE(*seconds, 0);
  EXPECT_THAT(valuesOf(a), ElementsAre(3, 4));
}

TEST_P(Devices, ScalarsAdvance) {
  segc_scalars scalars = {};
  scalars.step = 1;
  scalars.loss_scale = 8;
  scalars.growth_interval = 1;
  DeviceBuffer finite = buffer({1, 0});
  auto memory = device->allocate(sizeof(scalars), "scalars", false);
  ASSERT_TRUE(memory.ok());
  ASSERT_TRUE(
      device->write(*stream, *memory, 0, &scalars, sizeof(scalars)).ok());
  for (uint64_t step : {0, 0, 1})
    ASSERT_TRUE(device
                    ->advanceScalars(*stream, finite.address() + 4 * step,
                                     memory->address())
                    .ok());
  ASSERT_TRUE(
      device->copyToHost(*stream, &scalars, memory->address(), sizeof(scalars))
          .ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_EQ(scalars.step, 3);
  EXPECT_EQ(scalars.loss_scale, 16);
  EXPECT_EQ(scalars.skipped_steps, 1);
}

// More values than a GPU adds at a time, on a part of a buffer, and in a graph.
TEST_P(Devices, SumsAreDivided) {
  constexpr size_t count = 300000;
  std::vector<float> sums(count), values(count);
  for (size_t i = 0; i < count; ++i) {
    sums[i] = static_cast<float>(i % 7);
    values[i] = 1.0f / static_cast<float>(i + 1);
  }
  DeviceBuffer to = buffer(sums), from = buffer(values),
               divisors = buffer({1, 3});
  ASSERT_TRUE(device->prepareAccumulation().ok());
  ASSERT_TRUE(device
                  ->accumulate(*stream, {to.address() + 4, from.address() + 4,
                                         divisors.address(), count - 2})
                  .ok());
  ASSERT_TRUE(device->beginCapture(*stream).ok());
  const Status recorded = device->accumulate(
      *stream, {to.address(), from.address(), divisors.address() + 4, count});
  auto graph = device->endCapture(*stream);
  ASSERT_TRUE(recorded.ok() && graph.ok()) << recorded.message();
  ASSERT_TRUE(device->replay(**graph, *stream).ok());
  for (size_t i = 1; i + 1 < count; ++i)
    sums[i] += values[i];
  for (size_t i = 0; i < count; ++i)
    sums[i] = (sums[i] + values[i]) / 3;
  EXPECT_EQ(valuesOf(to), sums);
  EXPECT_EQ(valuesOf(from), values);
}

INSTANTIATE_TEST_SUITE_P(Host, Devices, testing::Values(&make<HostDevice>));
INSTANTIATE_TEST_SUITE_P(Fake, Devices, testing::Values(&make<FakeDevice>));
INSTANTIATE_TEST_SUITE_P(Cuda, Devices, testing::Values(&makeCuda));
INSTANTIATE_TEST_SUITE_P(Emulated, Devices,
                         testing::Values(&make<EmulatedDevice>));
INSTANTIATE_TEST_SUITE_P(Host, HostKernels, testing::Values(&make<HostDevice>));
INSTANTIATE_TEST_SUITE_P(Fake, HostKernels, testing::Values(&make<FakeDevice>));

// The fake device delays work and checks addresses.
TEST(FakeDevice, RunsWorkWhenTheHostWaits) {
  ThreadPool pool(1);
  FakeDevice device(pool);
  std::unique_ptr<Stream> stream = std::move(*device.createStream());
  DeviceBuffer a = std::move(*device.allocate(4, "a", false));
  float in = 1, out = 0;
  ASSERT_TRUE(device.copyToDevice(*stream, a.address(), &in, 4).ok());
  in = 2;
  ASSERT_TRUE(device.copyToHost(*stream, &out, a.address(), 4).ok());
  EXPECT_EQ(out, 0);
  ASSERT_TRUE(device.synchronize(*stream).ok());
  EXPECT_EQ(out, 2) << "the memory of the host is read late";
}

TEST(FakeDevice, RefusesAddressesOutsideBuffers) {
  ThreadPool pool(1);
  FakeDevice device(pool);
  std::unique_ptr<Stream> stream = std::move(*device.createStream());
  DeviceBuffer a = std::move(*device.allocate(4, "a", false));
  float value = 0;
  ASSERT_TRUE(device.copyToHost(*stream, &value, a.address() + 4, 4).ok());
  EXPECT_THAT(device.synchronize(*stream).message(), HasSubstr("in no buffer"));
  EXPECT_FALSE(device.synchronize(*stream).ok()) << "a stream stays broken";
  EXPECT_FALSE(device.translate(DeviceAddress::of(&value), 4).ok());
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST(FakeDeviceDeathTest, HidesItsMemoryFromTheHost) {
  ThreadPool pool(1);
  FakeDevice device(pool);
  DeviceBuffer a = std::move(*device.allocate(4, "a", false));
  EXPECT_DEATH(
      {
        volatile float *pointer = static_cast<float *>(a.address().asPointer());
        std::exit(*pointer > 0 ? 0 : 0);
      },
      "");
}
#endif

} // namespace
