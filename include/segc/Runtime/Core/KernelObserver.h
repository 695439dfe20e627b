//===- KernelObserver.h - Observers of kernels ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_KERNELOBSERVER_H
#define SEGC_RUNTIME_CORE_KERNELOBSERVER_H

#include "segc/model.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// Is called before and after each kernel of an entry, on the thread that
/// called the entry.
class KernelObserver {
public:
  virtual ~KernelObserver() = default;
  virtual void begin(const segc_kernel_event &event) {}
  /// Gets the number of tasks of the kernel that has begun.
  virtual void cut(int64_t tasks) {}
  /// Returns whether ran() is to be called.
  virtual bool wantsTasks() const { return false; }
  /// Is called after each task of the kernel that has begun, on the thread that
  /// ran the task.
  virtual void ran(int64_t task, uint32_t worker,
                   std::chrono::steady_clock::time_point since) {}
  /// Gets the seconds that the kernel took on a device, before end().
  virtual void took(double seconds) {}
  /// Returns true to stop the entry.
  virtual bool end(const segc_kernel_event &event) { return false; }
};

/// Measures the time of each kernel.
class KernelProfiler : public KernelObserver {
public:
  struct Kernel {
    std::string entry, name, op;
    uint32_t index = 0;          ///< among the entry's launches
    int64_t tasks = 0;           ///< of the last launch
    double flops = 0, bytes = 0; ///< of the last launch
    std::vector<double> seconds; ///< of each launch
  };
  /// A launch of the last step; times are in seconds since the step began.
  struct Launch {
    size_t kernel = 0; ///< in kernels()
    double begin = 0, seconds = 0;
  };

  /// A task of such a launch.
  struct Task {
    size_t launch = 0; ///< in lastStep()
    int64_t task = 0;
    double begin = 0, seconds = 0;
  };

  /// Clears the launches of the previous step.
  void beginStep();
  /// Measures each task as well, on that number of workers.
  void traceTasks(unsigned workers) { byWorker.resize(workers); }
  void begin(const segc_kernel_event &event) override;
  void cut(int64_t tasks) override;
  bool wantsTasks() const override { return !byWorker.empty(); }
  void ran(int64_t task, uint32_t worker,
           std::chrono::steady_clock::time_point since) override;
  void took(double seconds) override { onDevice = seconds; }
  bool end(const segc_kernel_event &event) override;
  /// Returns the kernels in the order of their first launches.
  const std::vector<Kernel> &kernels() const { return all; }
  const std::vector<Launch> &lastStep() const { return launches; }
  /// Returns the tasks of the last step, if tasks are measured.
  const std::vector<std::vector<Task>> &tasksByWorker() const {
    return byWorker;
  }

private:
  using Clock = std::chrono::steady_clock;
  std::map<std::pair<std::string, uint32_t>, size_t> byIndex;
  std::vector<Kernel> all;
  std::vector<Launch> launches;
  std::vector<std::vector<Task>> byWorker;
  Clock::time_point stepStarted = Clock::now(), started;
  int64_t tasks = 0;
  std::optional<double> onDevice; ///< seconds of the kernel that has begun
};

/// Returns a text of an event, which may be null, as a string.
inline std::string orEmpty(const char *text) { return text ? text : ""; }

/// Returns the index of the first value that is NaN or infinite; `count` if all
/// are finite.
uint64_t firstNonFinite(const float *values, uint64_t count);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_KERNELOBSERVER_H
