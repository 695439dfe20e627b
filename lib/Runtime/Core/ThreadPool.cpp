//===- ThreadPool.cpp - Threads that run the tasks of kernels -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Base/Exceptions.h"

#include <algorithm>
#include <chrono>
#include <sched.h>

using namespace segc;

static constexpr uint64_t oneInside = 1, oneGeneration = uint64_t{1} << 16;
/// Long enough to bridge the serial part between two kernels, short enough to
/// leave the core to the data loader.
static constexpr std::chrono::microseconds spinTime{100};

static void pauseCore() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

static bool isOpen(uint64_t gate) { return gate & oneGeneration; }

unsigned segc::availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
    return static_cast<unsigned>(CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

ThreadPool::ThreadPool(unsigned workers) {
  if (workers == 0)
    workers = availableCores();
  // The gate counts the workers inside with 16 bits.
  workers = std::min(workers, 32768u);
  parts = std::make_unique<Part[]>(workers);
  try {
    for (uint32_t worker = 1; worker < workers; ++worker)
      threads.emplace_back([this, worker] { work(worker); });
  } catch (...) {
    stop(); // a running thread must not be destroyed
    throw;
  }
}

StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::create(unsigned workers) {
  StatusOr<std::unique_ptr<ThreadPool>> pool =
      withoutExceptions([&]() -> StatusOr<std::unique_ptr<ThreadPool>> {
        return std::make_unique<ThreadPool>(workers);
      });
  if (pool.ok())
    return pool;
  return ioError(
      "cannot start " + std::to_string(workers ? workers : availableCores()) +
      " threads: " + pool.status().message() + "; use fewer --threads");
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(sleepMutex);
    stopping = true;
  }
  wake.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

void ThreadPool::claimTasks(uint32_t worker) {
  const uint32_t all = workers();
  for (uint32_t i = 0; i < all; ++i) {
    Part &part = parts[(worker + i) % all];
    // A load first: others' counters are looked at once more in each job.
    while (part.next.load(std::memory_order_relaxed) < part.end) {
      int64_t task = part.next.fetch_add(1, std::memory_order_relaxed);
      if (task < part.end)
        function(argument, task, worker);
    }
  }
}

void ThreadPool::run(int64_t count, segc_task_fn fn, void *arg) {
  std::lock_guard<std::mutex> lock(callers);
  if (count <= 1 || threads.empty()) {
    for (int64_t task = 0; task < count; ++task)
      fn(arg, task, 0);
    return;
  }
  function = fn;
  argument = arg;
  const int64_t all = workers();
  for (int64_t worker = 0; worker < all; ++worker) {
    Part &part = parts[static_cast<size_t>(worker)];
    part.next.store(worker * count / all, std::memory_order_relaxed);
    part.end = (worker + 1) * count / all;
  }
  // Sequentially consistent, as the worker's count of itself as a sleeper is:
  // either it sees the open gate or we see the sleeper.
  uint64_t open = gate.fetch_add(oneGeneration) + oneGeneration;
  if (sleepers.load() != 0) {
    std::lock_guard<std::mutex> sleepLock(sleepMutex);
    wake.notify_all();
  }
  claimTasks(0);
  for (unsigned spins = 0;; ++spins) {
    uint64_t expected = open;
    if (gate.compare_exchange_weak(expected, open + oneGeneration,
                                   std::memory_order_acq_rel))
      return;
    // A worker still runs a task. With more threads than cores it may need the
    // core of this thread.
    if (spins < 20000)
      pauseCore();
    else
      std::this_thread::yield();
  }
}

uint64_t ThreadPool::waitForOpenGate(uint64_t seen) {
  using Clock = std::chrono::steady_clock;
  auto ready = [&](uint64_t now) {
    return isOpen(now) && now / oneGeneration != seen;
  };
  Clock::time_point end = Clock::now() + spinTime;
  for (unsigned spins = 1;; ++spins) {
    uint64_t now = gate.load(std::memory_order_acquire);
    if (ready(now) || stopping.load(std::memory_order_relaxed))
      return now;
    pauseCore();
    if (spins % 64 == 0 && Clock::now() > end)
      break;
  }
  std::unique_lock<std::mutex> lock(sleepMutex);
  ++sleepers;
  wake.wait(lock, [&] { return stopping || ready(gate.load()); });
  --sleepers;
  return gate.load(std::memory_order_acquire);
}

void ThreadPool::work(uint32_t worker) {
  uint64_t seen = 0;
  while (!stopping) {
    uint64_t now = waitForOpenGate(seen);
    // The gate may close, or others may enter, between the load and the
    // exchange.
    while (isOpen(now) && now / oneGeneration != seen) {
      if (!gate.compare_exchange_weak(now, now + oneInside,
                                      std::memory_order_acq_rel))
        continue;
      seen = now / oneGeneration;
      claimTasks(worker);
      gate.fetch_sub(oneInside, std::memory_order_acq_rel);
    }
  }
}
