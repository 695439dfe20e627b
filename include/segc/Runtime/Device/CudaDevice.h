//===- CudaDevice.h - A GPU of NVIDIA ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_CUDADEVICE_H
#define SEGC_RUNTIME_DEVICE_CUDADEVICE_H

#include "segc/Runtime/Device/Device.h"

namespace segc {

/// Returns the GPU of that number. It needs the driver alone, which is opened
/// here; its absence, its age and a number that does not exist are errors. All
/// calls of the device are made by one thread at a time.
StatusOr<std::shared_ptr<Device>> makeCudaDevice(ThreadPool &pool, int ordinal);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_CUDADEVICE_H
