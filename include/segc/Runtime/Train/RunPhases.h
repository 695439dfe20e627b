//===- RunPhases.h - Time and memory by phase of a run ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_RUNPHASES_H
#define SEGC_RUNTIME_TRAIN_RUNPHASES_H

#include "segc/Base/Json.h"

#include <chrono>
#include <string>
#include <vector>

namespace segc {

/// What the phases of a run (compile, load, train, validate, ...) took. A phase
/// that begins inside another one pauses it: times add up to the whole.
class RunPhases {
public:
  struct Phase {
    std::string name;
    double seconds = 0;
    int64_t times = 0;     ///< How often it began.
    int64_t peakBytes = 0; ///< Largest resident set, of programs it ran, too.
  };

  /// A phase from here to the end of the block; nothing if `phases` is null.
  class Scope {
  public:
    Scope(RunPhases *phases, const char *name) : phases(phases) {
      if (phases)
        phases->begin(name);
    }
    Scope(const Scope &) = delete;
    Scope &operator=(const Scope &) = delete;
    ~Scope() {
      if (phases)
        phases->end();
    }

  private:
    RunPhases *phases;
  };

  /// In the order in which they first began.
  const std::vector<Phase> &all() const { return phases; }
  /// A list of {"phase", "seconds", "times", "peak_rss_bytes"}.
  OrderedJson toJson() const;

private:
  void begin(const char *name);
  void end();
  /// Adds what passed since the last change to the innermost phase.
  void account();

  std::vector<Phase> phases;
  std::vector<size_t> open; ///< Indices into `phases`, the innermost last.
  std::chrono::steady_clock::time_point since;
  int64_t childrenPeak = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_RUNPHASES_H
