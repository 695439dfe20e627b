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

/// Of a regular file; folders, pipes, sockets and devices are refused by name.
StatusOr<uint64_t> fileSize(const std::string &path);

/// Reads a regular file; refuses one larger than `most` bytes before it
/// allocates anything, and whatever is no regular file without waiting for it.
StatusOr<std::string> readFile(const std::string &path,
                               uint64_t most = uint64_t{1} << 36);

/// As readFile, for texts: pipes that somebody writes to are read to their end,
/// too, and "-" is the standard input. Devices are refused.
StatusOr<std::string> readTextFile(const std::string &path,
                                   uint64_t most = uint64_t{1} << 30);

/// Writes the pieces one after the other and waits until they are on the disk.
/// A failed write leaves no file.
Status writeFileSynced(const std::string &path,
                       const std::vector<std::string_view> &pieces);

/// Replaces `path`: whoever opens it, also after a crash, sees the old bytes
/// or the new ones. Temporary file, fsync, rename, fsync of the folder. A
/// device, a pipe or a name of an open file (/dev/full, /dev/stdout) stays what
/// it is and is written to; behind a link the file that it names is replaced,
/// or made if it is not there yet.
Status writeFileAtomically(const std::string &path,
                           const std::vector<std::string_view> &pieces);
inline Status writeFileAtomically(const std::string &path,
                                  std::string_view bytes) {
  return writeFileAtomically(path, std::vector<std::string_view>{bytes});
}

/// Whether a rename onto `path` would replace a device or a pipe, or the name
/// of an open file: /dev/stdout may well be a regular file.
bool isWrittenInPlace(const std::string &path);

/// Whether writeFileAtomically may succeed: known before any work is done.
Status checkOutputPlace(const std::string &path);

/// Whether two names lead to one file, over links and however they are spelt.
bool sameFile(const std::string &a, const std::string &b);

/// Whether something has this name. What cannot be looked at counts as absent.
bool pathExists(const std::string &path);

/// Creates the folder and those above it.
Status createDirectories(const std::string &path);

/// Makes renames and creations in a folder durable.
Status syncDirectory(const std::string &path);

} // namespace segc

#endif // SEGC_BASE_FILES_H
