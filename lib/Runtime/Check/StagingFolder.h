//===- StagingFolder.h - A folder that appears whole ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_STAGINGFOLDER_H
#define SEGC_LIB_RUNTIME_CHECK_STAGINGFOLDER_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <filesystem>
#include <memory>
#include <set>

namespace segc {

/// The copy of a folder while it is written, beside the place where it will be.
/// What is not published is removed.
class StagingFolder {
public:
  static StatusOr<std::unique_ptr<StagingFolder>>
  create(const std::string &source, const std::string &output);
  ~StagingFolder();
  StagingFolder(const StagingFolder &) = delete;
  StagingFolder &operator=(const StagingFolder &) = delete;

  /// Where a file of the source, by its full path, is in the copy.
  std::string target(const std::string &path) const;
  /// The same, with the folders in front of it.
  StatusOr<std::string> prepareTarget(const std::string &path) const;

  /// Copies all files of the source but those that are in the copy already,
  /// those in `skipped` and what macOS leaves behind. Links become what they
  /// point to.
  Status copyRest(const std::set<std::string> &skipped, ThreadPool &pool) const;

  /// Brings the copy to the disk and gives it its name.
  Status publish();

private:
  StagingFolder(std::filesystem::path source, std::filesystem::path output,
                std::filesystem::path folder)
      : source(std::move(source)), output(std::move(output)),
        folder(std::move(folder)) {}

  std::filesystem::path source, output, folder;
  bool published = false;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_STAGINGFOLDER_H
