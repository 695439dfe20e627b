//===- HostMemory.h - Memory of the host as a device's ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_HOSTMEMORY_H
#define SEGC_LIB_RUNTIME_DEVICE_HOSTMEMORY_H

#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Device/Device.h"

namespace segc {

/// Returns memory of a model, or an error that says how it takes less.
StatusOr<AlignedBuffer> allocateForModel(uint64_t bytes, const char *what,
                                         bool guards);

/// Returns a buffer whose address is that of the host.
StatusOr<DeviceBuffer> allocateOnHost(uint64_t bytes, const char *what,
                                      bool guards);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DEVICE_HOSTMEMORY_H
