//===- HandOver.h - Hand-over of values between two threads ----*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_INFERENCE_HANDOVER_H
#define SEGC_LIB_RUNTIME_INFERENCE_HANDOVER_H

#include "segc/Base/Status.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace segc {

/// Cases whose files are written at a time. Most of that time the disk has: it
/// syncs several files about as fast as one.
inline constexpr int64_t fileWriters = 4;

/// What a signal ended before all cases were done.
inline Status interruptedAfter(int64_t done, int64_t count) {
  return {StatusCode::Interrupted, "interrupted after " + std::to_string(done) +
                                       " of " + std::to_string(count) +
                                       " cases"};
}

/// Hands values from one thread to others. It holds one value, so that at most
/// one is ahead.
template <typename T>
class HandOver {
public:
  /// Waits until the place is free. Returns false, and drops the value, if the
  /// place was closed.
  bool put(T value) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return closed || !held; });
    if (closed)
      return false;
    held = std::move(value);
    changed.notify_all();
    return true;
  }
  /// Waits until the place is free; false if it was closed.
  bool waitForPlace() {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return closed || !held; });
    return !closed;
  }
  /// Waits for a value; nothing comes after the place was closed and emptied.
  std::optional<T> take() {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return closed || held; });
    std::optional<T> value = std::move(held);
    held.reset();
    changed.notify_all();
    return value;
  }
  void close() {
    std::lock_guard<std::mutex> lock(mutex);
    closed = true;
    changed.notify_all();
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<T> held; // Guarded by `mutex`, as is `closed`.
  bool closed = false;
};

/// The threads of stages around hand-overs, which end when these are closed.
class StageThreads {
public:
  /// `close` closes all of the hand-overs.
  explicit StageThreads(std::function<void()> close)
      : close(std::move(close)) {}
  ~StageThreads() {
    close();
    for (std::thread &thread : threads)
      thread.join();
  }
  StageThreads(const StageThreads &) = delete;
  StageThreads &operator=(const StageThreads &) = delete;

  /// Runs a stage on so many threads.
  void add(std::function<void()> stage, int64_t count = 1) {
    for (int64_t i = 0; i < count; ++i)
      threads.emplace_back(stage);
  }

private:
  std::function<void()> close;
  std::vector<std::thread> threads;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_INFERENCE_HANDOVER_H
