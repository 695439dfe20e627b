//===- HostDevice.h - The host as a device ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_HOSTDEVICE_H
#define SEGC_RUNTIME_DEVICE_HOSTDEVICE_H

#include "segc/Runtime/Device/SynchronousDevice.h"

namespace segc {

/// The processor and its memory. Work is done by the calling thread and the
/// pool.
class HostDevice : public SynchronousDevice {
public:
  using SynchronousDevice::SynchronousDevice;

  std::string name() const override { return "host"; }
  bool sharesHostMemory() const override { return true; }
  unsigned workers() const override { return threadPool().workers(); }
  StatusOr<DeviceBuffer> allocate(uint64_t bytes, const char *what,
                                  bool guards) override;
  StatusOr<DeviceBuffer> allocateShared(uint64_t bytes, const char *what,
                                        bool guards) override;

protected:
  Status runLaunch(const KernelLaunch &launch) override;
};

/// Returns the host with these threads.
std::shared_ptr<Device> makeHostDevice(ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_HOSTDEVICE_H
