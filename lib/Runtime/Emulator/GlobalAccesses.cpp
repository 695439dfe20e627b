//===- GlobalAccesses.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GlobalAccesses.h"

#include <algorithm>

using namespace segc;

static constexpr uint64_t sectorBytes = 32;
static constexpr uint32_t warpThreads = 32;

static std::pair<uint64_t, uint64_t> sectorsOf(const void *address,
                                               uint64_t bytes) {
  auto first = reinterpret_cast<uintptr_t>(address);
  return {first / sectorBytes, (first + bytes + sectorBytes - 1) / sectorBytes};
}

void GlobalAccesses::begin(KernelCounts *newCounts) {
  counts = newCounts;
  visits.clear();
  accesses.clear();
}

void GlobalAccesses::note(uint32_t thread, const char *op, const void *address,
                          uint64_t bytes, bool isStore) {
  (isStore ? counts->globalBytesWritten : counts->globalBytesRead) += bytes;
  uint64_t visit = visits[{thread, op}]++;
  auto place = accesses.try_emplace({thread / warpThreads, op, visit}).first;
  WarpAccess &access = place->second;
  access.isStore = isStore;
  access.lanes.push_back(sectorsOf(address, bytes));
  if (access.lanes.size() < warpThreads)
    return;
  add(access);
  accesses.erase(place);
}

void GlobalAccesses::noteAlone(const void *address, uint64_t bytes,
                               bool isStore) {
  auto [first, end] = sectorsOf(address, bytes);
  (isStore ? counts->globalBytesWritten : counts->globalBytesRead) += bytes;
  (isStore ? counts->globalSectorsWritten : counts->globalSectorsRead) +=
      end - first;
}

void GlobalAccesses::add(WarpAccess &access) {
  std::sort(access.lanes.begin(), access.lanes.end());
  uint64_t count = 0, next = 0;
  for (auto [first, end] : access.lanes)
    if (end > next) {
      count += end - std::max(first, next);
      next = end;
    }
  (access.isStore ? counts->globalSectorsWritten : counts->globalSectorsRead) +=
      count;
}

void GlobalAccesses::end() {
  for (auto &[key, access] : accesses)
    add(access);
  begin(nullptr);
}
