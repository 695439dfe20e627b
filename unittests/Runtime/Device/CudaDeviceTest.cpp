//===- CudaDeviceTest.cpp - Kernels, memory and faults of a GPU -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/CudaDevice.h"
#include "CudaTestModel.h"
#include "FakeCuda.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// Adds the batch to each value.
void addBatch(void *const *buffers, void *, int64_t batch, int64_t task) {
  static_cast<float *>(buffers[0])[task] += static_cast<float>(batch);
}

class CudaDevices : public testing::Test {
protected:
  void make(const fakecuda::Machine &machine = {}) {
    fakecuda::reset(machine);
    fakecuda::addKernel("add", addBatch);
    fakecuda::addKernel("scale", addBatch);
    auto made = makeCudaDevice(pool, 0);
    ASSERT_TRUE(made.ok()) << made.status().message();
    device = *made;
    stream = std::move(*device->createStream());
    buffer = std::move(*device->allocate(16, "values"));
  }
  void TearDown() override {
    buffer = DeviceBuffer();
    stream.reset();
    device.reset();
    if (!misused) {
      EXPECT_THAT(fakecuda::misuses(), IsEmpty());
    }
    if (!faulted) {
      EXPECT_EQ(fakecuda::alive(), "");
    }
  }
  uint64_t freeBytes() const {
    const auto free = device->freeBytes();
    return free.ok() ? free->value_or(0) : 0;
  }
  Status launch(const CudaTestModel &model) {
    void *operands[] = {buffer.address().asPointer()};
    return device->launch(*stream, {&model.command, operands, {}, 0, 2});
  }

  ThreadPool pool{1};
  CudaTestModel model{"add", nullptr, 1, 4}, second{"scale", nullptr, 1, 4};
  std::shared_ptr<Device> device;
  std::unique_ptr<Stream> stream;
  DeviceBuffer buffer;
  bool faulted = false; ///< nothing can be freed
  bool misused = false; ///< on purpose
};

} // namespace

TEST_F(CudaDevices, LaunchHasTheShapeOfTheCommand) {
  make();
  model.command.shared_bytes = 512;
  ASSERT_TRUE(device->load(model.version).ok());
  ASSERT_TRUE(launch(model).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_EQ(fakecuda::launches("add"), 1);
  EXPECT_EQ(fakecuda::shapeOf("add"), std::make_pair(128u, 512u));
  auto view = device->read(*stream, buffer);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->floats()[3], 2) << "the batch is the last parameter";
}

