//===- KernelObserver.cpp - What happens between two kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/KernelObserver.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace segc;

static std::string orEmpty(const char *text) { return text ? text : ""; }

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
  double seconds = secondsBetween(started, Clock::now());
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
    // By the bits, so that no floating-point option can optimise it away.
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    if ((bits & 0x7f800000u) == 0x7f800000u)
      return i;
  }
  return count;
}

/// A 16-bit float that is not finite, as f32.
static float infinityOrNaN(uint16_t bits, uint16_t exponent) {
  bool nan = bits & static_cast<uint16_t>(0x7fffu & ~exponent);
  return std::copysign(nan ? std::numeric_limits<float>::quiet_NaN()
                           : std::numeric_limits<float>::infinity(),
                       bits & 0x8000u ? -1.0f : 1.0f);
}

/// The first element of output `i` that is not finite, and its value.
static std::optional<std::pair<uint64_t, float>>
findIn(const segc_kernel_event &event, uint32_t i) {
  // Models of the first version say no types: all they write is f32.
  bool typed = event.struct_size >= sizeof(segc_kernel_event) &&
               event.output_types != nullptr;
  uint8_t type = typed ? event.output_types[i] : uint8_t{SEGC_F32};
  uint64_t count = event.output_elements[i];
  if (!event.outputs[i])
    return std::nullopt;
  if (type == SEGC_F32) {
    const auto *values = static_cast<const float *>(event.outputs[i]);
    uint64_t at = firstNonFinite(values, count);
    return at == count ? std::nullopt
                       : std::optional(std::pair(at, values[at]));
  }
  const auto *halves = static_cast<const uint16_t *>(event.outputs[i]);
  uint16_t exponent = type == SEGC_F16 ? 0x7c00 : 0x7f80;
  for (uint64_t at = 0; at < count; ++at)
    if ((halves[at] & exponent) == exponent)
      return std::pair(at, infinityOrNaN(halves[at], exponent));
  return std::nullopt;
}

bool NonFiniteFinder::end(const segc_kernel_event &event) {
  for (uint32_t i = 0; i < event.output_count && !found; ++i) {
    auto first = findIn(event, i);
    if (!first)
      continue;
    found = Finding{orEmpty(event.entry),
                    orEmpty(event.name),
                    orEmpty(event.op),
                    event.index,
                    i,
                    first->first,
                    first->second};
  }
  return found.has_value();
}

std::string NonFiniteFinder::Finding::text() const {
  return "kernel " + std::to_string(index) + " of " + entry + ", " + kernel +
         (op.empty() ? "" : " (" + op + ")") + ", wrote " +
         (std::isnan(value) ? "nan"
          : value > 0       ? "inf"
                            : "-inf") +
         " at element " + std::to_string(element) + " of output " +
         std::to_string(output);
}
