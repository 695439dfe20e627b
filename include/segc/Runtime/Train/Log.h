//===- Log.h - Log and progress of a run ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_LOG_H
#define SEGC_RUNTIME_TRAIN_LOG_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Train/EventFile.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Writes DLLogger records, one `DLLL {json}` line each, and a progress line
/// for the terminal.
class RunLog {
public:
  /// Opens `path` to append to it; without a path nothing is written. Drops the
  /// records of steps after `keepSteps`, which a resumed run writes again.
  static StatusOr<RunLog> open(const std::string &path, int64_t keepSteps);
  /// Writes nothing, and shows no progress: of a rank that is not the first.
  static RunLog silent();
  RunLog(RunLog &&other) noexcept;
  RunLog &operator=(RunLog &&) = delete;
  ~RunLog();

  /// Shows the log in TensorBoard: writes an event file of what it has to
  /// `folder`, in place of those of earlier runs, and what follows too.
  Status openEvents(const std::string &folder);
  /// Adds a picture to the event file, if there is one; `png` are the bytes of
  /// a file.
  Status picture(int64_t step, const std::string &tag, std::string_view png);

  /// `step` is a number, a list, or "PARAMETER".
  Status record(const OrderedJson &step, const OrderedJson &data);
  Status metadata(const std::string &metric, const OrderedJson &data);

  /// Replaces the progress line on a terminal; elsewhere prints a line if
  /// `important`.
  void progress(const std::string &text, bool important);
  /// Ends the progress line.
  void endProgress();

private:
  RunLog() = default;
  Status write(OrderedJson record);

  std::string path;
  std::FILE *file = nullptr;
  std::optional<EventFile> events;
  std::chrono::steady_clock::time_point started =
      std::chrono::steady_clock::now();
  bool terminal = false, lineOpen = false, isSilent = false;
};

/// What a value of a record is shown with.
enum class ValueGroup { Loss, Dice, Other };
ValueGroup groupOf(const std::string &name);

/// Reads the records of a log in order and skips other lines. Returns no
/// records if there is no such file.
std::vector<OrderedJson> readLog(const std::string &path);

/// Rounds a float to the nine digits that identify it.
double recordedFloat(float value);

/// Formats a duration, e.g. "1:02:03" or "2:03".
std::string durationText(double seconds);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_LOG_H
