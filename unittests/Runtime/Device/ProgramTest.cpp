//===- ProgramTest.cpp - Programs on host and fake device -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include "FakeDevice.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Device/NonFiniteFinder.h"

#include <cmath>
#include <condition_variable>
#include <cstring>
#include <gmock/gmock.h>
#include <limits>
#include <thread>

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;

namespace {

constexpr int64_t voxels = 512;

/// The memory and the results of a runner after some steps.
struct Outcome {
  std::vector<float> losses, dice, finite, parameters, optimizer, states,
      gradients;
  segc_scalars scalars;
};

/// Collectives of two ranks, each on its own thread, that average in place.
class Average : public Collectives {
public:
  struct Group {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<float> sum, result; ///< sum of this round, result of the
                                    ///< previous one
    std::vector<segc_collective> seen;
    std::vector<std::string> streams; ///< streams of the collectives so far
    int arrived = 0, round = 0;
  };
  Average(Group &group, FakeDevice *fake) : group(group), fake(fake) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 2; }

  StatusOr<uint64_t> start(const segc_collective &collective) override {
    started.push_back(collective);
    return started.size() - 1;
  }
  Status wait(uint64_t ticket) override {
    exchange(started[ticket], static_cast<float *>(started[ticket].data));
    return Status::success();
  }
  Status enqueue(Stream &stream, const segc_collective &collective) override {
    return fake->call(stream, [this, collective]() -> Status {
      SEGC_ASSIGN_OR_RETURN(std::byte * data,
                            fake->translate(DeviceAddress::of(collective.data),
                                            collective.count * 4));
      exchange(collective, reinterpret_cast<float *>(data));
      return Status::success();
    });
  }

private:
  void exchange(const segc_collective &collective, float *data) {
    std::unique_lock<std::mutex> lock(group.mutex);
    group.seen.push_back(collective);
    group.streams.push_back(collective.stream);
    if (group.arrived++ == 0)
      group.sum.assign(collective.count, 0);
    for (uint64_t i = 0; i < collective.count; ++i)
      group.sum[i] += data[i];
    const int round = group.round;
    if (group.arrived == 2) {
      group.arrived = 0;
      group.result = group.sum;
      ++group.round;
      group.changed.notify_all();
    }
    group.changed.wait(lock, [&] { return group.round != round; });
    for (uint64_t i = 0; i < collective.count; ++i)
      data[i] = group.result[i] / 2;
  }

  Group &group;
  FakeDevice *fake;
  std::vector<segc_collective> started;
};

