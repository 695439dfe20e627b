//===- MemoryPlan.cpp - What a model allocates on a device ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/MemoryPlan.h"

#include <algorithm>

using namespace segc;

MemoryPlan::MemoryPlan(const Manifest &manifest, const std::string &entry,
                       uint64_t arenaBytes, bool training) {
  add("parameters", static_cast<uint64_t>(manifest.parameterBytes));
  add("states", static_cast<uint64_t>(manifest.stateBytes));
  add("prepared filters", static_cast<uint64_t>(manifest.preparedBytes));
  if (training) {
    add("gradients", static_cast<uint64_t>(manifest.parameterBytes));
    add("optimizer state", static_cast<uint64_t>(manifest.optimizerBytes));
  }
  int64_t tensors = 0;
  if (const EntrySignature *signature = manifest.entry(entry))
    for (const auto *list : {&signature->inputs, &signature->outputs})
      for (const TensorSignature &tensor : *list)
        tensors += tensor.bytes();
  add("inputs and outputs", static_cast<uint64_t>(tensors));
  add("arena of " + entry, arenaBytes);
}

void MemoryPlan::add(const std::string &name, uint64_t bytes) {
  if (bytes > 0)
    parts.push_back({name, bytes});
}

void MemoryPlan::set(const std::string &name, uint64_t bytes) {
  const auto known =
      std::find_if(parts.begin(), parts.end(),
                   [&](const Part &part) { return part.name == name; });
  if (known == parts.end())
    add(name, bytes);
  else
    known->bytes = bytes;
}

uint64_t MemoryPlan::total() const {
  uint64_t sum = 0;
  for (const Part &part : parts)
    sum += part.bytes;
  return sum;
}

std::string MemoryPlan::text() const {
  std::string all;
  for (const Part &part : parts)
    all += (all.empty() ? "" : ", ") + part.name + " " +
           std::to_string(part.bytes);
  return all + " bytes";
}

Status MemoryPlan::checkFits(uint64_t available,
                             const std::string &where) const {
  if (total() <= available)
    return Status::success();
  return {StatusCode::IoError,
          "the model takes " + std::to_string(total()) + " bytes on " + where +
              ": " + text() +
              "; use a smaller batch or a model compiled for less "
              "memory (segc compile --fit-memory)"};
}
