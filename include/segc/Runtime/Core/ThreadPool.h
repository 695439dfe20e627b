//===- ThreadPool.h - Threads that run the tasks of kernels -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A step runs some 200 kernels of 20 us to 10 ms, so fork and join together may
// cost about a microsecond. Workers spin for a moment after a kernel before
// they sleep. A kernel opens a gate, workers that are awake enter it, and the
// caller waits only for those that entered. So a worker that the system has
// preempted does not delay a kernel.
//
// Each worker begins with a contiguous part of the tasks, and takes those of
// others when it has none left. Kernels cut tensors in the same order, so that
// most of what a task reads was written by the same core; and neighbouring
// tasks, which may share cache lines, seldom run at the same time.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_THREADPOOL_H
#define SEGC_RUNTIME_CORE_THREADPOOL_H

#include "segc/Base/Status.h"
#include "segc/model.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace segc {

class ThreadPool {
public:
  /// `workers` includes the calling thread; 0 takes all the cores that this
  /// process may use.
  /// Throws std::system_error where the system gives no more threads.
  explicit ThreadPool(unsigned workers = 0);
  /// Makes a pool; returns an error instead of an exception.
  static StatusOr<std::unique_ptr<ThreadPool>> create(unsigned workers = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned workers() const { return static_cast<unsigned>(threads.size()) + 1; }

  /// Calls function(argument, task, worker) once for every task in [0, tasks).
  /// Calls from several threads take turns; a task must not call run().
  void run(int64_t tasks, segc_task_fn function, void *argument);

  /// The same for a callable f(task, worker).
  template <typename F>
  void parallelFor(int64_t tasks, F &&f) {
    run(
        tasks,
        [](void *argument, int64_t task, uint32_t worker) {
          (*static_cast<std::remove_reference_t<F> *>(argument))(task, worker);
        },
        &f);
  }

private:
  void stop();
  void work(uint32_t worker);
  void claimTasks(uint32_t worker);
  uint64_t waitForOpenGate(uint64_t seen);

  std::vector<std::thread> threads;
  std::mutex callers;

  // The job; written while the gate is closed and nobody is inside.
  segc_task_fn function = nullptr;
  void *argument = nullptr;
  /// The tasks of a worker that nobody has taken yet.
  struct alignas(64) Part {
    std::atomic<int64_t> next{0};
    int64_t end = 0;
  };
  std::unique_ptr<Part[]> parts; ///< By worker.
  /// generation << 16 | workers inside; the gate is open in odd generations.
  alignas(64) std::atomic<uint64_t> gate{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
  std::atomic<bool> stopping{false};
  std::mutex sleepMutex;
  std::condition_variable wake;
};

/// Cores that this process may run on.
unsigned availableCores();

} // namespace segc

#endif // SEGC_RUNTIME_CORE_THREADPOOL_H
