//===- StageTimes.h - Time of the stages of a prediction -------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_STAGETIMES_H
#define SEGC_RUNTIME_INFERENCE_STAGETIMES_H

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// How long the stages of a prediction take, added up over all calls. Stages
/// that overlap run at the same time. May be told from several threads.
class StageTimes {
public:
  using Clock = std::chrono::steady_clock;
  static double secondsBetween(Clock::time_point begin, Clock::time_point end) {
    return std::chrono::duration<double>(end - begin).count();
  }
  struct Stage {
    std::string name;
    double seconds = 0;
    int64_t count = 0; ///< Of what the stage works on: cases, samples.
  };

  /// Measures the stage `name` as long as it lives; null measures nothing.
  class Scope {
  public:
    Scope(StageTimes *times, const char *name, int64_t count = 1)
        : times(times), name(name), count(count) {
      if (times)
        begin = Clock::now();
    }
    ~Scope() {
      if (times)
        times->add(name, secondsBetween(begin, Clock::now()), count);
    }
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;

  private:
    StageTimes *times;
    const char *name;
    int64_t count;
    Clock::time_point begin;
  };

  /// In the order in which they were first told.
  std::vector<Stage> stages() const;
  /// The longest time from the end of a case's reading to the start of the
  /// network on it, without the time that it waited for the case before.
  double longestStart() const;

  void add(const char *name, double seconds, int64_t count);
  /// Says that a case's turn begins, whose preparation took so many seconds.
  void caseStarts(double preparation);
  /// Says that the network starts on the case, or on more of it.
  void networkStarts();

private:
  struct Start {
    double preparation;
    Clock::time_point at;
  };

  mutable std::mutex mutex;
  std::vector<Stage> all; // Guarded by `mutex`, as is what follows.
  std::optional<Start> started;
  double longest = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_STAGETIMES_H
