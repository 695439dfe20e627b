//===- StagingFolder.cpp - A folder that appears whole --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StagingFolder.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace segc;
namespace fs = std::filesystem;

static Status failed(const fs::path &path, const char *what, int error) {
  return ioError(path.string() + ": " + what + ": " + std::strerror(error));
}

StatusOr<std::unique_ptr<StagingFolder>>
StagingFolder::create(const std::string &source, const std::string &output) {
  std::error_code error;
  fs::path place = fs::absolute(output, error).lexically_normal();
  if (place.filename().empty()) // "name/"
    place = place.parent_path();
  std::string name = place.string() + ".partial-XXXXXX";
  if (!::mkdtemp(name.data()))
    return failed(place.parent_path(), "cannot write in the folder", errno);
  return std::unique_ptr<StagingFolder>(
      new StagingFolder(fs::path(source).lexically_normal(), place, name));
}

StagingFolder::~StagingFolder() {
  std::error_code error;
  if (!published)
    fs::remove_all(folder, error);
}

std::string StagingFolder::target(const std::string &path) const {
  return (folder / fs::path(path).lexically_normal().lexically_relative(source))
      .string();
}

StatusOr<std::string>
StagingFolder::prepareTarget(const std::string &path) const {
  const std::string place = target(path);
  SEGC_RETURN_IF_ERROR(
      createDirectories(fs::path(place).parent_path().string()));
  return place;
}

/// Adds the files below a folder. `open` are the folders that lead there: a
/// link to one of them would lead round.
static Status listFiles(const fs::path &folder, std::set<fs::path> open,
                        std::vector<std::string> &files) {
  std::error_code error;
  if (!open.insert(fs::canonical(folder, error)).second)
    return Status::success();
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (entry->is_directory(unknown))
      SEGC_RETURN_IF_ERROR(listFiles(entry->path(), open, files));
    else if (entry->is_regular_file(unknown) && name.rfind("._", 0) != 0 &&
             name != ".DS_Store")
      files.push_back(entry->path().string());
  }
  return error ? failed(folder, "cannot list", error.value())
               : Status::success();
}

/// Writes all bytes; returns errno, 0 if there was no error.
static int writeAll(int descriptor, const char *bytes, ssize_t count) {
  while (count > 0) {
    const ssize_t written =
        ::write(descriptor, bytes, static_cast<size_t>(count));
    if (written < 0 && errno != EINTR)
      return errno;
    bytes += std::max<ssize_t>(written, 0);
    count -= std::max<ssize_t>(written, 0);
  }
  return 0;
}

/// Copies a file and its mode to a new one; returns errno, 0 if there was no
/// error. (std::filesystem::copy_file says of a disk that fills up while it
/// copies that input and output failed.)
static int copyFile(const std::string &from, const std::string &to) {
  const int source = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (source < 0)
    return errno;
  struct stat status = {};
  int error = ::fstat(source, &status) != 0 ? errno : 0;
  const int copy =
      error ? -1
            : ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     status.st_mode & 0777);
  if (!error && copy < 0)
    error = errno;
  std::vector<char> bytes(1 << 20);
  while (!error) {
    const ssize_t count = ::read(source, bytes.data(), bytes.size());
    if (count == 0)
      break;
    if (count > 0)
      error = writeAll(copy, bytes.data(), count);
    else if (errno != EINTR)
      error = errno;
  }
  if (copy >= 0 && ::close(copy) != 0 && !error)
    error = errno;
  ::close(source);
  return error;
}

Status StagingFolder::copyRest(const std::set<std::string> &skipped,
                               ThreadPool &pool) const {
  std::vector<std::string> all, files;
  SEGC_RETURN_IF_ERROR(listFiles(source, {}, all));
  for (std::string &path : all) {
    if (skipped.count(fs::path(path).lexically_normal().string()) ||
        pathExists(target(path)))
      continue;
    SEGC_RETURN_IF_ERROR(prepareTarget(path).status());
    files.push_back(std::move(path));
  }
  std::mutex mutex;
  Status status; // The mutex guards it.
  pool.parallelFor(static_cast<int64_t>(files.size()),
                   [&](int64_t i, uint32_t) {
                     const std::string &path = files[static_cast<size_t>(i)];
                     {
                       std::lock_guard<std::mutex> lock(mutex);
                       if (!status.ok() || stopSignal())
                         return;
                     }
                     const int error = copyFile(path, target(path));
                     std::lock_guard<std::mutex> lock(mutex);
                     if (error && status.ok())
                       status = failed(path, "cannot copy", error);
                   });
  if (status.ok() && stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while copying");
  return status;
}

Status StagingFolder::publish() {
  // mkdtemp keeps others out; the mask of the process says who may come in.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::chmod(folder.c_str(), 0777 & ~mask) != 0)
    return failed(folder, "cannot open to others", errno);
  // One call brings all files to the disk; a full one may only now be noticed.
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::syncfs(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0)
    ::close(descriptor);
  if (!synced)
    return failed(folder, "cannot write", error);
  if (::rename(folder.c_str(), output.c_str()) != 0)
    return failed(output, "cannot create", errno);
  published = true;
  return syncDirectory(output.parent_path().string());
}
