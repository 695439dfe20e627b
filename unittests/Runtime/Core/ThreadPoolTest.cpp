//===- ThreadPoolTest.cpp - Execution of tasks ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ThreadPool.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

using namespace segc;

TEST(ThreadPool, EveryTaskOnce) {
  for (unsigned workers : {1u, 2u, 3u, 8u}) {
    ThreadPool pool(workers);
    EXPECT_EQ(pool.workers(), workers);
    for (int64_t tasks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> calls(tasks);
      pool.parallelFor(tasks, [&](int64_t task, uint32_t worker) {
        EXPECT_LT(worker, workers);
        ++calls[task];
      });
      for (const std::atomic<int> &count : calls)
        EXPECT_EQ(count, 1);
    }
  }
}

// Many small jobs with pauses, so that workers sleep, wake up, and arrive at
// jobs that are already finished.
TEST(ThreadPool, ManyJobs) {
  ThreadPool pool(4);
  int64_t sum = 0;
  for (int job = 0; job < 3000; ++job) {
    std::atomic<int64_t> local{0};
    pool.parallelFor(1 + job % 17,
                     [&](int64_t task, uint32_t) { local += task + job; });
    int64_t n = 1 + job % 17;
    ASSERT_EQ(local, n * (n - 1) / 2 + n * job);
    sum += local;
    if (job % 100 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
  EXPECT_GT(sum, 0);
}

TEST(ThreadPool, NoTwoCallsShareAWorker) {
  ThreadPool pool(4);
  std::vector<std::atomic<int>> busy(4);
  pool.parallelFor(500, [&](int64_t, uint32_t worker) {
    EXPECT_EQ(busy[worker]++, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(10));
    --busy[worker];
  });
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(2);
  std::atomic<int64_t> total{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      for (int job = 0; job < 200; ++job)
        pool.parallelFor(5, [&](int64_t, uint32_t) { ++total; });
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(total, 3 * 200 * 5);
}