struct Programs : testing::Test {
  Programs() {
    for (int64_t i = 0; i < 2 * voxels; ++i) {
      image[i] = static_cast<float>(i % 7) - 3;
      label[i] = static_cast<int32_t>(i % 3);
    }
  }
  ModelRunner make(const std::string &name, std::shared_ptr<Device> device,
                   bool guards = true) {
    const VersionFilter filter = {
        device->kind(),
        [&](const segc_version &version) { return device->supports(version); }};
    auto model = ModelLibrary::load(
        SEGC_BINARY_DIR "/unittests/" + name + ".so", filter);
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner =
        ModelRunner::create(*model, std::move(device), {true, guards});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    EXPECT_TRUE(runner->initialize(1).ok());
    return std::move(*runner);
  }
  /// Returns a GPU of the fake driver that has the kernels of FakeCudaProgram.
  std::shared_ptr<Device> makeGpu() {
    fakecuda::reset();
    fakecuda::addKernelsOf(SEGC_BINARY_DIR "/unittests/FakeCudaProgram.so");
    auto device = makeCudaDevice(pool, 0);
    EXPECT_TRUE(device.ok()) << device.status().message();
    return *device;
  }
  static segc_scalars firstScalars() {
    segc_scalars scalars = {};
    scalars.learning_rate = 0.1f;
    scalars.momentum = 0.9f;
    scalars.weight_decay = 1e-3f;
    scalars.loss_scale = 32768;
    scalars.step = 1;
    scalars.growth_interval = 3;
    return scalars;
  }
  static std::vector<float> valuesOf(const ModelRunner &runner,
                                     const DeviceBuffer &buffer) {
    auto view = runner.read(buffer);
    EXPECT_TRUE(view.ok()) << view.status().message();
    return {view->floats(), view->floats() + view->floatCount()};
  }
  /// Trains with one call per step, or with two.
  Outcome train(ModelRunner &runner, int steps, bool halves = false) {
    Outcome outcome;
    outcome.scalars = firstScalars();
    for (int i = 0; i < steps; ++i) {
      Status status;
      if (halves) {
        status = runner.call("grad_step", {image, label}, 2, outcome.scalars);
        EXPECT_TRUE(status.ok()) << status.message();
        status = runner.call("apply_step", {}, 2, outcome.scalars);
      } else {
        status = runner.call("train_step", {image, label}, 2, outcome.scalars);
      }
      EXPECT_TRUE(status.ok()) << status.message();
      const char *entry = halves ? "grad_step" : "train_step";
      outcome.losses.push_back(runner.output(entry, "loss").floats()[0]);
      outcome.dice.push_back(runner.output(entry, "dice").floats()[1]);
      outcome.finite.push_back(
          runner.output(halves ? "apply_step" : entry, "finite").floats()[0]);
    }
    outcome.parameters = valuesOf(runner, runner.parameters());
    outcome.optimizer = valuesOf(runner, runner.optimizer());
    outcome.states = valuesOf(runner, runner.states());
    outcome.gradients = valuesOf(runner, runner.gradients());
    return outcome;
  }
  static void expectSame(const Outcome &a, const Outcome &b) {
    auto same = [](const std::vector<float> &x, const std::vector<float> &y) {
      ASSERT_EQ(x.size(), y.size());
      EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size() * 4), 0);
    };
    same(a.losses, b.losses);
    same(a.dice, b.dice);
    same(a.finite, b.finite);
    same(a.parameters, b.parameters);
    same(a.optimizer, b.optimizer);
    same(a.states, b.states);
    same(a.gradients, b.gradients);
    EXPECT_EQ(std::memcmp(&a.scalars, &b.scalars, sizeof(segc_scalars)), 0);
  }

  ThreadPool pool{2};
  std::shared_ptr<FakeDevice> fake = std::make_shared<FakeDevice>(pool);
  AlignedBuffer images =
      std::move(*AlignedBuffer::create(2 * voxels * 4, "images"));
  AlignedBuffer labels =
      std::move(*AlignedBuffer::create(2 * voxels * 4, "labels"));
  float *image = images.floats();
  int32_t *label = reinterpret_cast<int32_t *>(labels.data());
};

} // namespace

// A model of version 2, the same model with programs, and a device have the
// same results in all bits.
TEST_F(Programs, SameTrainingEverywhere) {
  ModelRunner before = make("FakeModel", makeHostDevice(pool)),
              host = make("FakeProgram", makeHostDevice(pool)),
              device = make("FakeProgram", fake, /*guards=*/false),
              guarded = make("FakeProgram", fake),
              halves = make("FakeProgram", fake, /*guards=*/false),
              gpu = make("FakeCudaProgram", makeGpu(), /*guards=*/false);
  Outcome expected = train(before, 7);
  EXPECT_LT(expected.losses.back(), expected.losses.front());
  EXPECT_EQ(expected.scalars.step, 8);
  EXPECT_EQ(expected.scalars.loss_scale, 4 * 32768) << "grown after 3 and 6";
  EXPECT_EQ(expected.scalars.finite_steps, 1);
  expectSame(train(host, 7), expected);
  expectSame(train(device, 7), expected);
  expectSame(train(guarded, 7), expected);
  expectSame(train(halves, 7, /*halves=*/true), expected);
  expectSame(train(gpu, 7), expected);
  EXPECT_EQ(fakecuda::calls("cuGraphLaunch"), 7);
  EXPECT_EQ(fakecuda::launches("update_kernel"), 7);
  EXPECT_EQ(fakecuda::calls("cuLaunchKernel"), 4) << "recorded once";
  EXPECT_THAT(fakecuda::misuses(), testing::IsEmpty());
}

