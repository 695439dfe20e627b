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

/// Time and memory of the phases of a run (compile, load, train, validate,
/// ...). An inner phase pauses the outer one, so that times add up to the
/// whole.
class RunPhases {
public:
  struct Phase {
    std::string name;
    double seconds = 0;
    int64_t times = 0;     ///< Number of starts.
    int64_t peakBytes = 0; ///< Maximum resident set, with child processes.
  };

  /// A phase that lasts to the end of the block. Null `phases` are ignored.
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

  /// Returns the phases in the order of their first start.
  const std::vector<Phase> &all() const { return phases; }
  /// Returns a list of {"phase", "seconds", "times", "peak_rss_bytes"}.
  OrderedJson toJson() const;

private:
  void begin(const char *name);
  void end();
  /// Adds the time since the last change to the innermost phase.
  void account();

  std::vector<Phase> phases;
  std::vector<size_t> open; ///< Indices into `phases`, the innermost last.
  std::chrono::steady_clock::time_point since;
  int64_t childrenPeak = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_RUNPHASES_H
