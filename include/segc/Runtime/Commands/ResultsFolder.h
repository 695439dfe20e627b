//===- ResultsFolder.h - Results folder of a run ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run at a time writes to a results folder, and no run deletes what another
// left there: a new one first moves it to earlier/1, earlier/2, ..., each of
// which is a results folder of its own.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_RESULTSFOLDER_H
#define SEGC_RUNTIME_COMMANDS_RESULTSFOLDER_H

#include "segc/Base/Status.h"

#include <string>
#include <vector>

namespace segc {

class ResultsFolder {
public:
  /// Creates the folder and takes its lock. The system releases it at the end
  /// of the process. Returns an error if another process has the lock.
  static StatusOr<ResultsFolder> open(const std::string &path);
  /// Shares the lock with other ranks of a job. Returns an error if a process
  /// has it alone.
  static StatusOr<ResultsFolder> share(const std::string &path);
  ResultsFolder(ResultsFolder &&other) noexcept;
  ResultsFolder &operator=(ResultsFolder &&other) noexcept;
  ~ResultsFolder();

  const std::string &path() const { return path_; }

  /// Moves the files of `names` that exist into a new folder earlier/N and
  /// returns its path; empty if none exists.
  StatusOr<std::string> putAside(const std::vector<const char *> &names) const;

private:
  ResultsFolder() = default;
  /// `kind` is that of flock().
  static StatusOr<ResultsFolder> lockFolder(const std::string &path, int kind);

  std::string path_;
  int lock = -1;
};

/// Names of the files that a training and an evaluation write.
const std::vector<const char *> &trainingResults();
const std::vector<const char *> &evaluationResults();

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_RESULTSFOLDER_H
