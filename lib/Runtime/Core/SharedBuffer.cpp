//===- SharedBuffer.cpp - Memory that other processes map -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/SharedBuffer.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace segc;

static constexpr int fixedSize = F_SEAL_SHRINK | F_SEAL_GROW;

Status SharedBuffer::open(uint64_t size) {
  void *memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED)
    return ioError(std::string("cannot map shared memory: ") +
                   std::strerror(errno));
  base = static_cast<std::byte *>(memory);
  bytes = size;
  return Status::success();
}

/// Gives a file of memory all of its pages: one that is missing later would be
/// a signal, not an error. Returns an error number.
static int allocatePages(int descriptor, off_t size) {
  // Files of memory grow until processes are killed; of memory of its own a
  // process hears at once that there is not as much.
  void *trial =
      ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (trial == MAP_FAILED)
    return errno;
  ::munmap(trial, static_cast<size_t>(size));
  while (::fallocate(descriptor, 0, 0, size) != 0)
    if (errno != EINTR)
      return errno;
  return 0;
}

StatusOr<SharedBuffer> SharedBuffer::create(uint64_t bytes, const char *what) {
  SharedBuffer buffer;
  if (bytes == 0)
    return buffer;
  const auto refuse = [&](StatusCode code, int error) {
    return Status(code, std::string(what) + ": cannot allocate " +
                            std::to_string(bytes) +
                            " bytes: " + std::strerror(error));
  };
  if (bytes > (uint64_t{1} << 46)) // No processor addresses that much.
    return refuse(StatusCode::IoError, ENOMEM);
  const auto size = static_cast<off_t>(bytes);
  buffer.descriptor = ::memfd_create("segc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  // A limit of file sizes counts here as well.
  if (buffer.descriptor < 0 || ::ftruncate(buffer.descriptor, size) != 0 ||
      ::fcntl(buffer.descriptor, F_ADD_SEALS, fixedSize) != 0)
    return refuse(StatusCode::Unsupported, errno);
  if (const int error = allocatePages(buffer.descriptor, size))
    return refuse(error == ENOMEM || error == ENOSPC ? StatusCode::IoError
                                                     : StatusCode::Unsupported,
                  error);
  SEGC_RETURN_IF_ERROR(buffer.open(bytes).withContext(what));
  // A wish, for its owner: others touch a part of it.
  ::madvise(buffer.base, bytes, MADV_POPULATE_WRITE);
  return buffer;
}

StatusOr<SharedBuffer> SharedBuffer::map(const Place &place) {
  const std::string path = "/proc/" + std::to_string(place.process) + "/fd/" +
                           std::to_string(place.descriptor);
  const auto refuse = [&](const std::string &reason) {
    return unsupported(path + ": " + reason);
  };
  // What is no file may wait in open().
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0)
    return refuse(std::strerror(errno));
  if (!S_ISREG(found.st_mode))
    return refuse("no shared memory");
  SharedBuffer buffer;
  buffer.descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (buffer.descriptor < 0 || ::fstat(buffer.descriptor, &found) != 0)
    return refuse(std::strerror(errno));
  const int seals = ::fcntl(buffer.descriptor, F_GET_SEALS);
  if (seals < 0 || (seals & fixedSize) != fixedSize)
    return refuse("no shared memory of a fixed size");
  if (place.bytes == 0 || static_cast<uint64_t>(found.st_size) != place.bytes)
    return refuse("has " + std::to_string(found.st_size) + " bytes, expected " +
                  std::to_string(place.bytes));
  SEGC_RETURN_IF_ERROR(buffer.open(place.bytes).withContext(path));
  // The mapping stays.
  ::close(std::exchange(buffer.descriptor, -1));
  return buffer;
}

SharedBuffer::~SharedBuffer() {
  if (base)
    ::munmap(base, bytes);
  if (descriptor >= 0)
    ::close(descriptor);
}

SharedBuffer::Place SharedBuffer::place() const {
  return {::getpid(), descriptor, bytes};
}

void SharedBuffer::swap(SharedBuffer &other) noexcept {
  std::swap(base, other.base);
  std::swap(bytes, other.bytes);
  std::swap(descriptor, other.descriptor);
}
