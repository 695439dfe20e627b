//===- PrivateFolders.h - Folders that nobody else can change ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models in a cache are loaded, and loading runs their code: whoever can write
// there could run code as this user.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_PRIVATEFOLDERS_H
#define SEGC_BASE_PRIVATEFOLDERS_H

#include "segc/Base/Status.h"

#include <string>

namespace segc {

/// Success if `path`, a file or folder, belongs to this user and neither it nor
/// a folder above it can be changed by others (folders above may be root's).
Status checkPrivate(const std::string &path);

/// Creates a folder and its parents with mode 0700 where they are missing.
/// Fails if it cannot be written or is not private.
Status makePrivateFolder(const std::string &path);

/// The folder `name` in the user's cache of segc, by the XDG rules:
/// $XDG_CACHE_HOME/segc or ~/.cache/segc, created with mode 0700 if it is
/// missing. Fails if there is no home, or if the folder cannot be written or is
/// not private; there is no fallback to a shared folder.
StatusOr<std::string> privateCacheFolder(const std::string &name = "");

/// A new folder of mode 0700 that the destructor removes.
class PrivateTemporaryFolder {
public:
  /// Creates it in `parent`, or in $TMPDIR or /tmp if that is empty.
  static StatusOr<PrivateTemporaryFolder>
  create(const std::string &parent = "");
  PrivateTemporaryFolder(PrivateTemporaryFolder &&other) noexcept {
    path_.swap(other.path_);
  }
  PrivateTemporaryFolder &operator=(PrivateTemporaryFolder &&other) noexcept {
    path_.swap(other.path_);
    return *this;
  }
  ~PrivateTemporaryFolder();

  const std::string &path() const { return path_; }

private:
  PrivateTemporaryFolder() = default;
  std::string path_;
};

} // namespace segc

#endif // SEGC_BASE_PRIVATEFOLDERS_H
