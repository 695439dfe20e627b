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

/// What errno says of an action on `path`.
inline Status systemError(const std::string &path, const char *action) {
  int error = errno;
  std::string text = path + ": " + action + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG)
    text += "; free some space or write elsewhere";
  return error == ENOENT ? notFound(text) : ioError(text);
}

/// Closes with its scope; below 0 it is not open.
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
