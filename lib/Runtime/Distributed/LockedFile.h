//===- LockedFile.h - A file whose bytes processes lock ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DISTRIBUTED_LOCKEDFILE_H
#define SEGC_LIB_RUNTIME_DISTRIBUTED_LOCKEDFILE_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <memory>
#include <string>

namespace segc {

/// A file on a disk or of a network. Locks are of the open file: two objects
/// exclude each other also in one process, and the system releases all locks
/// when the file is closed or the process ends.
class LockedFile {
public:
  static StatusOr<std::unique_ptr<LockedFile>> open(const std::string &path);
  ~LockedFile();
  LockedFile(const LockedFile &) = delete;
  LockedFile &operator=(const LockedFile &) = delete;

  enum class Lock { Shared, Exclusive };
  /// Waits for the lock on a byte, which need not be there.
  Status lock(uint64_t byte, Lock kind = Lock::Exclusive);
  /// Returns whether the lock was free.
  StatusOr<bool> tryLock(uint64_t byte);
  void unlock(uint64_t byte) noexcept;
  /// Whether another open file has any lock on the byte.
  bool isLockedElsewhere(uint64_t byte) const;

  /// Whether the path still names this file.
  bool isThere() const;
  StatusOr<std::string> read() const;
  Status write(uint64_t offset, const std::string &bytes);
  /// Replaces all that the file has.
  Status replace(const std::string &bytes);

private:
  LockedFile(std::string path, int file) : path(std::move(path)), file(file) {}
  Status failure(const std::string &action) const;
  StatusOr<bool> setLock(uint64_t byte, int kind, bool wait);

  std::string path;
  int file;
};

/// Holds the exclusive lock on a byte for a scope.
class ByteLock {
public:
  static StatusOr<ByteLock> take(LockedFile &file, uint64_t byte) {
    SEGC_RETURN_IF_ERROR(file.lock(byte));
    return ByteLock(file, byte);
  }
  ByteLock(ByteLock &&other) noexcept : file(other.file), byte(other.byte) {
    other.file = nullptr;
  }
  ByteLock &operator=(ByteLock &&) = delete;
  ~ByteLock() {
    if (file)
      file->unlock(byte);
  }

private:
  ByteLock(LockedFile &file, uint64_t byte) : file(&file), byte(byte) {}

  LockedFile *file;
  uint64_t byte;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DISTRIBUTED_LOCKEDFILE_H