TEST_F(Programs, StepsThatAreNotFiniteAreSkippedEverywhere) {
  image[3] = std::numeric_limits<float>::infinity();
  ModelRunner before = make("FakeModel", makeHostDevice(pool)),
              host = make("FakeProgram", makeHostDevice(pool)),
              device = make("FakeProgram", fake),
              gpu = make("FakeCudaProgram", makeGpu());
  const std::vector<float> start = valuesOf(device, device.parameters());
  for (ModelRunner *runner : {&before, &host, &device, &gpu}) {
    Outcome outcome = train(*runner, 2);
    EXPECT_EQ(outcome.parameters, start);
    EXPECT_EQ(outcome.finite.back(), 0);
    EXPECT_EQ(outcome.scalars.step, 1);
    EXPECT_EQ(outcome.scalars.skipped_steps, 2);
    EXPECT_EQ(outcome.scalars.loss_scale, 32768 / 4);
  }
}

TEST_F(Programs, PredictionsAreTheSame) {
  ModelRunner host = make("FakeProgram", makeHostDevice(pool)),
              device = make("FakeProgram", fake),
              gpu = make("FakeCudaProgram", makeGpu());
  for (int64_t batch : {2, 1, 2}) {
    ASSERT_TRUE(host.call("predict", {image}, batch).ok());
    for (ModelRunner *runner : {&device, &gpu}) {
      Status status = runner->call("predict", {image}, batch);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(
          std::memcmp(host.output("predict", "probabilities").data,
                      runner->output("predict", "probabilities").data,
                      static_cast<size_t>(batch * voxels * 3) * sizeof(float)),
          0);
    }
  }
  // Other weights are prepared again.
  const float weight = 5;
  ASSERT_TRUE(device.write(device.parameters(), 0, &weight, 4).ok());
  device.weightsChanged();
  ASSERT_TRUE(device.call("predict", {image}, 1).ok());
  EXPECT_NE(host.output("predict", "probabilities").floats()[0],
            device.output("predict", "probabilities").floats()[0]);
}

// A program is captured once. Later steps allocate nothing and copy only data.
// With guards each kernel is waited for instead.
TEST_F(Programs, StepsAreReplayed) {
  ModelRunner device = make("FakeProgram", fake, /*guards=*/false);
  segc_scalars scalars = firstScalars();
  auto step = [&] {
    ASSERT_TRUE(device.call("train_step", {image, label}, 2, scalars).ok());
  };
  step();
  const int allocations = fake->allocations, copies = fake->copies,
            launches = fake->launches;
  step();
  step();
  EXPECT_EQ(fake->replays, 3);
  EXPECT_EQ(fake->allocations, allocations);
  EXPECT_EQ(fake->launches, launches);
  EXPECT_EQ(fake->copies - copies, 2 * (2 + 3 + 2))
      << "inputs, outputs, scalars there and back";
}

TEST_F(Programs, ObserversSeeEachKernel) {
  ModelRunner device = make("FakeProgram", fake);
  KernelProfiler profiler;
  device.setObserver(&profiler);
  Outcome seen = train(device, 2);
  ASSERT_EQ(profiler.kernels().size(), 3u);
  EXPECT_EQ(profiler.kernels()[0].name, "objective_kernel");
  EXPECT_EQ(profiler.kernels()[0].tasks, 8);
  EXPECT_EQ(profiler.kernels()[2].name, "update_kernel");
  device.setObserver(nullptr);
  ModelRunner other = make("FakeProgram", fake);
  expectSame(train(other, 2), seen);
}

TEST_F(Programs, TheFirstKernelThatIsNotFiniteIsFound) {
  image[voxels + 5] = NAN;
  for (const std::shared_ptr<Device> &device :
       {makeHostDevice(pool), std::shared_ptr<Device>(fake), makeGpu()}) {
    ModelRunner runner = make("FakeCudaProgram", device);
    NonFiniteFinder finder(runner.device(), runner.mainStream());
    runner.setObserver(&finder);
    EXPECT_FALSE(runner.call("predict", {image}, 2).ok());
    ASSERT_TRUE(finder.finding()) << finder.failure().message();
    EXPECT_EQ(finder.finding()->text(),
              "kernel 0 of predict, predict_kernel (seg.fake at 1:1), wrote "
              "nan at element 1551 of output 0");
  }
}

