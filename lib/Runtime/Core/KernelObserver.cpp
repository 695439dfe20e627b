//===- KernelObserver.cpp - Observers of kernels --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/KernelObserver.h"

#include <algorithm>
#include <cstring>

using namespace segc;

static double secondsBetween(std::chrono::steady_clock::time_point from,
                             std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

void KernelProfiler::beginStep() {
  launches.clear();
  for (std::vector<Task> &tasks : byWorker)
    tasks.clear();
  stepStarted = Clock::now();
}

void KernelProfiler::begin(const segc_kernel_event &) {
  tasks = 0;
  onDevice.reset();
  started = Clock::now();
}

void KernelProfiler::cut(int64_t count) { tasks = count; }

void KernelProfiler::ran(int64_t task, uint32_t worker,
                         Clock::time_point since) {
  // The launch joins the list when it ends.
  byWorker[worker].push_back({launches.size(), task,
                              secondsBetween(stepStarted, since),
                              secondsBetween(since, Clock::now())});
}

bool KernelProfiler::end(const segc_kernel_event &event) {
  const double seconds =
      onDevice ? *onDevice : secondsBetween(started, Clock::now());
  auto [known, isNew] =
      byIndex.try_emplace({orEmpty(event.entry), event.index}, all.size());
  if (isNew) {
    all.emplace_back();
    all.back().entry = orEmpty(event.entry);
    all.back().name = orEmpty(event.name);
    all.back().op = orEmpty(event.op);
    all.back().index = event.index;
  }
  Kernel &kernel = all[known->second];
  kernel.tasks = tasks;
  kernel.flops = event.flops;
  kernel.bytes = event.bytes;
  kernel.seconds.push_back(seconds);
  launches.push_back(
      {known->second, secondsBetween(stepStarted, started), seconds});
  return false;
}

uint64_t segc::firstNonFinite(const float *values, uint64_t count) {
  // Compares bits, since floating-point options may remove isfinite().
  auto isBad = [&](uint64_t i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    return (bits & 0x7f800000u) == 0x7f800000u;
  };
  // Blocks are looked at as a whole, without branches, with vectors.
  constexpr uint64_t block = 1024;
  for (uint64_t begin = 0; begin < count; begin += block) {
    const uint64_t end = std::min(count, begin + block);
    uint32_t bad = 0;
    for (uint64_t i = begin; i < end; ++i)
      bad |= static_cast<uint32_t>(isBad(i));
    for (uint64_t i = begin; bad && i < end; ++i)
      if (isBad(i))
        return i;
  }
  return count;
}
