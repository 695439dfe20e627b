//===- EventFile.h - Event files of TensorBoard -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Records of a TFRecord file (a length and the bytes, each with a masked
// CRC-32C), which hold messages `Event` of TensorFlow's
// core/util/event.proto with a `Summary` of core/framework/summary.proto.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_EVENTFILE_H
#define SEGC_RUNTIME_TRAIN_EVENTFILE_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segc {

/// Writes an event file, which TensorBoard may read meanwhile. Times are
/// seconds since 1970.
class EventFile {
public:
  /// Values by their tags; those with the same text in front of "/" are shown
  /// together.
  using Scalars = std::vector<std::pair<std::string, double>>;

  /// Creates `folder`/events.out.tfevents.SECONDS.segrun.
  static StatusOr<EventFile> create(const std::string &folder, double time);
  EventFile(EventFile &&other) noexcept;
  EventFile &operator=(EventFile &&) = delete;
  ~EventFile();

  /// Numbers that are not finite are left out.
  Status addScalars(double time, int64_t step, const Scalars &values);
  /// `png` is a whole file in RGB. Fails if it is none.
  Status addImage(double time, int64_t step, const std::string &tag,
                  std::string_view png);
  /// Makes what was added visible to readers.
  Status flush();

  const std::string &path() const { return filePath; }

private:
  EventFile() = default;
  Status writeRecord(std::string_view message);
  Status failed() const;

  std::string filePath;
  std::FILE *file = nullptr;
};

/// Removes the other event files that segrun wrote to the folder of `current`.
void removeOtherEventFiles(const EventFile &current);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_EVENTFILE_H
