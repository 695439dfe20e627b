//===- MemoryPlan.h - What a model allocates on a device --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_MEMORYPLAN_H
#define SEGC_RUNTIME_CORE_MEMORYPLAN_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/Manifest.h"

#include <string>
#include <vector>

namespace segc {

/// The bytes that a model takes on a device to run one of its entries.
class MemoryPlan {
public:
  MemoryPlan(const Manifest &manifest, const std::string &entry,
             uint64_t arenaBytes, bool training);

  /// Adds what the program that runs the model takes.
  void add(const std::string &name, uint64_t bytes);
  /// Says anew what a part takes.
  void set(const std::string &name, uint64_t bytes);
  uint64_t total() const;
  /// "parameters 128, gradients 128, ..., arena of train_step 512 bytes".
  std::string text() const;
  /// An error if the plan takes more than `available` bytes, which `where`
  /// names: "cuda:0, where 512 are free".
  Status checkFits(uint64_t available, const std::string &where) const;

private:
  struct Part {
    std::string name;
    uint64_t bytes;
  };
  std::vector<Part> parts;
};

} // namespace segc

#endif // SEGC_RUNTIME_CORE_MEMORYPLAN_H
