//===- Files.h - Whole files, durably ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_FILES_H
#define SEGC_BASE_FILES_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

/// Whether a path ends in `ending`, in upper or lower case.
bool hasEnding(std::string_view path, std::string_view ending);

/// Size in bytes of a regular file. Folders, pipes, sockets and devices are
/// refused by name.
StatusOr<uint64_t> fileSize(const std::string &path);

/// Reads a regular file. Files larger than `most` bytes are refused before
/// anything is allocated, other kinds of files without waiting for them.
StatusOr<std::string> readFile(const std::string &path,
                               uint64_t most = uint64_t{1} << 36);

/// Reads a text file. In addition to what readFile takes, it reads pipes to
/// their end, and "-" is the standard input. Devices are refused.
StatusOr<std::string> readTextFile(const std::string &path,
                                   uint64_t most = uint64_t{1} << 30);

/// Writes the pieces one after the other and waits until they are on the disk.
/// A failed write leaves no file.
Status writeFileSynced(const std::string &path,
                       const std::vector<std::string_view> &pieces);

/// Replaces `path` atomically: readers see the old bytes or the new ones, also
/// after a crash (temporary file, fsync, rename, fsync of the folder). A
/// device, a pipe or a name of an open file (/dev/full, /dev/stdout) is written
/// to and not replaced. A symbolic link stays, and its target is replaced or
/// created.
Status writeFileAtomically(const std::string &path,
                           const std::vector<std::string_view> &pieces);
inline Status writeFileAtomically(const std::string &path,
                                  std::string_view bytes) {
  return writeFileAtomically(path, std::vector<std::string_view>{bytes});
}

/// Whether a rename onto `path` would replace a device or a pipe, or the name
/// of an open file: /dev/stdout may well be a regular file.
bool isWrittenInPlace(const std::string &path);

/// Checks whether writeFileAtomically can succeed, before any work is done.
Status checkOutputPlace(const std::string &path);

/// Whether two paths name the same file, also through links.
bool sameFile(const std::string &a, const std::string &b);

/// Whether the path exists. A path that cannot be examined counts as absent.
bool pathExists(const std::string &path);

/// Creates the folder and its parents.
Status createDirectories(const std::string &path);

/// Makes renames and creations in a folder durable.
Status syncDirectory(const std::string &path);

} // namespace segc

#endif // SEGC_BASE_FILES_H
