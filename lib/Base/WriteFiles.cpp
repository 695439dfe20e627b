//===- WriteFiles.cpp - Atomic writes of files ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Descriptor.h"
#include "segc/Base/Files.h"

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

using namespace segc;
namespace fs = std::filesystem;

/// The kernel's limit on symbolic links in a path.
static constexpr int maxLinks = 40;

/// The folder that holds `path`.
static std::string folderOf(const std::string &path) {
  std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

static Status writeAll(int fd, const std::string &path,
                       std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return systemError(path, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return Status::success();
}

/// Writes the pieces and waits until they are on the disk.
static Status writePieces(int fd, const std::string &path,
                          const std::vector<std::string_view> &pieces) {
  for (std::string_view piece : pieces)
    SEGC_RETURN_IF_ERROR(writeAll(fd, path, piece));
  // EINVAL means that the file, such as a pipe, cannot be synced.
  return ::fsync(fd) == 0 || errno == EINVAL
             ? Status::success()
             : systemError(path, "cannot write");
}

Status segc::writeFileSynced(const std::string &path,
                             const std::vector<std::string_view> &pieces) {
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd < 0)
    return systemError(path, "cannot create");
  Status status = writePieces(file.fd, path, pieces);
  if (!status.ok())
    ::unlink(path.c_str());
  return status;
}

Status segc::syncDirectory(const std::string &path) {
  const std::string folder = path.empty() ? "." : path;
  Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd < 0 && errno == EACCES) // may be written but not listed
    return Status::success();
  if (file.fd < 0 || (::fsync(file.fd) != 0 && errno != EINVAL))
    return systemError(folder, "cannot sync");
  return Status::success();
}

/// The descriptor of this process that a path such as /dev/stdout or /dev/fd/3
/// names; negative for other paths.
static int descriptorOf(const std::string &path) {
  const std::string own = "/proc/" + std::to_string(::getpid()) + "/";
  fs::path name = path;
  std::error_code error;
  for (int links = 0; links <= maxLinks; ++links) {
    const fs::path folder = fs::canonical(folderOf(name.string()), error);
    if (!error && folder.filename() == "fd" &&
        folder.string().compare(0, own.size(), own) == 0) {
      char *end = nullptr;
      const std::string number = name.filename().string();
      const long fd = std::strtol(number.c_str(), &end, 10);
      return *end || fd > INT_MAX ? -1 : static_cast<int>(fd);
    }
    const fs::path next = fs::read_symlink(name, error);
    if (error)
      return -1;
    name = name.parent_path() / next;
  }
  return -1;
}

bool segc::isWrittenInPlace(const std::string &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode))
    return false;
  if (!S_ISREG(info.st_mode))
    return true;
  std::error_code error;
  const fs::path folder = fs::canonical(folderOf(path), error);
  return folder == "/dev" || folder.string().compare(0, 6, "/proc/") == 0;
}

static Status writeInPlace(const std::string &path,
                           const std::vector<std::string_view> &pieces) {
  // A second open() would have its own position, and overwrite or reorder what
  // the process prints.
  if (const int open = descriptorOf(path); open >= 0) {
    std::fflush(stdout);
    Descriptor file(::dup(open));
    if (file.fd < 0)
      return systemError(path, "cannot write");
    return writePieces(file.fd, path, pieces);
  }
  // Opened without blocking, because a pipe may have no reader.
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY |
                                           O_NONBLOCK | O_CLOEXEC));
  if (file.fd < 0 ||
      ::fcntl(file.fd, F_SETFL, ::fcntl(file.fd, F_GETFL) & ~O_NONBLOCK) != 0)
    return systemError(path, errno == ENXIO ? "cannot write (nobody reads it)"
                                            : "cannot write");
  return writePieces(file.fd, path, pieces);
}

/// Creates a file with a short, unique name in the folder of `path`. A suffix
/// could exceed the maximal length of a name.
static int createBeside(const std::string &path, std::string &name) {
  static std::atomic<unsigned> next{0};
  for (;;) {
    name = (fs::path(folderOf(path)) / (".segc-" + std::to_string(::getpid()) +
                                        "-" + std::to_string(next++) + ".tmp"))
               .string();
    int fd =
        ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
}

/// Follows symbolic links to the target of `name`, which need not exist. A
/// cycle of links is an error.
static StatusOr<std::string> targetOf(const std::string &name) {
  fs::path path = name;
  for (int links = 0; links <= maxLinks; ++links) {
    std::error_code error;
    const fs::path next = fs::read_symlink(path, error);
    if (error)
      return path.string();
    path = path.parent_path() / next;
  }
  errno = ELOOP;
  return systemError(name, "cannot write");
}

Status segc::writeFileAtomically(const std::string &name,
                                 const std::vector<std::string_view> &pieces) {
  if (isWrittenInPlace(name))
    return writeInPlace(name, pieces);
  SEGC_ASSIGN_OR_RETURN(const std::string path, targetOf(name));
  std::string temporary;
  Descriptor file(createBeside(path, temporary));
  if (file.fd < 0)
    return systemError(path, "cannot create");
  struct stat before;
  if (::stat(path.c_str(), &before) == 0)
    ::fchmod(file.fd, before.st_mode & 0777);
  Status status = writePieces(file.fd, path, pieces);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0)
    status = systemError(path, "cannot replace");
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return syncDirectory(folderOf(path));
}

bool segc::sameFile(const std::string &a, const std::string &b) {
  struct stat first, second;
  if (::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0)
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
  // A file that does not exist yet is compared by its folder and name.
  auto place = [](const std::string &name, std::error_code &error) {
    StatusOr<std::string> target = targetOf(name);
    if (!target.ok())
      error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
    return error ? fs::path()
                 : fs::weakly_canonical(fs::absolute(*target, error), error);
  };
  std::error_code error;
  const fs::path one = place(a, error);
  return !error && one == place(b, error) && !error;
}

Status segc::checkOutputPlace(const std::string &name) {
  if (isWrittenInPlace(name))
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(const std::string path, targetOf(name));
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    return invalidArgument(name + ": a folder, expected a file to write");
  const std::string folder = folderOf(path);
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return systemError(name, ("cannot write in the folder " + folder).c_str());
  return Status::success();
}
