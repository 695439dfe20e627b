//===- KernelObserver.h - What happens between two kernels ------*- C++ -*-===//
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
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// Told about each kernel of an entry, on the thread that called it.
class KernelObserver {
public:
  virtual ~KernelObserver() = default;
  virtual void begin(const segc_kernel_event &event) {}
  /// How many tasks the kernel that has begun is cut into.
  virtual void cut(int64_t tasks) {}
  /// Whether to be told of tasks.
  virtual bool wantsTasks() const { return false; }
  /// Told of a task of the kernel that has begun, on the thread that ran it.
  virtual void ran(int64_t task, uint32_t worker,
                   std::chrono::steady_clock::time_point since) {}
  /// True stops the entry.
  virtual bool end(const segc_kernel_event &event) { return false; }
};

/// Takes the time of each kernel.
class KernelProfiler : public KernelObserver {
public:
  struct Kernel {
    std::string entry, name, op;
    uint32_t index = 0;          ///< in the entry's table
    int64_t tasks = 0;           ///< of the last launch
    double flops = 0, bytes = 0; ///< of the last launch
    std::vector<double> seconds; ///< of each launch
  };
  /// A launch of the last step, in seconds since that began.
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

  /// Forgets the launches of the step before.
  void beginStep();
  /// Takes the time of each task too, on so many workers.
  void traceTasks(unsigned workers) { byWorker.resize(workers); }
  void begin(const segc_kernel_event &event) override;
  void cut(int64_t tasks) override;
  bool wantsTasks() const override { return !byWorker.empty(); }
  void ran(int64_t task, uint32_t worker,
           std::chrono::steady_clock::time_point since) override;
  bool end(const segc_kernel_event &event) override;
  /// In the order of their first launches.
  const std::vector<Kernel> &kernels() const { return all; }
  const std::vector<Launch> &lastStep() const { return launches; }
  /// Those of the last step, if they were traced.
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
};

/// Texts of an event may be null.
inline std::string orEmpty(const char *text) { return text ? text : ""; }

/// Index of the first value that is NaN or infinite; `count` if all are finite.
uint64_t firstNonFinite(const float *values, uint64_t count);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_KERNELOBSERVER_H
