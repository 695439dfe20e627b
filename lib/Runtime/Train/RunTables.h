//===- RunTables.h - Tables of the pages of runs ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H
#define SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H

#include "segc/Base/Json.h"

#include <optional>
#include <string>
#include <vector>

namespace segc {

/// What the log of a run says about it, since the run last began.
struct RunRecord {
  struct Phase {
    std::string name;
    int64_t times = 0;
    double seconds = 0, peakBytes = 0;
  };
  OrderedJson parameters; ///< Options, command and hashes; null if unknown.
  std::vector<Phase> phases;
  /// How long steps waited for the loader, and how long its threads worked, in
  /// seconds; absent where batches need no loader.
  std::optional<double> loaderWaited, loaderWorked;

  const Phase *find(const std::string &phase) const;
};

RunRecord readRun(const std::string &logPath);

/// Time and memory by phase, and what the loader was waited for; empty where
/// the log says neither.
std::string phaseTable(const RunRecord &run);

/// The weights of the checkpoints of a results folder, with their steps and
/// hashes; empty if there are none.
std::string checkpointTable(const std::string &results);
/// SHA-256 of the weights of a checkpoint; empty if they cannot be read.
std::string weightsHash(const std::string &checkpoint);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H
