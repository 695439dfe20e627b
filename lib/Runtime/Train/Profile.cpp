//===- Profile.cpp - The times of kernels as files ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Profile.h"
#include "segc/Runtime/Train/Metrics.h"

using namespace segc;

static constexpr int profileFormat = 1;

OrderedJson segc::profileJson(const KernelProfiler &profiler,
                              const OrderedJson &benchmark) {
  OrderedJson json = {{"format", profileFormat}};
  for (const char *key :
       {"network", "mode", "batch_size", "steps", "threads", "cpu_version"})
    json[key] = benchmark.at(key);
  OrderedJson &list = json["kernels"] = OrderedJson::array();
  for (const KernelProfiler::Kernel &kernel : profiler.kernels()) {
    double seconds = percentile(kernel.seconds, 0.5);
    list.push_back({{"entry", kernel.entry},
                    {"index", kernel.index},
                    {"name", kernel.name},
                    {"op", kernel.op},
                    {"launches", kernel.seconds.size()},
                    {"tasks", kernel.tasks},
                    {"median_ms", seconds * 1e3},
                    {"gflops", kernel.flops / seconds * 1e-9},
                    {"gbytes_per_second", kernel.bytes / seconds * 1e-9}});
  }
  return json;
}

OrderedJson segc::traceJson(const KernelProfiler &profiler) {
  OrderedJson events = OrderedJson::array();
  for (const KernelProfiler::Launch &launch : profiler.lastStep()) {
    const KernelProfiler::Kernel &kernel = profiler.kernels()[launch.kernel];
    events.push_back({{"name", kernel.name},
                      {"cat", kernel.entry},
                      {"ph", "X"}, // a whole event: begin and length
                      {"ts", launch.begin * 1e6},
                      {"dur", launch.seconds * 1e6},
                      {"pid", 1},
                      {"tid", 1},
                      {"args",
                       {{"op", kernel.op},
                        {"tasks", kernel.tasks},
                        {"gflop", kernel.flops * 1e-9},
                        {"mbytes", kernel.bytes * 1e-6}}}});
  }
  return {{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}};
}
