//===- ResultsFolder.cpp - Results folder of a run ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Base/Files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace segc;

static constexpr const char *lockName = ".lock";
static constexpr const char *earlierName = "earlier";

const std::vector<const char *> &segc::trainingResults() {
  static const std::vector<const char *> names = {
      "train.jsonl", "curves.png",        "report.html",      "metrics.json",
      "metrics.csv", "case-metrics.json", "case-metrics.csv", "summary.json",
      "predictions", "overlays",          "checkpoints",      "tensorboard"};
  return names;
}

const std::vector<const char *> &segc::evaluationResults() {
  static const std::vector<const char *> names = {
      "report.html",      "metrics.json", "metrics.csv", "case-metrics.json",
      "case-metrics.csv", "summary.json", "predictions", "overlays"};
  return names;
}

static Status failed(const std::string &path, const char *action) {
  return ioError(path + ": cannot " + action + ": " + std::strerror(errno));
}

/// The process that has the lock, as far as it said.
static std::string holderOf(int file) {
  char text[32] = {};
  ssize_t length = ::pread(file, text, sizeof(text) - 1, 0);
  int process = 0;
  return length > 0 && std::sscanf(text, "%d", &process) == 1
             ? "process " + std::to_string(process)
             : "another process";
}

StatusOr<ResultsFolder> ResultsFolder::lockFolder(const std::string &path,
                                                  int kind) {
  SEGC_RETURN_IF_ERROR(createDirectories(path));
  const std::string name = path + "/" + lockName;
  ResultsFolder folder;
  folder.path_ = path;
  folder.lock =
      ::open(name.c_str(),
             O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (folder.lock < 0)
    return failed(name, "create");
  if (::flock(folder.lock, kind | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return ioError(path + ": " + holderOf(folder.lock) +
                     " is writing to this folder; wait until it ends, or give "
                     "another --results");
    // Not every file system of a network has locks.
    std::fprintf(stderr,
                 "segrun: warning: %s: cannot be locked (%s); start no "
                 "second run there\n",
                 name.c_str(), std::strerror(errno));
    return folder;
  }
  const std::string holder = std::to_string(::getpid()) + "\n";
  if (::ftruncate(folder.lock, 0) != 0 ||
      ::pwrite(folder.lock, holder.data(), holder.size(), 0) !=
          static_cast<ssize_t>(holder.size()))
    return failed(name, "write");
  return folder;
}

StatusOr<ResultsFolder> ResultsFolder::open(const std::string &path) {
  return lockFolder(path, LOCK_EX);
}

StatusOr<ResultsFolder> ResultsFolder::share(const std::string &path) {
  return lockFolder(path, LOCK_SH);
}

ResultsFolder::ResultsFolder(ResultsFolder &&other) noexcept
    : path_(std::move(other.path_)), lock(std::exchange(other.lock, -1)) {}

ResultsFolder &ResultsFolder::operator=(ResultsFolder &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock, other.lock);
  return *this;
}

ResultsFolder::~ResultsFolder() {
  // The file stays: removing it would let two processes lock two files.
  if (lock >= 0)
    ::close(lock);
}

/// Creates the first folder N = 1, 2, ... that is not there yet.
static StatusOr<std::string> createNumbered(const std::string &parent) {
  SEGC_RETURN_IF_ERROR(createDirectories(parent));
  for (int64_t number = 1;; ++number) {
    std::string path = parent + "/" + std::to_string(number);
    if (::mkdir(path.c_str(), 0777) == 0)
      return path;
    if (errno != EEXIST)
      return failed(path, "create");
  }
}

StatusOr<std::string>
ResultsFolder::putAside(const std::vector<const char *> &names) const {
  std::string target;
  for (const char *name : names) {
    const std::string from = path_ + "/" + name;
    struct stat info;
    if (::lstat(from.c_str(), &info) != 0 && errno == ENOENT)
      continue;
    if (target.empty()) {
      SEGC_ASSIGN_OR_RETURN(target, createNumbered(path_ + "/" + earlierName));
    }
    if (std::rename(from.c_str(), (target + "/" + name).c_str()) != 0)
      return failed(from, "move what an earlier run left");
  }
  if (!target.empty())
    SEGC_RETURN_IF_ERROR(syncDirectory(target));
  return target;
}
