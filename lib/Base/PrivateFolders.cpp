//===- PrivateFolders.cpp - Folders that only the user can change ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/PrivateFolders.h"
#include "Descriptor.h"

#include <cstdlib>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

/// Whether users other than this one and root may write to a file. The group
/// may write if it is the user's own.
static bool othersWrite(const struct stat &info) {
  return (info.st_mode & S_IWOTH) ||
         ((info.st_mode & S_IWGRP) && info.st_gid != ::getegid());
}

static std::string octal(mode_t mode) {
  std::string text;
  for (int shift = 9; shift >= 0; shift -= 3)
    text += static_cast<char>('0' + (mode >> shift & 7));
  return text;
}

static Status checkOne(const std::string &path, const struct stat &info,
                       bool last) {
  const bool mine = info.st_uid == ::geteuid();
  if (!mine && (last || info.st_uid != 0))
    return invalidArgument(path + ": belongs to user " +
                           std::to_string(info.st_uid) + ", expected " +
                           std::to_string(::geteuid()));
  // In a sticky folder such as /tmp users cannot move files of others.
  const bool sticky = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX);
  if (othersWrite(info) && (last || !sticky))
    return invalidArgument(path + ": others can write there (mode " +
                           octal(info.st_mode & 07777) +
                           "); take that away with `chmod go-w`");
  return Status::success();
}

Status segc::checkPrivate(const std::string &path) {
  std::error_code error;
  fs::path place = fs::canonical(path, error);
  if (error)
    return ioError(path + ": " + error.message());
  for (bool last = true;; last = false) {
    struct stat info;
    if (::lstat(place.c_str(), &info) != 0)
      return systemError(place.string(), "cannot be looked at");
    SEGC_RETURN_IF_ERROR(checkOne(place.string(), info, last));
    if (!place.has_relative_path())
      return Status::success();
    place = place.parent_path();
  }
}

/// Creates a folder and its parents with mode 0700.
static Status createPrivate(const fs::path &path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0)
    return S_ISDIR(info.st_mode)
               ? Status::success()
               : ioError(path.string() + ": expected a folder");
  if (errno != ENOENT)
    return systemError(path.string(), "cannot be searched");
  if (path.has_relative_path() && path.has_parent_path())
    SEGC_RETURN_IF_ERROR(createPrivate(path.parent_path()));
  // Another process may have created it in the meantime.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return systemError(path.string(), "cannot be made");
  return Status::success();
}

Status segc::makePrivateFolder(const std::string &path) {
  SEGC_RETURN_IF_ERROR(createPrivate(path));
  SEGC_RETURN_IF_ERROR(checkPrivate(path));
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return systemError(path, "cannot be written");
  return Status::success();
}

StatusOr<std::string> segc::privateCacheFolder(const std::string &name) {
  const char *xdg = std::getenv("XDG_CACHE_HOME");
  const char *home = std::getenv("HOME");
  fs::path folder;
  // The XDG rules demand that relative paths be ignored.
  if (xdg && *xdg == '/')
    folder = xdg;
  else if (home && *home == '/')
    folder = fs::path(home) / ".cache";
  else
    return notFound(
        "neither XDG_CACHE_HOME nor HOME names a folder for caches");
  folder /= "segc";
  if (!name.empty())
    folder /= name;
  SEGC_RETURN_IF_ERROR(makePrivateFolder(folder.string()));
  return folder.string();
}

StatusOr<PrivateTemporaryFolder>
PrivateTemporaryFolder::create(const std::string &parent) {
  const char *variable = std::getenv("TMPDIR");
  fs::path place = !parent.empty()         ? parent
                   : variable && *variable ? variable
                                           : "/tmp";
  std::string path = (place / ".segc-XXXXXX").string();
  if (!::mkdtemp(path.data()))
    return systemError(path, "cannot be made");
  PrivateTemporaryFolder folder;
  folder.path_ = std::move(path);
  return folder;
}

PrivateTemporaryFolder::~PrivateTemporaryFolder() {
  std::error_code error;
  if (!path_.empty())
    fs::remove_all(path_, error);
}