// A kernel that faults is named: alone where each is waited for, else among
// those of the graph.
TEST_F(Programs, FaultsOfAGpuNameTheProgramAndItsKernels) {
  for (bool guards : {true, false}) {
    ModelRunner gpu = make("FakeCudaProgram", makeGpu(), guards);
    fakecuda::failKernel("update_kernel", 2, 700);
    segc_scalars scalars = firstScalars();
    ASSERT_TRUE(gpu.call("train_step", {image, label}, 2, scalars).ok());
    Status status = gpu.call("train_step", {image, label}, 2, scalars);
    EXPECT_THAT(
        status.message(),
        AllOf(HasSubstr("FakeCudaProgram.so: train_step"),
              HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"),
              HasSubstr(guards ? "in the kernel update_kernel (seg.fake at 1:1)"
                               : "in one of the 4 kernels since the last wait, "
                                 "from objective_kernel (seg.fake at 1:1) to "
                                 "segc_advance_scalars_kernel")));
    EXPECT_THAT(fakecuda::misuses(), testing::IsEmpty());
  }
}

TEST_F(Programs, ModelsWithoutAVersionForTheGpuAreRefused) {
  const std::shared_ptr<Device> gpu = makeGpu();
  auto model = ModelLibrary::load(SEGC_BINARY_DIR "/unittests/FakeProgram.so",
                                  {gpu->kind(), nullptr});
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.status().message(),
              AllOf(HasSubstr("compiled for fake-cpu"),
                    HasSubstr("--target cpu,cuda")));
}

// Both ranks end with the parameters of the averaged gradients.
TEST_F(Programs, CollectivesJoinTwoRunners) {
  for (bool onHost : {true, false}) {
    Average::Group group;
    std::vector<Outcome> outcomes(2);
    auto rank = [&](int number) {
      ThreadPool threads(1);
      auto device = onHost ? nullptr : std::make_shared<FakeDevice>(threads);
      ModelRunner runner =
          make("FakeRanks", device ? std::static_pointer_cast<Device>(device)
                                   : makeHostDevice(threads));
      Average average(group, device.get());
      runner.setCollectives(&average);
      AlignedBuffer own =
          std::move(*AlignedBuffer::create(2 * voxels * 4, "images"));
      for (int64_t i = 0; i < 2 * voxels; ++i)
        own.floats()[i] = image[i] + static_cast<float>(number);
      outcomes[number].scalars = firstScalars();
      for (int i = 0; i < 3; ++i) {
        Status status = runner.call("train_step", {own.data(), label}, 2,
                                    outcomes[number].scalars);
        ASSERT_TRUE(status.ok()) << status.message();
      }
      outcomes[number].parameters = valuesOf(runner, runner.parameters());
      outcomes[number].gradients = valuesOf(runner, runner.gradients());
    };
    std::thread other([&] { rank(1); });
    rank(0);
    other.join();
    EXPECT_EQ(outcomes[0].parameters, outcomes[1].parameters);
    EXPECT_EQ(outcomes[0].gradients, outcomes[1].gradients);
    ModelRunner alone = make("FakeProgram", makeHostDevice(pool));
    EXPECT_NE(train(alone, 3).parameters, outcomes[0].parameters);
    ASSERT_EQ(group.seen.size(), 6u);
    EXPECT_EQ(group.seen[0].kind, uint32_t{SEGC_COLLECTIVE_MEAN});
    EXPECT_EQ(group.seen[0].type, uint32_t{SEGC_F32});
    EXPECT_EQ(group.seen[0].region, uint32_t{SEGC_REGION_GRADIENTS});
    EXPECT_EQ(group.streams[0], "communication");
    EXPECT_EQ(group.seen[0].count, 32u);
    EXPECT_EQ(group.seen[0].travels_as, uint32_t{SEGC_F32});
    EXPECT_EQ(group.seen[0].index, 0u);
    EXPECT_EQ(group.seen[0].of, 1u);
  }
}

namespace {
/// Collectives that fail: when they are started, or later.
struct Broken : Collectives {
  explicit Broken(bool starts) : starts(starts) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return 2; }
  StatusOr<uint64_t> start(const segc_collective &) override {
    return starts ? StatusOr<uint64_t>(uint64_t{7}) : ioError(message);
  }
  Status wait(uint64_t ticket) override {
    EXPECT_EQ(ticket, 7u);
    return ioError(message);
  }
  Status enqueue(Stream &, const segc_collective &) override {
    return ioError(message);
  }
  const char *message = "the other rank is gone";
  bool starts;
};
} // namespace

