//===- ProbabilityFileTest.cpp - Probabilities as a NumPy array -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/ProbabilityFile.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"

#include <gmock/gmock.h>

#include <csignal>
#include <cstring>
#include <sys/resource.h>

using namespace segc;
using testing::HasSubstr;

TEST(ProbabilityFileTest, IsAnArrayOfNumPy) {
  const std::string folder = freshFolder("probabilities");
  const std::string path = folder + "/case.npy";
  {
    auto file = ProbabilityFile::create(path, 2, {3, 4, 5});
    ASSERT_TRUE(file.ok()) << file.status().message();
    file->values()[61] = 0.5f; // Of the second class.
    EXPECT_FALSE(pathExists(path));
    ASSERT_TRUE(file->finish().ok());
  }
  auto text = readFile(path);
  ASSERT_TRUE(text.ok());
  // Of 128 bytes: magic number, version, length of the rest.
  ASSERT_EQ(text->size(), 128U + 2 * 60 * 4);
  EXPECT_EQ(text->substr(0, 10), std::string("\x93NUMPY\x01\0\x76\0", 10));
  EXPECT_THAT(*text, HasSubstr("{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (2, 3, 4, 5, ), }"));
  EXPECT_EQ((*text)[127], '\n');
  std::vector<float> values(120);
  std::memcpy(values.data(), text->data() + 128, 480);
  EXPECT_EQ(values[0], 1); // What nobody writes to is background.
  EXPECT_EQ(values[59], 1);
  EXPECT_EQ(values[60], 0);
  EXPECT_EQ(values[61], 0.5f);
  // One of its kind is replaced, another file is not.
  EXPECT_TRUE(ProbabilityFile::create(path, 2, {3, 4, 5}).ok());
  ASSERT_TRUE(writeFileAtomically(path, "mine").ok());
  EXPECT_THAT(ProbabilityFile::create(path, 2, {3, 4, 5}).status().message(),
              HasSubstr("case.npy: exists and is no array"));
  EXPECT_EQ(*readFile(path), "mine");
  // What is not finished leaves nothing.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(ProbabilityFileTest, NoRoomIsAnError) {
  const std::string folder = freshFolder("no-room");
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = {}, small = {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  small = {4096, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status status =
      ProbabilityFile::create(folder + "/case.npy", 2, {30, 40, 50}).status();
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, old);
  EXPECT_EQ(status.code(), StatusCode::IoError);
  EXPECT_THAT(status.message(), HasSubstr("cannot reserve 480128 bytes"));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}
