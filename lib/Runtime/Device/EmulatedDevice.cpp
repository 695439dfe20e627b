//===- EmulatedDevice.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/EmulatedDevice.h"
#include "HostMemory.h"
#include "segc/Runtime/Core/CpuFeatures.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/model_tables.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

using namespace segc;

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The address and size of each buffer.
class EmulatedDevice::Allocations {
public:
  void add(uint64_t address, uint64_t bytes) { sizes[address] = bytes; }
  void remove(uint64_t address) { sizes.erase(address); }

  /// Returns the bytes from an address to the end of its buffer; 0 if it is in
  /// none.
  uint64_t bytesFrom(uint64_t address) const {
    auto next = sizes.upper_bound(address);
    if (next == sizes.begin())
      return 0;
    auto [start, bytes] = *std::prev(next);
    return address - start < bytes ? bytes - (address - start) : 0;
  }

private:
  std::map<uint64_t, uint64_t> sizes;
};

struct EmulatedDevice::EmulatedMemory : DeviceMemory {
  EmulatedMemory(std::shared_ptr<Allocations> all, AlignedBuffer &&memory)
      : all(std::move(all)), buffer(std::move(memory)) {
    this->all->add(address().value, buffer.size());
  }
  ~EmulatedMemory() override { all->remove(address().value); }
  DeviceAddress address() const override {
    return DeviceAddress::of(buffer.data());
  }
  bool intact() const override { return buffer.intact(); }

  std::shared_ptr<Allocations> all;
  AlignedBuffer buffer;
};

EmulatedDevice::EmulatedDevice(ThreadPool &pool, EmulatorOptions options)
    : SynchronousDevice(pool), options(options),
      allocations(std::make_shared<Allocations>()) {}

StatusOr<std::shared_ptr<Device>> segc::makeEmulatedDevice(ThreadPool &pool,
                                                           int interleaving) {
  const std::vector<EmulatorOptions> &tested = emulatorTestOptions();
  const uint64_t number = interleaving;
  EmulatorOptions options = {EmulatorOptions::Schedule::Random, number,
                             /*lateCopies=*/number % 2 == 0};
  if (number < tested.size())
    options = tested[number];
  return std::shared_ptr<Device>(
      std::make_shared<EmulatedDevice>(pool, options));
}

StatusOr<DeviceBuffer> EmulatedDevice::allocate(uint64_t bytes,
                                                const char *what, bool guards) {
  if (bytes == 0)
    return DeviceBuffer();
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                        allocateForModel(bytes, what, guards));
  return DeviceBuffer(
      std::make_unique<EmulatedMemory>(allocations, std::move(buffer)), bytes);
}

Status EmulatedDevice::check(DeviceAddress address, uint64_t bytes,
                             const std::string &what) const {
  if (bytes <= allocations->bytesFrom(address.value))
    return Status::success();
  return internalError(name() + ": " + what + ", " + std::to_string(bytes) +
                       " bytes, is in no buffer of the device");
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Status EmulatedDevice::supports(const segc_version &version) const {
  if (!(version.features & SEGC_FEATURE_AVX2) || cpuHasFeature("avx2"))
    return Status::success();
  return unsupported(std::string(version.target) +
                     ": its emulated kernels need AVX2, which this processor "
                     "does not have");
}

namespace {

/// The blocks of a launch, and the failure of the first that has one.
struct Blocks {
  const EmulatedLaunch &launch;
  const EmulatorOptions &options;
  std::mutex mutex;
  int64_t failed; ///< Block; the number of blocks if there is none.
  Status failure;

  void run(int64_t block) {
    Status status = runEmulatedBlock(launch, block, options);
    if (status.ok())
      return;
    std::lock_guard<std::mutex> lock(mutex);
    if (block < failed) {
      failed = block;
      failure = std::move(status);
    }
  }
};

} // namespace

Status EmulatedDevice::runLaunch(const KernelLaunch &launched) {
  const segc_command &command = *launched.command;
  EmulatedLaunch launch;
  launch.function = command.function;
  launch.kernel = command.name ? command.name : "";
  launch.operands = launched.operands;
  launch.batch = launched.batch;
  launch.blocks = launched.tasks();
  launch.firstTask = launched.firstTask();
  launch.threads = command.threads;
  launch.sharedBytes = command.shared_bytes;
  launch.dependent = mayDepend(command);
  launch.maps.assign(command.maps, command.maps + command.map_count);
  for (uint32_t i = 0; i < command.operand_count; ++i) {
    DeviceAddress address = DeviceAddress::of(launched.operands[i]);
    uint64_t bytes = allocations->bytesFrom(address.value);
    if (command.operands) {
      const segc_operand &operand = command.operands[i];
      bytes = (operand.elements_fixed +
               operand.elements_per_sample * launched.batch) *
              elementBytes(operand.type);
      if (bytes)
        SEGC_RETURN_IF_ERROR(check(address, bytes,
                                   "operand " + std::to_string(i) +
                                       " of kernel " + launch.kernel));
    }
    launch.operandBytes.push_back(bytes);
  }
  Blocks blocks = {launch, options, {}, launch.blocks, {}};
  const bool descends =
      options.schedule == EmulatorOptions::Schedule::Descending;
  threadPool().parallelFor(launch.blocks, [&](int64_t block, uint32_t) {
    blocks.run(descends ? launch.blocks - 1 - block : block);
  });
  return blocks.failure;
}
