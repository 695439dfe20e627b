//===- Notes.h - Warnings about input files ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_NOTES_H
#define SEGC_RUNTIME_DATA_NOTES_H

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// Collects warnings about input files that were read all the same: headers
/// that contradict each other, values that were rounded. Several threads may
/// call it.
class Notes {
public:
  /// Adds a warning about the file or case `where`. The same text about several
  /// becomes one warning; repetitions are dropped.
  void add(const std::string &where, const std::string &what);
  /// Returns the warnings since the last call, each "where: what".
  std::vector<std::string> take();
  /// Returns the same as they were added, each with its `where`.
  std::vector<std::pair<std::string, std::string>> takeEach();

private:
  std::mutex mutex; // Guards what follows.
  std::set<std::pair<std::string, std::string>> known;
  std::vector<std::pair<std::string, std::vector<std::string>>> notes;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_NOTES_H
