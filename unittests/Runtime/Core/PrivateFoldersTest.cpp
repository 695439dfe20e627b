//===- PrivateFoldersTest.cpp - Private caches ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/PrivateFolders.h"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;
using testing::HasSubstr;
namespace fs = std::filesystem;

static std::string messageOf(const StatusOr<std::string> &folder) {
  return folder.ok() ? "no error" : folder.status().message();
}

namespace {
class PrivateFolders : public testing::Test {
protected:
  void SetUp() override {
    root = PrivateTemporaryFolder::create()->path() + "-test";
    fs::create_directories(root);
    ::chmod(root.c_str(), 0700);
    ::setenv("XDG_CACHE_HOME", root.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    fs::remove_all(root);
  }
  std::string root;
};
} // namespace

static mode_t modeOf(const std::string &path) {
  struct stat info = {};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

TEST_F(PrivateFolders, AreMadeForTheUserAlone) {
  ::umask(0);
  auto folder = privateCacheFolder("deep/er");
  ::umask(022);
  ASSERT_TRUE(folder.ok()) << folder.status().message();
  EXPECT_EQ(*folder, root + "/segc/deep/er");
  EXPECT_EQ(modeOf(root + "/segc"), 0700u);
  EXPECT_EQ(modeOf(*folder), 0700u);
}

TEST_F(PrivateFolders, RefuseFoldersThatOthersCanChange) {
  ASSERT_TRUE(privateCacheFolder().ok());
  ::chmod((root + "/segc").c_str(), 0777);
  EXPECT_THAT(messageOf(privateCacheFolder()),
              HasSubstr("/segc: others can write there (mode 0777)"));
  ::chmod((root + "/segc").c_str(), 0755);
  EXPECT_EQ(messageOf(privateCacheFolder()), "no error");
  // Users who can write to the parent folder could replace the folder.
  ::chmod(root.c_str(), 0777);
  EXPECT_THAT(messageOf(privateCacheFolder()), HasSubstr("others can write"));
  ::chmod(root.c_str(), 01777);
  EXPECT_EQ(messageOf(privateCacheFolder()), "no error");
  if (::geteuid() == 0 && ::chown((root + "/segc").c_str(), 4321, 0) == 0)
    EXPECT_THAT(messageOf(privateCacheFolder()),
                HasSubstr("belongs to user 4321, expected 0"));
}

TEST_F(PrivateFolders, NeedAHome) {
  const std::string home = std::getenv("HOME") ? std::getenv("HOME") : "/";
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  ::unsetenv("HOME");
  EXPECT_THAT(messageOf(privateCacheFolder()), HasSubstr("neither"));
  ::setenv("HOME", ("/" + std::string(300, 'n')).c_str(), 1);
  EXPECT_THAT(messageOf(privateCacheFolder()), HasSubstr("cannot be searched"));
  ::setenv("HOME", root.c_str(), 1);
  EXPECT_EQ(messageOf(privateCacheFolder()), "no error");
  ::setenv("HOME", home.c_str(), 1);
}

TEST_F(PrivateFolders, TemporaryFoldersAreRemoved) {
  std::string path;
  {
    auto folder = PrivateTemporaryFolder::create(root);
    ASSERT_TRUE(folder.ok());
    path = folder->path();
    EXPECT_EQ(modeOf(path), 0700u);
    fs::create_directories(path + "/a/b");
    PrivateTemporaryFolder moved = std::move(*folder);
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}
