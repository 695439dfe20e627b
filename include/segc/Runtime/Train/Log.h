//===- Log.h - Log and progress of a run ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_LOG_H
#define SEGC_RUNTIME_TRAIN_LOG_H

#include "segc/Base/Json.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace segc {

/// Writes DLLogger records, one `DLLL {json}` line each, and a line for the
/// person at the terminal.
class RunLog {
public:
  /// `path` is appended to; empty logs to nowhere. Records of later steps than
  /// `keepSteps` are dropped first: a resumed run writes them again.
  static StatusOr<RunLog> open(const std::string &path, int64_t keepSteps);
  RunLog(RunLog &&other) noexcept;
  RunLog &operator=(RunLog &&) = delete;
  ~RunLog();

  /// `step` is a number, a list, or "PARAMETER".
  Status record(const OrderedJson &step, const OrderedJson &data);
  Status metadata(const std::string &metric, const OrderedJson &data);

  /// Shows `text` in place of the last progress on a terminal; elsewhere as a
  /// line of its own, if `important`.
  void progress(const std::string &text, bool important);
  /// Ends the progress line.
  void endProgress();

private:
  RunLog() = default;
  Status write(OrderedJson record);

  std::string path;
  std::FILE *file = nullptr;
  std::chrono::steady_clock::time_point started =
      std::chrono::steady_clock::now();
  bool terminal = false, lineOpen = false;
};

/// The records of a log, in order; lines that are none are passed over. None
/// where there is no such file.
std::vector<OrderedJson> readLog(const std::string &path);

/// A float with the nine digits that identify it.
double recordedFloat(float value);

/// "1:02:03" or "2:03".
std::string durationText(double seconds);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_LOG_H
