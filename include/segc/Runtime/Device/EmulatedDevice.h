//===- EmulatedDevice.h - A GPU that the host emulates ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_EMULATEDDEVICE_H
#define SEGC_RUNTIME_DEVICE_EMULATEDDEVICE_H

#include "segc/Runtime/Device/SynchronousDevice.h"
#include "segc/Runtime/Emulator/Emulator.h"

namespace segc {

/// Runs versions of models for an emulated GPU. Blocks are spread over the
/// threads of the pool, in descending order where threads are. As on a GPU, the
/// host reaches the memory by copies only. Kernels, copies and the operands of
/// launches are checked: an access outside its operand, or an operand outside
/// the allocations, is an error.
class EmulatedDevice : public SynchronousDevice {
public:
  explicit EmulatedDevice(ThreadPool &pool,
                          EmulatorOptions options = EmulatorOptions());

  std::string name() const override { return "emulated"; }
  segc_device kind() const override { return SEGC_DEVICE_CUDA_EMULATED; }
  Status supports(const segc_version &version) const override;
  bool sharesHostMemory() const override { return false; }
  /// Kernels need no scratch memory.
  unsigned workers() const override { return 1; }
  StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                  bool guards) override;

protected:
  Status runLaunch(const KernelLaunch &launch) override;
  Status check(DeviceAddress address, uint64_t bytes,
               const std::string &what) const override;

private:
  class Allocations;
  struct EmulatedMemory;

  EmulatorOptions options;
  std::shared_ptr<Allocations> allocations; ///< Buffers may outlive the device.
};

/// Returns an emulated GPU whose threads and copies are ordered by
/// emulatorTestOptions()[interleaving], or at random by larger numbers.
StatusOr<std::shared_ptr<Device>> makeEmulatedDevice(ThreadPool &pool,
                                                     int interleaving);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_EMULATEDDEVICE_H
