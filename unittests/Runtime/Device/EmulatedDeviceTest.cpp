//===- EmulatedDeviceTest.cpp - Checks of an emulated GPU -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels written by hand as the compiler writes them (emulator.h).

#include "segc/Runtime/Device/EmulatedDevice.h"
#include "segc/emulator.h"

#include <cstring>
#include <gmock/gmock.h>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// Each thread of a block of 4 stores the value of its neighbour, which it gets
/// through shared memory, to the second operand.
template <bool withBarrier>
void rotate(void *const *buffers, void *scratch, int64_t, int64_t block) {
  auto *thread = static_cast<segc_emulator_thread *>(scratch);
  const segc_emulator_functions &gpu = *thread->functions;
  auto *shared = static_cast<float *>(thread->shared);
  uint32_t own = thread->index, next = (own + 1) % thread->threads;
  uint64_t first = block * thread->threads;
  const float *from = static_cast<const float *>(buffers[0]) + first + own;
  gpu.access_global(thread, from, 4, 4, SEGC_EMULATOR_LOAD, 0, "load");
  gpu.access_shared(thread, shared + own, 4, 4, SEGC_EMULATOR_STORE, "put");
  shared[own] = *from;
  if (withBarrier)
    gpu.barrier(thread, 0, 0, "barrier");
  gpu.access_shared(thread, shared + next, 4, 4, SEGC_EMULATOR_LOAD, "get");
  float *to = static_cast<float *>(buffers[1]) + first + own;
  gpu.access_global(thread, to, 4, 4, SEGC_EMULATOR_STORE, 1, "store");
  *to = shared[next];
}

/// Copies the first box of 8 floats of a tensor map to the second operand.
void copyBox(void *const *buffers, void *scratch, int64_t, int64_t) {
  auto *thread = static_cast<segc_emulator_thread *>(scratch);
  const segc_emulator_functions &gpu = *thread->functions;
  auto *shared = static_cast<char *>(thread->shared), *mbarrier = shared + 128;
  const int32_t first = 0;
  gpu.init_mbarrier(thread, mbarrier, 1, "init");
  gpu.fence(thread, SEGC_EMULATOR_FENCE_MBARRIER_INIT, "fence");
  gpu.arrive_mbarrier(thread, mbarrier, 1, 32, "arrive");
  gpu.load_tensor(thread, shared, buffers[2], &first, 1, mbarrier, "tensor");
  gpu.wait_mbarrier(thread, mbarrier, 0, "wait");
  std::memcpy(buffers[1], shared, 32);
}

class EmulatedDeviceTest : public testing::Test {
protected:
  EmulatedDeviceTest() {
    stream = std::move(*device.createStream());
    for (segc_operand &operand : operands) {
      operand.elements_per_sample = 4;
      operand.type = SEGC_F32;
    }
    command.name = "rotate";
    command.function = rotate<true>;
    command.operands = operands;
    command.operand_count = 2;
    command.tasks_per_sample = 1;
    command.threads = 4;
    command.shared_bytes = 16;
  }
  DeviceBuffer buffer(std::vector<float> values) {
    auto made = device.allocate(values.size() * 4, "test", /*guards=*/true);
    EXPECT_TRUE(
        device.write(*stream, *made, 0, values.data(), values.size() * 4).ok());
    return std::move(*made);
  }
  Status launch(DeviceAddress from, DeviceAddress to, int64_t batch) {
    void *addresses[] = {from.asPointer(), to.asPointer()};
    return device.launch(*stream, {&command, addresses, {}, 0, batch});
  }
  std::vector<float> valuesOf(const DeviceBuffer &buffer) {
    auto view = device.read(*stream, buffer);
    return {view->floats(), view->floats() + view->floatCount()};
  }

  ThreadPool pool{2};
  EmulatedDevice device{pool};
  std::unique_ptr<Stream> stream;
  segc_operand operands[2] = {};
  segc_command command = {};
};

TEST_F(EmulatedDeviceTest, RunsBlocksOfThreads) {
  DeviceBuffer a = buffer({1, 2, 3, 4, 5, 6, 7, 8}),
               b = buffer(std::vector<float>(8));
  EXPECT_EQ(launch(a.address(), b.address(), 2).message(), "");
  EXPECT_THAT(valuesOf(b), ElementsAre(2, 3, 4, 1, 6, 7, 8, 5));
  EXPECT_EQ(a.hostData(), nullptr);
}

