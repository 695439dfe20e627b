//===- KernelObserver.cpp - What happens between two kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/KernelObserver.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;

using Clock = std::chrono::steady_clock;

static std::string orEmpty(const char *text) { return text ? text : ""; }

void KernelProfiler::begin(const segc_kernel_event &) {
  started = Clock::now();
}

bool KernelProfiler::end(const segc_kernel_event &event) {
  double seconds =
      std::chrono::duration<double>(Clock::now() - started).count();
  Kernel &kernel = byIndex[{orEmpty(event.entry), event.index}];
  if (kernel.calls++ == 0) {
    kernel.entry = orEmpty(event.entry);
    kernel.name = orEmpty(event.name);
    kernel.op = orEmpty(event.op);
  }
  kernel.seconds += seconds;
  kernel.flops += event.flops;
  kernel.bytes += event.bytes;
  return false;
}

std::vector<KernelProfiler::Kernel> KernelProfiler::kernels() const {
  std::vector<Kernel> sorted;
  for (const auto &[key, kernel] : byIndex)
    sorted.push_back(kernel);
  std::sort(sorted.begin(), sorted.end(), [](const Kernel &a, const Kernel &b) {
    return a.seconds > b.seconds;
  });
  return sorted;
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

bool NonFiniteFinder::end(const segc_kernel_event &event) {
  for (uint32_t i = 0; i < event.output_count && !found; ++i) {
    const auto *values = static_cast<const float *>(event.outputs[i]);
    uint64_t count = event.output_elements[i];
    uint64_t at = values ? firstNonFinite(values, count) : count;
    if (at == count)
      continue;
    found = Finding{orEmpty(event.entry),
                    orEmpty(event.name),
                    orEmpty(event.op),
                    event.index,
                    i,
                    at,
                    values[at]};
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
