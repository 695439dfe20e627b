//===- MemoryPlan.h - What a model allocates on a device --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_MEMORYPLAN_H
#define SEGC_LIB_RUNTIME_DEVICE_MEMORYPLAN_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/Manifest.h"

namespace segc {

class Device;

/// The bytes that a model takes on a device to run one of its entries.
class MemoryPlan {
public:
  MemoryPlan(const Manifest &manifest, const std::string &entry,
             uint64_t arenaBytes, bool training);

  uint64_t total() const;
  /// "parameters 128, gradients 128, ..., arena of train_step 512 bytes".
  std::string text() const;
  /// An error where the device has less memory free than the plan takes.
  Status checkFits(const Device &device) const;

private:
  struct Part {
    std::string name;
    uint64_t bytes;
  };
  std::vector<Part> parts;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DEVICE_MEMORYPLAN_H
