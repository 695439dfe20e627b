//===- LockedFile.cpp - A file whose bytes processes lock -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LockedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;

Status LockedFile::failure(const std::string &action) const {
  return ioError(path + ": cannot " + action + ": " + std::strerror(errno));
}

StatusOr<std::unique_ptr<LockedFile>>
LockedFile::open(const std::string &path) {
  const int file =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  std::unique_ptr<LockedFile> opened(new LockedFile(path, file));
  if (file < 0)
    return opened->failure("open");
  return opened;
}

LockedFile::~LockedFile() {
  if (file >= 0)
    ::close(file);
}

static struct flock rangeOf(uint64_t byte, int kind) {
  struct flock range = {};
  range.l_type = static_cast<short>(kind);
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(byte);
  range.l_len = 1;
  return range;
}

StatusOr<bool> LockedFile::setLock(uint64_t byte, int kind, bool wait) {
  struct flock range = rangeOf(byte, kind);
  while (::fcntl(file, wait ? F_OFD_SETLKW : F_OFD_SETLK, &range) != 0) {
    if (errno == EINTR)
      continue;
    if (!wait && (errno == EAGAIN || errno == EACCES))
      return false;
    const Status status = failure("lock");
    return Status(status.code(),
                  status.message() +
                      "; ranks take their work by locks of files: choose a "
                      "folder of a file system that has them");
  }
  return true;
}

Status LockedFile::lock(uint64_t byte, Lock kind) {
  return setLock(byte, kind == Lock::Shared ? F_RDLCK : F_WRLCK, true).status();
}

StatusOr<bool> LockedFile::tryLock(uint64_t byte) {
  return setLock(byte, F_WRLCK, false);
}

void LockedFile::unlock(uint64_t byte) noexcept {
  struct flock range = rangeOf(byte, F_UNLCK);
  ::fcntl(file, F_OFD_SETLK, &range); // What is held can be released.
}

bool LockedFile::isLockedElsewhere(uint64_t byte) const {
  struct flock range = rangeOf(byte, F_WRLCK);
  return ::fcntl(file, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

bool LockedFile::isThere() const {
  struct stat own, named;
  return ::fstat(file, &own) == 0 && ::stat(path.c_str(), &named) == 0 &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

StatusOr<std::string> LockedFile::read() const {
  struct stat info;
  if (::fstat(file, &info) != 0)
    return failure("read");
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t length = ::pread(file, bytes.data() + at, bytes.size() - at,
                                   static_cast<off_t>(at));
    if (length < 0 && errno != EINTR)
      return failure("read");
    if (length == 0)
      bytes.resize(at);
    at += length > 0 ? static_cast<size_t>(length) : 0;
  }
  return bytes;
}

Status LockedFile::write(uint64_t offset, const std::string &bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t length = ::pwrite(file, bytes.data() + at, bytes.size() - at,
                                    static_cast<off_t>(offset + at));
    if (length < 0 && errno != EINTR)
      return failure("write");
    at += length > 0 ? static_cast<size_t>(length) : 0;
  }
  return Status::success();
}

Status LockedFile::replace(const std::string &bytes) {
  if (::ftruncate(file, 0) != 0)
    return failure("write");
  return write(0, bytes);
}