TEST_F(Programs, FailuresOfCollectivesAreTold) {
  for (bool starts : {true, false}) {
    Broken broken(starts);
    for (const std::shared_ptr<Device> &device :
         {makeHostDevice(pool), std::shared_ptr<Device>(fake)}) {
      ModelRunner runner = make("FakeRanks", device);
      runner.setCollectives(&broken);
      segc_scalars scalars = firstScalars();
      const Status status =
          runner.call("train_step", {image, label}, 2, scalars);
      EXPECT_EQ(status.code(), StatusCode::IoError);
      EXPECT_THAT(status.message(), HasSubstr("the other rank is gone"));
    }
  }
}

// The only rank trains as a program without collectives does.
TEST_F(Programs, CollectivesOfOneRank) {
  for (const std::shared_ptr<Device> &device :
       {makeHostDevice(pool), std::shared_ptr<Device>(fake)}) {
    ModelRunner ranks = make("FakeRanks", device),
                alone = make("FakeProgram", makeHostDevice(pool));
    EXPECT_EQ(train(ranks, 3).parameters, train(alone, 3).parameters);
  }
}

// Missing libraries of a program are reported before any command runs.
TEST_F(Programs, LibrariesAreNeeded) {
  for (const std::shared_ptr<Device> &device :
       {makeHostDevice(pool), std::shared_ptr<Device>(fake)}) {
    ModelRunner library = make("FakeLibrary", device);
    EXPECT_THAT(
        library.call("predict", {image}, 2).message(),
        AllOf(HasSubstr("predict"), HasSubstr("library"), HasSubstr("cudnn")));
  }
}

// A processor has no libraries, and runs what computes the same.
TEST_F(Programs, AlternativesOfCalls) {
  ModelRunner library = make("FakeAlternatives", makeHostDevice(pool));
  Status status = library.call("predict", {image}, 2);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(Programs, DevicesNeedPrograms) {
  auto model = ModelLibrary::load(SEGC_BINARY_DIR "/unittests/FakeModel.so");
  auto runner = ModelRunner::create(*model, fake, {});
  ASSERT_FALSE(runner.ok());
  EXPECT_THAT(runner.status().message(),
              HasSubstr("a model of ABI 2 runs on the host alone, this is the "
                        "device fake"));
}

// Hosts of other versions pass structs of other sizes.
TEST_F(Programs, HostsOfOtherSizesAreServed) {
  auto model = ModelLibrary::load(SEGC_BINARY_DIR "/unittests/FakeProgram.so");
  ASSERT_TRUE(model.ok()) << model.status().message();
  struct {
    segc_services known;
    void *more[4];
  } services = {};
  struct {
    segc_call known;
    void *more[4];
  } call = {};
  std::memset(services.more, 0xee, sizeof(services.more));
  std::memset(call.more, 0xee, sizeof(call.more));
  services.known.struct_size = sizeof(services);
  services.known.workers = 1;
  call.known.struct_size = sizeof(call);
  call.known.batch = 1;
  alignas(64) float parameters[32] = {}, prepared[16] = {}, arena[16] = {};
  alignas(64) float output[2 * voxels * 3] = {};
  alignas(64) float input[voxels] = {};
  segc_scalars scalars = {};
  void *inputs[] = {input}, *outputs[] = {output};
  call.known.parameters = parameters;
  call.known.prepared = prepared;
  call.known.arena = arena;
  call.known.arena_bytes = sizeof(arena);
  call.known.inputs = inputs;
  call.known.outputs = outputs;
  call.known.input_count = call.known.output_count = 1;
  call.known.scalars = &scalars;
  segc_message message = {};
  EXPECT_EQ((*model)->model().predict(&services.known, &call.known, &message),
            SEGC_OK)
      << message.text;
  EXPECT_FLOAT_EQ(output[0], 1.0f / 3);
  // Memory after a smaller struct is not read.
  std::memset(static_cast<void *>(&services.known.kernel_begin), 0xee,
              sizeof(segc_services) - offsetof(segc_services, kernel_begin));
  services.known.struct_size = offsetof(segc_services, kernel_begin);
  EXPECT_EQ((*model)->model().predict(&services.known, &call.known, &message),
            SEGC_OK)
      << message.text;
  services.known.struct_size = 8;
  EXPECT_EQ((*model)->model().predict(&services.known, &call.known, &message),
            SEGC_INVALID_ARGUMENT);
  EXPECT_STREQ(message.text,
               "predict: expected services of at least 24, got 8");
}
