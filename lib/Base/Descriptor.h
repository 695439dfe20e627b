//===- Descriptor.h - Open files and the system's errors --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_BASE_DESCRIPTOR_H
#define SEGC_LIB_BASE_DESCRIPTOR_H

#include "segc/Base/Status.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace segc {

/// The error of errno after `action` on `path` failed.
inline Status systemError(const std::string &path, const char *action) {
  int error = errno;
  std::string text = path + ": " + action + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    text += "; free some space or write elsewhere";
  return error == ENOENT ? notFound(text) : ioError(text);
}

/// A file descriptor that the destructor closes; negative if it is not open.
struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  int fd;
};

} // namespace segc

#endif // SEGC_LIB_BASE_DESCRIPTOR_H
