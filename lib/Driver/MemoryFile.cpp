//===- MemoryFile.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemoryFile.h"

#include <cerrno>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace segc {

static llvm::Error systemError(const char *action) {
  std::error_code code(errno, std::generic_category());
  return llvm::createStringError(code,
                                 llvm::Twine(action) + ": " + code.message());
}

llvm::Expected<MemoryFile> MemoryFile::create(const char *name) {
  // Child processes inherit it.
  int descriptor = ::memfd_create(name, 0);
  if (descriptor < 0)
    return systemError("cannot make a file in memory");
  return MemoryFile(descriptor);
}

MemoryFile::~MemoryFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

llvm::Error MemoryFile::write(llvm::ArrayRef<char> bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return systemError("cannot write a file in memory");
    bytes = bytes.drop_front(static_cast<size_t>(wrote));
  }
  return llvm::Error::success();
}

llvm::Expected<std::string> MemoryFile::read() const {
  struct stat info;
  if (::fstat(descriptor, &info) != 0)
    return systemError("cannot read a file in memory");
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  for (size_t done = 0; done < bytes.size();) {
    ssize_t got = ::pread(descriptor, bytes.data() + done, bytes.size() - done,
                          static_cast<off_t>(done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return systemError("cannot read a file in memory");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

} // namespace segc
