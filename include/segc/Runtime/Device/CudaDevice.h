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

/// Returns the number of GPUs that this process sees. Errors of the driver end
/// with `alternative`: what to do instead.
StatusOr<int> cudaDeviceCount(const std::string &alternative);

/// Returns the compute capability of the first GPU, 10 * major + minor. Errors
/// of the driver end with `alternative`.
StatusOr<int> cudaComputeCapability(const std::string &alternative);

/// Whether a driver compiles PTX for the architecture, such as "sm_90a", for a
/// GPU of that compute capability.
bool cudaCompilesPtx(const std::string &architecture, int capability);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_CUDADEVICE_H
