//===- RunPhases.cpp - Time and memory by phase of a run ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/RunPhases.h"
#include "segc/Base/ProcessMemory.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace segc;

static void restartPeak() {
  const int file = ::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return;
  // Where that is refused, peaks are those up to the end of a phase.
  (void)!::write(file, "5", 1);
  ::close(file);
}

/// Of the programs that have ended.
static int64_t childrenPeakNow() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void RunPhases::account() {
  const auto now = std::chrono::steady_clock::now();
  const int64_t children = childrenPeakNow();
  if (!open.empty()) {
    Phase &phase = phases[open.back()];
    phase.seconds += std::chrono::duration<double>(now - since).count();
    phase.peakBytes =
        std::max(phase.peakBytes, static_cast<int64_t>(residentPeakBytes()));
    if (children > childrenPeak)
      phase.peakBytes = std::max(phase.peakBytes, children);
  }
  childrenPeak = children;
  restartPeak();
  since = now;
}

void RunPhases::begin(const char *name) {
  account();
  auto found =
      std::find_if(phases.begin(), phases.end(),
                   [&](const Phase &phase) { return phase.name == name; });
  if (found == phases.end())
    found = phases.insert(phases.end(), Phase{name});
  ++found->times;
  open.push_back(static_cast<size_t>(found - phases.begin()));
}

void RunPhases::end() {
  account();
  open.pop_back();
}

OrderedJson RunPhases::toJson() const {
  OrderedJson list = OrderedJson::array();
  for (const Phase &phase : phases)
    list.push_back({{"phase", phase.name},
                    {"seconds", phase.seconds},
                    {"times", phase.times},
                    {"peak_rss_bytes", phase.peakBytes}});
  return list;
}
