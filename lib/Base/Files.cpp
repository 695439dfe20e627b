//===- Files.cpp - Reads and writes of whole files ------------------------===//
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

StatusOr<uint64_t> segc::fileSize(const std::string &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0)
    return systemError(path, "cannot read");
  SEGC_RETURN_IF_ERROR(checkRegular(path, info));
  return static_cast<uint64_t>(info.st_size);
}

StatusOr<std::string> segc::readFile(const std::string &path, uint64_t most) {
  // Opening a device can have side effects, and the error of opening a socket
  // is unclear. So the kind is checked before and, against races, after.
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

/// Reads to the end of a pipe or of the standard input.
static StatusOr<std::string> readToEnd(int fd, const std::string &path,
                                       uint64_t most) {
  std::string bytes;
  char block[1 << 16];
  while (ssize_t got = ::read(fd, block, sizeof(block))) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemError(path, "cannot read");
    bytes.append(block, static_cast<size_t>(got));
    if (bytes.size() > most)
      return dataLoss(path + ": more bytes than the " + std::to_string(most) +
                      " that are expected at most");
  }
  return bytes;
}

StatusOr<std::string> segc::readTextFile(const std::string &path,
                                         uint64_t most) {
  if (path == "-")
    return readToEnd(STDIN_FILENO, "the standard input", most);
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode))
    return readFile(path, most);
  // Opened without blocking: a pipe may have no writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0 ||
      ::fcntl(file.fd, F_SETFL, ::fcntl(file.fd, F_GETFL) & ~O_NONBLOCK) != 0)
    return systemError(path, "cannot read");
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readToEnd(file.fd, path, most));
  if (bytes.empty())
    return dataLoss(path + ": a pipe that nobody writes to");
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
