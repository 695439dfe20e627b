//===- Files.cpp - Whole files, durably -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "Descriptor.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

bool segc::hasEnding(std::string_view path, std::string_view ending) {
  auto equal = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return path.size() >= ending.size() &&
         std::equal(ending.rbegin(), ending.rend(), path.rbegin(), equal);
}

/// Success for a regular file.
static Status checkRegular(const std::string &path, const struct stat &info) {
  const char *kind = S_ISREG(info.st_mode)    ? nullptr
                     : S_ISDIR(info.st_mode)  ? "a folder"
                     : S_ISFIFO(info.st_mode) ? "a pipe"
                     : S_ISSOCK(info.st_mode) ? "a socket"
                                              : "a device";
  return kind ? invalidArgument(path + ": " + kind + ", expected a file")
              : Status::success();
}

Expected<uint64_t> segc::fileSize(const std::string &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0)
    return systemError(path, "cannot read");
  SEGC_RETURN_IF_ERROR(checkRegular(path, info));
  return static_cast<uint64_t>(info.st_size);
}

Expected<std::string> segc::readFile(const std::string &path, uint64_t most) {
  // Opening a device can do things and opening a socket has an error that says
  // nothing, so the kind is looked at before and, for races, after.
  SEGC_RETURN_IF_ERROR(fileSize(path).status());
  Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info;
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0)
    return systemError(path, "cannot read");
  SEGC_RETURN_IF_ERROR(checkRegular(path, info));
  if (static_cast<uint64_t>(info.st_size) > most)
    return dataLoss(path + ": " + std::to_string(info.st_size) +
                    " bytes, expected at most " + std::to_string(most));
  std::string bytes;
  try {
    bytes.resize(static_cast<size_t>(info.st_size));
  } catch (const std::exception &) {
    return ioError(path + ": no memory for its " +
                   std::to_string(info.st_size) + " bytes");
  }
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemError(path, "cannot read");
    if (got == 0)
      return dataLoss(path + ": shrank while it was read");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

bool segc::pathExists(const std::string &path) {
  std::error_code error;
  return fs::exists(path, error);
}

Status segc::createDirectories(const std::string &path) {
  std::error_code error, ignored;
  fs::create_directories(path, error);
  if (error && !fs::is_directory(path, ignored))
    return ioError(path + ": cannot create the folder: " + error.message());
  return Status::success();
}

void segc::openStandardStreams() {
  // open() gives the lowest free number, which is `fd` itself.
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      ::open("/dev/null", O_RDWR);
}
