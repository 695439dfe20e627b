//===- MakeDevice.h - Devices by name ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_MAKEDEVICE_H
#define SEGC_RUNTIME_DEVICE_MAKEDEVICE_H

#include "segc/Runtime/Device/Device.h"

namespace segc {

/// Returns the device that `spec` names: "cpu", "cuda", "cuda:1",
/// "emulated" or "emulated:3". Another text is wrong usage of --device.
StatusOr<std::shared_ptr<Device>> makeDevice(const std::string &spec,
                                             ThreadPool &pool);

/// "cpu, cuda, cuda:N, emulated or emulated:N".
std::string deviceNames();

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_MAKEDEVICE_H
