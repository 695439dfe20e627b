//===- CompileCacheTest.cpp - Cache of compiled networks ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Commands/Compile.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

namespace {
/// A fake compiler that copies a model and logs a line for each call.
class CompileCache : public testing::Test {
protected:
  void SetUp() override {
    folder = freshFolder("cache");
    ::chmod(folder.c_str(), 0700);
    const std::string script = folder + "/bin/segc";
    fs::create_directories(folder + "/bin");
    ASSERT_TRUE(writeFileAtomically(script, "#!/bin/sh\necho run >> '" +
                                                folder +
                                                "/log'\nwhile [ $# -gt 1 ]; do "
                                                "[ \"$1\" = -o ] && /bin/cp '" +
                                                fakeModel("FakeNote") +
                                                "' \"$2\"; shift; done\n")
                    .ok());
    ::chmod(script.c_str(), 0755);
    path = std::getenv("PATH");
    ::setenv("PATH", (folder + "/bin:" + path).c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (folder + "/xdg").c_str(), 1);
    ASSERT_TRUE(writeFileAtomically(folder + "/net.mlir", "text").ok());
  }
  void TearDown() override {
    ::setenv("PATH", path.c_str(), 1);
    ::unsetenv("XDG_CACHE_HOME");
  }
  CompiledNetwork compile() {
    auto network = compileCached(folder + "/net.mlir", {"--batch", "2"});
    EXPECT_TRUE(network.ok()) << network.status().message();
    EXPECT_TRUE(ModelLibrary::load(network->path).ok());
    return std::move(*network);
  }
  int runs() const {
    StatusOr<std::string> log = readFile(folder + "/log");
    return log.ok() ? int(std::count(log->begin(), log->end(), '\n')) : 0;
  }
  std::string folder, path;
};
} // namespace

TEST_F(CompileCache, CompilesOnce) {
  const std::string first = compile().path;
  EXPECT_EQ(compile().path, first);
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(fs::status(folder + "/xdg/segc").permissions(),
            fs::perms::owner_all);
  // The folder contains only the model.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder + "/xdg/segc"),
                          fs::directory_iterator()),
            1);
}

// A cached model that is truncated, or that other users could have written, is
// not loaded.
TEST_F(CompileCache, RefusesDamagedAndForeignModels) {
  const std::string model = compile().path;
  fs::resize_file(model, fs::file_size(model) / 2);
  compile();
  EXPECT_EQ(runs(), 2);
  ::chmod(model.c_str(), 0666);
  compile();
  EXPECT_EQ(runs(), 3);
  fs::rename(model, folder + "/elsewhere.so");
  fs::create_symlink(folder + "/elsewhere.so", model);
  compile();
  EXPECT_EQ(runs(), 4);
  if (::geteuid() == 0 && ::chown(model.c_str(), 4321, 0) == 0) {
    compile();
    EXPECT_EQ(runs(), 5);
  }
  const int before = runs();
  compile();
  EXPECT_EQ(runs(), before);
}

// Without a private cache, a network is compiled each time and nothing is kept.
TEST_F(CompileCache, WorksWithoutACache) {
  fs::create_directories(folder + "/xdg/segc");
  ::chmod((folder + "/xdg/segc").c_str(), 0777);
  std::string place;
  {
    CompiledNetwork network = compile();
    place = network.path;
    EXPECT_THAT(place, testing::Not(testing::HasSubstr("/xdg/")));
    EXPECT_TRUE(fs::exists(place));
  }
  EXPECT_FALSE(fs::exists(fs::path(place).parent_path()));
  ::setenv("XDG_CACHE_HOME", ("/" + std::string(300, 'n')).c_str(), 1);
  compile();
  EXPECT_EQ(runs(), 2);
}