TEST_F(EmulatedDeviceTest, RunsThreadsInAnyOrder) {
  for (const EmulatorOptions &options : emulatorTestOptions()) {
    EmulatedDevice other(pool, options);
    DeviceBuffer memory = std::move(*other.allocate(32, "test", true));
    const float in[4] = {1, 2, 3, 4};
    ASSERT_TRUE(other.write(*stream, memory, 0, in, sizeof(in)).ok());
    void *addresses[] = {memory.address().asPointer(),
                         (memory.address() + 16).asPointer()};
    EXPECT_EQ(other.launch(*stream, {&command, addresses, {}, 0, 1}).message(),
              "");
    auto view = other.read(*stream, memory);
    EXPECT_THAT(std::vector<float>(view->floats() + 4, view->floats() + 8),
                ElementsAre(2, 3, 4, 1));
  }
}

// By number: ascending, descending, ...
TEST_F(EmulatedDeviceTest, HasAnOrderOfThreads) {
  command.function = rotate<false>;
  auto first = [&](int interleaving) {
    auto other = *makeEmulatedDevice(pool, interleaving);
    DeviceBuffer memory = std::move(*other->allocate(32, "test", true));
    void *addresses[] = {memory.address().asPointer(),
                         (memory.address() + 16).asPointer()};
    return other->launch(*stream, {&command, addresses, {}, 0, 1}).message();
  };
  EXPECT_THAT(first(0), HasSubstr("block 0, thread 0: get reads"));
  EXPECT_THAT(first(1), HasSubstr("block 0, thread 3: get reads"));
  EXPECT_THAT(first(1000), HasSubstr("get reads"));
}

// The sizes of a map are those for the samples of the launch; what is behind
// them is zero, whatever lies there.
TEST_F(EmulatedDeviceTest, KernelsTakeTensorMaps) {
  segc_tensor_map map = {};
  map.type = SEGC_F32;
  map.rank = 1;
  map.offset = 16;
  map.sizes[0] = 2;
  map.strides[0] = 4;
  map.box[0] = 8;
  map.steps[0] = 1;
  command.function = copyBox;
  command.threads = 1;
  command.shared_bytes = 136;
  command.tasks_per_sample = 0;
  command.tasks_fixed = 1;
  command.maps = &map;
  command.map_count = 1;
  DeviceBuffer a = buffer({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
               b = buffer(std::vector<float>(12));
  EXPECT_EQ(launch(a.address(), b.address(), 3).message(), "");
  EXPECT_THAT(valuesOf(b), ElementsAre(5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0, 0));
}

// Of several blocks with a fault the first is reported.
TEST_F(EmulatedDeviceTest, ReportsFaultsOfKernels) {
  command.function = rotate<false>;
  DeviceBuffer a = buffer(std::vector<float>(32)),
               b = buffer(std::vector<float>(32));
  EXPECT_THAT(launch(a.address(), b.address(), 8).message(),
              HasSubstr("kernel rotate, block 0, thread 0: get reads 4 bytes "
                        "at byte 4 of shared memory"));
  // In a recording the fault appears when it is replayed.
  ASSERT_TRUE(device.beginCapture(*stream).ok());
  ASSERT_TRUE(launch(a.address(), b.address(), 8).ok());
  auto graph = device.endCapture(*stream);
  EXPECT_THAT(device.replay(**graph, *stream).message(),
              HasSubstr("kernel rotate, block 0"));
}

// The bounds are those of the operand for the samples of the launch, not those
// of the buffer.
TEST_F(EmulatedDeviceTest, OperandsEndWithTheSamples) {
  DeviceBuffer a = buffer(std::vector<float>(12)),
               b = buffer(std::vector<float>(12));
  command.tasks_fixed = 1;
  EXPECT_THAT(launch(a.address(), b.address(), 2).message(),
              HasSubstr("block 2, thread 0: load reads 4 bytes at byte 32 of "
                        "operand 0, which has 32"));
}

TEST_F(EmulatedDeviceTest, ChecksAddresses) {
  DeviceBuffer a = buffer(std::vector<float>(8)),
               b = buffer(std::vector<float>(8));
  EXPECT_THAT(launch(a.address() + 4, b.address(), 2).message(),
              HasSubstr("emulated: operand 0 of kernel rotate, 32 bytes, is in "
                        "no buffer of the device"));
  float value = 0;
  EXPECT_THAT(device.copyToHost(*stream, &value, a.address() + 32, 4).message(),
              HasSubstr("the source of a copy, 4 bytes, is in no buffer"));
  EXPECT_FALSE(
      device.copyToDevice(*stream, DeviceAddress::of(&value), &value, 4).ok());
  b = DeviceBuffer();
  EXPECT_FALSE(launch(a.address(), a.address(), 3).ok());
}

TEST_F(EmulatedDeviceTest, RefusesBlocksThatNoGpuHas) {
  DeviceBuffer a = buffer(std::vector<float>(8));
  command.threads = 2048;
  EXPECT_THAT(launch(a.address(), a.address(), 1).message(),
              HasSubstr("expected at most 1024 threads"));
}

} // namespace
