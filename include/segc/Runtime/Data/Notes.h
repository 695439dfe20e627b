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

/// Collects rules that were applied to contradicting files, values that were
/// rounded, and the like. May be called from several threads.
class Notes {
public:
  /// `where` names the file or the case; the same about several becomes one
  /// note. Repetitions are dropped.
  void add(const std::string &where, const std::string &what);
  /// What was noted since the last call: "where: what" each.
  std::vector<std::string> take();

private:
  std::mutex mutex; // Guards what follows.
  std::set<std::pair<std::string, std::string>> known;
  std::vector<std::pair<std::string, std::vector<std::string>>> notes;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_NOTES_H
