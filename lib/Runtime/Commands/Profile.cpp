//===- Profile.cpp - Kernel times as profile and trace files --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Profile.h"
#include "segc/Runtime/Metrics/Metrics.h"

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

/// A lane of a trace and its name.
static void addLane(OrderedJson &events, size_t lane, const std::string &name) {
  events.push_back({{"name", "thread_name"},
                    {"ph", "M"}, // of metadata
                    {"pid", 1},
                    {"tid", lane},
                    {"args", {{"name", name}}}});
}

/// A whole event, begin and length.
static OrderedJson eventOf(const KernelProfiler::Kernel &kernel, size_t lane,
                           double begin, double seconds) {
  return {{"name", kernel.name}, {"cat", kernel.entry},  {"ph", "X"},
          {"ts", begin * 1e6},   {"dur", seconds * 1e6}, {"pid", 1},
          {"tid", lane}};
}

OrderedJson segc::traceJson(const KernelProfiler &profiler) {
  OrderedJson events = OrderedJson::array();
  addLane(events, 0, "kernels");
  auto kernelOf = [&](const KernelProfiler::Launch &launch) -> const auto & {
    return profiler.kernels()[launch.kernel];
  };
  for (const KernelProfiler::Launch &launch : profiler.lastStep()) {
    const KernelProfiler::Kernel &kernel = kernelOf(launch);
    events.push_back(eventOf(kernel, 0, launch.begin, launch.seconds));
    events.back()["args"] = {{"op", kernel.op},
                             {"tasks", kernel.tasks},
                             {"gflop", kernel.flops * 1e-9},
                             {"mbytes", kernel.bytes * 1e-6}};
  }
  for (size_t worker = 0; worker < profiler.tasksByWorker().size(); ++worker) {
    addLane(events, worker + 1, "worker " + std::to_string(worker));
    for (const KernelProfiler::Task &task : profiler.tasksByWorker()[worker]) {
      events.push_back(eventOf(kernelOf(profiler.lastStep()[task.launch]),
                               worker + 1, task.begin, task.seconds));
      events.back()["args"] = {{"task", task.task}};
    }
  }
  return {{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}};
}

OrderedJson segc::stagesJson(const StageTimes &times, const Manifest &manifest,
                             double seconds) {
  OrderedJson json = {{"format", profileFormat},
                      {"network", manifest.network},
                      {"mode", "predict"},
                      {"seconds", seconds},
                      {"longest_start_ms", times.longestStart() * 1e3}};
  OrderedJson &list = json["stages"] = OrderedJson::array();
  for (const StageTimes::Stage &stage : times.stages())
    list.push_back({{"name", stage.name},
                    {"seconds", stage.seconds},
                    {"count", stage.count}});
  return json;
}