TEST_F(CudaDevices, SharedMemoryIsOptedIn) {
  make();
  second.command.shared_bytes = 200 * 1024;
  ASSERT_TRUE(device->load(model.version).ok());
  const int before = fakecuda::calls("cuFuncSetAttribute");
  ASSERT_TRUE(device->load(second.version).ok());
  EXPECT_EQ(fakecuda::calls("cuFuncSetAttribute") - before, 1);
  ASSERT_TRUE(launch(second).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
}

// What is used has memory, in whole granules, and what lies between has none:
// nobody can copy it. Kernels are given the address of the first byte whether
// it has memory or not.
TEST_F(CudaDevices, PartsOfABufferHaveMemory) {
  make();
  constexpr uint64_t granule = 4096, bytes = 10 * granule;
  const std::vector<ByteRange> used = {{granule + 8, granule + 16},
                                       {2 * granule + 4, 2 * granule + 8},
                                       {9 * granule, bytes}};
  const uint64_t free = freeBytes();
  ASSERT_TRUE(device->bytesOfParts(bytes, used).ok());
  EXPECT_EQ(*device->bytesOfParts(bytes, used), 3 * granule);
  {
    auto parts = device->allocateParts(bytes, used, "states");
    ASSERT_TRUE(parts.ok()) << parts.status().message();
    EXPECT_EQ(parts->size(), bytes);
    EXPECT_EQ(freeBytes(), free - 3 * granule);
    const DeviceAddress base = parts->address();
    const auto zeros = device->read(*stream, base + granule, 2 * granule);
    ASSERT_TRUE(zeros.ok()) << zeros.status().message();
    EXPECT_EQ(zeros->floats()[2], 0);
    EXPECT_FALSE(device->read(*stream, base, 8).ok());
    EXPECT_FALSE(device->read(*stream, base + 2 * granule, 2 * granule).ok());
    const float value = 3;
    EXPECT_TRUE(
        device->write(*stream, *parts, 9 * granule, &value, sizeof(value))
            .ok());
    EXPECT_FALSE(
        device->write(*stream, *parts, 5 * granule, &value, sizeof(value))
            .ok());
    fakecuda::addKernel("add",
                        [](void *const *buffers, void *, int64_t, int64_t) {
                          auto *values = static_cast<float *>(buffers[0]);
                          ++values[9 * granule / sizeof(float)];
                        });
    ASSERT_TRUE(device->load(model.version).ok());
    void *operands[] = {base.asPointer()};
    ASSERT_TRUE(
        device->launch(*stream, {&model.command, operands, {}, 0, 2}).ok());
    const auto sum = device->read(*stream, base + 9 * granule, 4);
    ASSERT_TRUE(sum.ok()) << sum.status().message();
    EXPECT_EQ(sum->floats()[0], 3 + 4) << "one of each block";
  }
  EXPECT_EQ(freeBytes(), free);
  EXPECT_EQ(fakecuda::misuses().size(), 3u);
  misused = true;
}

// A rank may own nothing, and memory may be short.
TEST_F(CudaDevices, PartsThatAreNoneOrTooLarge) {
  fakecuda::Machine small;
  small.memory = 16384;
  make(small);
  const auto none = device->allocateParts(uint64_t{1} << 30, {}, "states");
  ASSERT_TRUE(none.ok()) << none.status().message();
  const auto parts = device->allocateParts(
      uint64_t{1} << 30, {{0, 8192}, {16384, 32768}}, "states");
  EXPECT_THAT(parts.status().message(),
              AllOf(HasSubstr("states: cannot allocate 16384 bytes on cuda:0"),
                    HasSubstr(" are free")));
}

TEST_F(CudaDevices, WithoutVirtualMemoryAllHasMemory) {
  fakecuda::Machine old;
  old.hasVirtualMemory = false;
  make(old);
  const std::vector<ByteRange> used = {{0, 4}};
  EXPECT_EQ(*device->bytesOfParts(65536, used), 65536u);
  testing::internal::CaptureStderr();
  const auto parts = device->allocateParts(65536, used, "states");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("segrun: note: cuda:0 (Fake GPU) has no virtual "
                        "memory: states takes 65536 bytes, those of other "
                        "ranks included"));
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_TRUE(device->read(*stream, parts->address() + 32768, 4).ok());
}

