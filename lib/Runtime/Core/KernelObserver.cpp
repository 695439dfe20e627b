//===- KernelObserver.cpp - Observers of kernels --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/KernelObserver.h"

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
  for (uint64_t i = 0; i < count; ++i) {
    // Compares bits, since floating-point options may remove isfinite().
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    if ((bits & 0x7f800000u) == 0x7f800000u)
      return i;
  }
  return count;
}