// A launch of a part of the tasks says which is the first.
TEST_F(CudaDevices, FirstTaskIsAParameter) {
  make();
  CudaTestModel parted("first", nullptr, 1, 7);
  parted.command.launch_flags = SEGC_LAUNCH_FIRST_TASK | SEGC_LAUNCH_SHARDED;
  const std::string ptx = ".version 8.0\n.target sm_90\n.visible .entry first("
                          ".param .u64 p0,\n.param .u64 n,\n"
                          ".param .u64 task) { ret; }\n";
  parted.setBlobs({{"ptx", "sm_90", ptx.c_str(), ptx.size() + 1, 0, 0}});
  using BatchAndTask = std::pair<int64_t, int64_t>;
  static std::vector<BatchAndTask> ran;
  ran.clear();
  fakecuda::addKernel(
      "first",
      [](void *const *buffers, void *, int64_t n, int64_t task) {
        ran.emplace_back(n, task);
      },
      /*takesFirstTask=*/true);
  ASSERT_TRUE(device->load(parted.version).ok());
  void *operands[] = {buffer.address().asPointer()};
  KernelLaunch launch = {&parted.command, operands, {}, 0, 5};
  launch.rank = 1;
  launch.ranks = 3;
  ASSERT_TRUE(device->launch(*stream, launch).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_THAT(ran, ElementsAre(BatchAndTask(5, 3), BatchAndTask(5, 2)));
}

// A kernel finds its tensor maps behind the number of samples.
TEST_F(CudaDevices, EncodesTensorMaps) {
  make();
  static segc_tensor_map found;
  fakecuda::addKernel(
      "map", [](void *const *buffers, void *, int64_t, int64_t) {
        found = *static_cast<const segc_tensor_map *>(buffers[1]);
      });
  segc_tensor_map map = {};
  map.type = SEGC_BF16;
  map.rank = 2;
  map.swizzle = 32;
  map.sizes[0] = 8, map.sizes[1] = 1;
  map.strides[0] = 2, map.strides[1] = 16;
  map.box[0] = 8, map.box[1] = 4;
  map.steps[0] = 1, map.steps[1] = 2;
  map.sample_dimension = 1;
  CudaTestModel mapped("map", nullptr, 1, 1);
  mapped.command.maps = &map;
  mapped.command.map_count = 1;
  const std::string ptx = ".version 8.0\n.target sm_90a\n.visible .entry map("
                          ".param .u64 p0,\n.param .u64 n,\n"
                          ".param .align 64 .b8 m[128]) { ret; }\n";
  mapped.setBlobs({{"ptx", "sm_90a", ptx.c_str(), ptx.size() + 1, 0, 0}});
  buffer = std::move(*device->allocate(32, "values"));
  ASSERT_TRUE(device->load(mapped.version).ok());
  ASSERT_TRUE(launch(mapped).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  EXPECT_EQ(found.operand, 0u);
  EXPECT_EQ(found.sizes[1], 2u) << "for two samples";
  EXPECT_EQ(found.strides[1], 16u);
  EXPECT_EQ(found.box[1], 4u);
  EXPECT_EQ(found.steps[1], 2u);
  EXPECT_EQ(found.swizzle, 32u);
  // The tensor of three samples ends behind the buffer.
  void *operands[] = {buffer.address().asPointer()};
  EXPECT_THAT(
      device->launch(*stream, {&mapped.command, operands, {}, 0, 3}).message(),
      HasSubstr("kernel map: encode tensor map 0: "));
  EXPECT_THAT(fakecuda::misuses(),
              ElementsAre(HasSubstr("aligned or in one allocation")));
  misused = true;
}

TEST_F(CudaDevices, RefusesBlocksThatDoNotFit) {
  make();
  model.command.shared_bytes = 232449;
  EXPECT_THAT(device->load(model.version).message(),
              AllOf(HasSubstr("kernel add needs 232449 bytes of shared memory, "
                              "a block has at most 232448"),
                    HasSubstr("segc compile --target cuda:sm_90")));
  second.command.threads = 2048;
  EXPECT_THAT(device->load(second.version).message(),
              HasSubstr("kernel scale has blocks of 2048 threads, the GPU runs "
                        "it with 1 to 1024"));
  CudaTestModel large("add", nullptr, 1, int64_t{1} << 31);
  ASSERT_TRUE(device->load(large.version).ok());
  EXPECT_THAT(launch(large).message(), HasSubstr("2147483648 blocks of the "
                                                 "kernel add"));
}

TEST_F(CudaDevices, RefusesKernelsThatWereNotLoaded) {
  make();
  EXPECT_THAT(launch(model).message(), HasSubstr("was not loaded"));
  model.command.name = "other";
  EXPECT_THAT(device->load(model.version).message(),
              AllOf(HasSubstr("kernel other"), HasSubstr("not found")));
}

TEST_F(CudaDevices, NoTasksAreNoLaunch) {
  make();
  CudaTestModel none("add", nullptr, 1, 4);
  none.command.tasks_fixed = 0;
  ASSERT_TRUE(device->load(none.version).ok());
  EXPECT_TRUE(launch(none).ok());
  EXPECT_EQ(fakecuda::calls("cuLaunchKernel"), 0);
}

// Machine code of this GPU is taken before PTX, and PTX with more of its
// instructions before that with fewer.
TEST_F(CudaDevices, TakesTheBestBlob) {
  const std::string sm80 = CudaTestModel::ptxOf("add", 1),
                    sm90 = CudaTestModel::ptxOf(
                        "add", 1, ".version 7.8\n.target sm_90\n"),
                    sm90a = CudaTestModel::ptxOf(
                        "add", 1, ".version 8.0\n.target sm_90a\n"),
                    cubin = "\177ELF" + sm90a;
  auto blob = [](const char *format, const char *processor,
                 const std::string &data) {
    return segc_blob{format, processor, data.c_str(), data.size() + 1, 0, 0};
  };
  model.setBlobs({blob("ptx", "sm_80", sm80), blob("cubin", "sm_90a", cubin),
                  blob("ptx", "sm_90a", sm90a), blob("ptx", "sm_90", sm90)});
  struct {
    int capability;
    const char *taken;
  } cases[] = {{80, "ptx sm_80"},
               {86, "ptx sm_80"},
               {90, "cubin sm_90"},
               {120, "ptx sm_90"}};
  for (auto [capability, taken] : cases) {
    TearDown();
    fakecuda::Machine machine;
    machine.capability = capability;
    make(machine);
    EXPECT_TRUE(device->supports(model.version).ok());
    ASSERT_TRUE(device->load(model.version).ok());
    EXPECT_EQ(fakecuda::modules().back(), taken);
  }
}

TEST_F(CudaDevices, RefusesKernelsOfOtherGpus) {
  const std::string sm90 =
      CudaTestModel::ptxOf("add", 1, ".version 7.8\n.target sm_90\n");
  model.setBlobs(
      {segc_blob{"ptx", "sm_90", sm90.c_str(), sm90.size() + 1, 0, 0}});
  const std::pair<int, const char *> answers[] = {
      {75, "segc compiles for sm_80 and later"},
      {86, "compile the model for it: segc compile --target cuda"}};
  for (auto [capability, answer] : answers) {
    TearDown();
    fakecuda::Machine machine;
    machine.capability = capability;
    make(machine);
    for (const Status &status :
         {device->supports(model.version), device->load(model.version)}) {
      EXPECT_EQ(status.code(), StatusCode::Unsupported);
      EXPECT_EQ(status.message(), "cuda:0 (Fake GPU): the GPU is an sm_" +
                                      std::to_string(capability) +
                                      ", the kernels are ptx for sm_90; " +
                                      answer);
    }
  }
}

TEST_F(CudaDevices, RefusesPtxThatIsNewerThanTheDriver) {
  make(); // of CUDA 12.8
  for (const char *version : {"9.0", "8.8"}) {
    const std::string text = CudaTestModel::ptxOf(
        "add", 1, ".version " + std::string(version) + "\n.target sm_80\n");
    model.setBlobs({{"ptx", "sm_80", text.c_str(), text.size(), 0, 0}});
    EXPECT_THAT(device->load(model.version).message(),
                AllOf(HasSubstr("PTX " + std::string(version)),
                      HasSubstr(version == std::string("9.0") ? "CUDA 13.0"
                                                              : "CUDA 12.9"),
                      HasSubstr("this one is of CUDA 12.8"),
                      HasSubstr("update")));
  }
}

TEST_F(CudaDevices, TheDriversCompilerIsQuoted) {
  make();
  const std::string text = ".version 7.0\n.target nothing\n";
  model.setBlobs({{"ptx", "sm_80", text.c_str(), text.size(), 0, 0}});
  EXPECT_THAT(device->load(model.version).message(),
              AllOf(HasSubstr("load the kernels (ptx for sm_80)"),
                    HasSubstr("CUDA_ERROR_INVALID_PTX, 218"),
                    HasSubstr("line 1: syntax error")));
}

TEST_F(CudaDevices, LackOfMemorySaysWhatIsFree) {
  fakecuda::Machine machine;
  machine.memory = 1 << 20;
  make(machine);
  auto arena = device->allocate(1 << 20, "arena");
  ASSERT_FALSE(arena.ok());
  EXPECT_EQ(arena.status().message(),
            "arena: cannot allocate 1048576 bytes on cuda:0 (Fake GPU): "
            "1048560 are free");
  auto free = device->freeBytes();
  ASSERT_TRUE(free.ok());
  EXPECT_EQ(**free, (1u << 20) - 16);
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

TEST_F(CudaDevices, AFaultNamesTheKernelsThatMayHaveFailed) {
  make();
  ASSERT_TRUE(device->load(model.version).ok());
  ASSERT_TRUE(device->load(second.version).ok());
  ASSERT_TRUE(launch(second).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  fakecuda::failKernel("scale", 2, 700);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(launch(model).ok());
  ASSERT_TRUE(launch(second).ok());
  faulted = true;
  Status status = device->synchronize(*stream);
  EXPECT_EQ(status.code(), StatusCode::IoError);
  EXPECT_THAT(
      status.message(),
      AllOf(HasSubstr("cuda:0 (Fake GPU): wait for the stream: an illegal "
                      "memory access was encountered "
                      "(CUDA_ERROR_ILLEGAL_ADDRESS, 700)"),
            HasSubstr("in one of the 4 kernels since the last wait, from add "
                      "(seg.test at 1:1) to scale (seg.test at 1:1)"),
            HasSubstr("--check-memory"), HasSubstr("last checkpoint")));
  // The context stays broken, and all later calls say so.
  EXPECT_THAT(launch(model).message(), HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"));
  EXPECT_FALSE(device->allocate(16, "more").ok());
  EXPECT_FALSE(device->read(*stream, buffer).ok());
  EXPECT_FALSE(device->freeBytes().ok());
  EXPECT_TRUE(buffer.intact()) << "nobody can read the guards";
}

TEST_F(CudaDevices, AFaultAfterAWaitNamesTheKernel) {
  make();
  ASSERT_TRUE(device->load(model.version).ok());
  fakecuda::failKernel("add", 2, 719);
  void *operands[] = {buffer.address().asPointer()};
  const KernelLaunch launched = {&model.command, operands};
  auto first = device->launchTimed(*stream, launched);
  ASSERT_TRUE(first.ok());
  EXPECT_NEAR(*first, 2e-3, 1e-9) << "the time of the device's events";
  faulted = true;
  auto status = device->launchTimed(*stream, launched).status();
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("unspecified launch failure"),
                    HasSubstr("in the kernel add (seg.test at 1:1)")));
}

TEST_F(CudaDevices, AFaultInAGraphNamesItsKernels) {
  make();
  ASSERT_TRUE(device->load(model.version).ok());
  ASSERT_TRUE(device->load(second.version).ok());
  ASSERT_TRUE(device->beginCapture(*stream).ok());
  ASSERT_TRUE(launch(model).ok());
  ASSERT_TRUE(launch(second).ok());
  auto graph = device->endCapture(*stream);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_TRUE(device->replay(**graph, *stream).ok());
  ASSERT_TRUE(device->synchronize(*stream).ok());
  fakecuda::failKernel("add", 2, 700);
  ASSERT_TRUE(device->replay(**graph, *stream).ok());
  faulted = true;
  EXPECT_THAT(device->synchronize(*stream).message(),
              HasSubstr("one of the 2 kernels"));
}

//===----------------------------------------------------------------------===//
// Recording
//===----------------------------------------------------------------------===//

// A kernel of which the model says so is launched before the one in front of it
// has ended: behind a kernel of the same stream alone.
TEST_F(CudaDevices, DependentLaunchesFollowAKernel) {
  static const float values[4] = {};
  auto run = [&](const fakecuda::Machine &machine, uint32_t flags,
                 bool isAllowed = true) {
    make(machine);
    device->allowDependentLaunches(isAllowed);
    second.command.launch_flags = flags;
    EXPECT_TRUE(device->load(model.version).ok());
    EXPECT_TRUE(device->load(second.version).ok());
    auto other = std::move(*device->createStream());
    auto event = std::move(*device->createEvent());
    auto launchBehind = [&](const Status &status) {
      EXPECT_TRUE(status.ok()) << status.message();
      EXPECT_TRUE(launch(second).ok());
      return fakecuda::dependentLaunches("scale");
    };
    std::vector<int> counts = {launchBehind(Status::success())};
    counts.push_back(launchBehind(launch(model)));
    counts.push_back(launchBehind(Status::success()));
    counts.push_back(launchBehind(device->copyToDevice(
        *stream, buffer.address(), values, sizeof values)));
    counts.push_back(launchBehind(device->record(*event, *stream)));
    EXPECT_TRUE(device->record(*event, *other).ok());
    counts.push_back(launchBehind(device->wait(*stream, *event)));
    counts.push_back(launchBehind(device->beginCapture(*stream)));
    counts.push_back(launchBehind(Status::success()));
    auto graph = device->endCapture(*stream);
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    counts.push_back(launchBehind(device->replay(**graph, *stream)));
    EXPECT_TRUE(device->synchronize(*stream).ok());
    counts.push_back(launchBehind(Status::success()));
    EXPECT_TRUE(device->synchronize(*stream).ok());
    EXPECT_EQ(fakecuda::launches("scale"), 10);
    graph->reset();
    event.reset();
    other.reset();
    TearDown();
    return counts;
  };
  // Behind nothing, two kernels, a copy, a record, a wait, the begin of a
  // recording, a kernel in it, a replay, a wait of the host.
  EXPECT_THAT(run({}, SEGC_LAUNCH_DEPENDENT),
              ElementsAre(0, 1, 2, 2, 2, 2, 2, 3, 3, 3));
  EXPECT_THAT(run({}, 0), testing::Each(0));
  EXPECT_THAT(run({}, SEGC_LAUNCH_DEPENDENT, /*isAllowed=*/false),
              testing::Each(0));
  fakecuda::Machine old, incomplete;
  old.driver = 12020;
  incomplete.hasLaunchKernelEx = false;
  EXPECT_THAT(run(old, SEGC_LAUNCH_DEPENDENT), testing::Each(0));
  EXPECT_THAT(run(incomplete, SEGC_LAUNCH_DEPENDENT), testing::Each(0));
}

// What would end a recording is refused before the driver sees it.
TEST_F(CudaDevices, NothingIsAllocatedInARecording) {
  make();
  ASSERT_TRUE(device->load(model.version).ok());
  ASSERT_TRUE(device->beginCapture(*stream).ok());
  EXPECT_THAT(device->allocate(16, "late").status().message(),
              HasSubstr("memory is allocated while a graph is recorded"));
  EXPECT_THAT(device->load(second.version).message(),
              HasSubstr("kernels are loaded while a graph is recorded"));
  EXPECT_FALSE(device->allocateStaging(16, "late").ok());
  EXPECT_FALSE(device->synchronize(*stream).ok());
  ASSERT_TRUE(launch(model).ok());
  EXPECT_TRUE(device->endCapture(*stream).ok());
}

TEST_F(CudaDevices, FailuresOfRecordingsAreTold) {
  make();
  ASSERT_TRUE(device->load(model.version).ok());
  for (const char *function :
       {"cuStreamEndCapture", "cuGraphInstantiateWithFlags"}) {
    fakecuda::failCall(function, 1, 901);
    ASSERT_TRUE(device->beginCapture(*stream).ok());
    ASSERT_TRUE(launch(model).ok());
    auto graph = device->endCapture(*stream);
    ASSERT_FALSE(graph.ok());
    EXPECT_THAT(graph.status().message(),
                HasSubstr("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"));
  }
}

// Every call of the driver that fails is a Status of the device.
TEST_F(CudaDevices, EveryFailureIsTold) {
  const char *functions[] = {
      "cuMemAlloc",        "cuMemHostAlloc",    "cuMemsetD8Async",
      "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync", "cuMemcpyDtoDAsync",
      "cuStreamCreate",    "cuEventCreate",     "cuEventRecord",
      "cuStreamWaitEvent", "cuLaunchKernel",    "cuStreamSynchronize",
      "cuModuleLoadDataEx"};
  for (const char *function : functions) {
    SCOPED_TRACE(function);
    make();
    fakecuda::failCall(function, fakecuda::calls(function) + 1, 1);
    int failures = 0;
    auto count = [&](const Status &status) {
      failures += !status.ok();
      if (!status.ok()) {
        EXPECT_THAT(status.message(), AllOf(HasSubstr("cuda:0 (Fake GPU)"),
                                            HasSubstr("invalid argument")));
      }
    };
    static const float value = 1; // copied late
    count(device->load(model.version));
    auto event = device->createEvent();
    count(event.status());
    count(device->createStream().status());
    count(device->allocate(16, "more").status());
    count(device->allocateStaging(16, "more").status());
    if (event.ok()) {
      count(device->record(**event, *stream));
      count(device->wait(*stream, **event));
    }
    count(device->copyToDevice(*stream, buffer.address(), &value, 4));
    count(device->copyOnDevice(*stream, buffer.address() + 4, buffer.address(),
                               4));
    if (function != std::string("cuModuleLoadDataEx"))
      count(launch(model));
    count(device->read(*stream, buffer).status());
    event = Status(StatusCode::Internal, "gone");
    EXPECT_EQ(failures, 1) << function;
    TearDown();
  }
}
