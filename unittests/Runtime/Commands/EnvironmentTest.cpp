//===- EnvironmentTest.cpp - Missing system resources ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Train/Report.h"

#include <sys/resource.h>
#include <sys/stat.h>

using namespace segc;

#ifndef __has_feature
#define __has_feature(x) 0
#endif

static void limit(int resource, rlim_t max) {
  rlimit limits = {max, max};
  setrlimit(resource, &limits);
}

// If standard streams are closed, the next files that are opened would get the
// descriptors 0 to 2.
TEST_F(Command, ClosedStreamsPutNoTextIntoFiles) {
  auto closeAll = [] {
    for (int fd : {0, 1, 2})
      ::close(fd);
  };
  ASSERT_EQ(
      run(trainOn("r", {"--max-steps", "6", "--log-every", "1"}), closeAll), 0);
  std::istringstream lines(file("r/train.jsonl"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    ASSERT_EQ(line.compare(0, 6, "DLLL {"), 0) << line;
  EXPECT_GE(count, 7);
  EXPECT_TRUE(Json::accept(file("r/checkpoints/last/state.json")));
  ASSERT_EQ(run({"benchmark", "--model", fakeModel(), "--json",
                 folder + "/b.json", "--steps", "3"},
                closeAll),
            0);
  EXPECT_TRUE(Json::accept(file("b.json")));
}

TEST_F(Command, OutputThatCannotBeWrittenIsAnError) {
  std::vector<std::string> words = {"benchmark", "--model", fakeModel(),
                                    "--steps", "3"};
  EXPECT_EQ(run(words, [] { dup2(open("/dev/full", O_WRONLY), 1); }), 1);
  EXPECT_THAT(output,
              HasSubstr("standard output: cannot write: No space left"));
  words.insert(words.end(), {"--json", "/dev/full"});
  EXPECT_EQ(run(words), 1);
  EXPECT_THAT(output, HasSubstr("/dev/full: cannot write: No space left"));
  struct stat info;
  ASSERT_EQ(stat("/dev/full", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << "it was replaced by a file";
}

TEST_F(Command, FullDiskLeavesOldFilesIntact) {
  ASSERT_EQ(run(trainOn("a", {"--max-steps", "1", "--dump-gradients",
                              folder + "/g.safetensors"})),
            0)
      << output;
  std::string before = file("g.safetensors");
  EXPECT_EQ(run(trainOn("b", {"--max-steps", "1", "--dump-gradients",
                              folder + "/g.safetensors"}),
                [] { limit(RLIMIT_FSIZE, 300); }),
            1);
  EXPECT_EQ(file("g.safetensors"), before);
}

TEST_F(Command, MissingThreadsAndMemoryAreErrors) {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
  GTEST_SKIP() << "the sanitizer itself takes more addresses";
#endif
  std::vector<std::string> words = {
      "benchmark", "--model", fakeModel(), "--steps", "3", "--threads", "300"};
  EXPECT_EQ(run(words, [] { limit(RLIMIT_AS, 600 << 20); }), 1);
  EXPECT_THAT(output, HasSubstr("cannot start 300 threads"));
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
}

TEST_F(Command, InaccessiblePathsAreErrors) {
  fs::create_symlink("loop", folder + "/loop");
  std::string loop = folder + "/loop";
  std::string longName = folder + "/" + std::string(300, 'n');
  std::string latin = folder + "/gr\xfc\xdf"
                               "e";
  std::string newline = folder + "/two\nlines";
  for (const std::string &path : {loop, longName, latin, newline}) {
    EXPECT_EQ(run({"train", "--model", path, "--batches", "x"}), 1) << output;
    EXPECT_EQ(
        run({"predict", "--model", fakeModel(), "--data", path + ".nii.gz",
             "--checkpoint", path, "--output", folder + "/o"}),
        1)
        << output;
    EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1) << output;
    EXPECT_EQ(
        run({"evaluate", "--model", fakeModel("FakeFrozen"), "--data", path}),
        1)
        << output;
  }
  for (const std::string &path : {loop, longName})
    for (bool resume : {false, true}) {
      std::vector<std::string> words = trainOn("r", {"--results", path});
      if (resume)
        words.push_back("--resume");
      EXPECT_EQ(run(words), 1) << output;
    }
}

TEST_F(Command, NamesNeedNotBeUtf8) {
  std::string results = "gr\xfc\xdf"
                        "e";
  std::string model = folder + "/m\xfc.so";
  fs::copy_file(fakeModel(), model);
  EXPECT_EQ(run(trainOn(results, {"--max-steps", "2", "--model", model})), 0)
      << output;
  EXPECT_THAT(file(results + "/train.jsonl"), HasSubstr("m\xef\xbf\xbd.so"));
}

TEST(Report, TakesAnyMetrics) {
  std::string results = freshFolder("metrics");
  for (const char *text :
       {"5", "[]", "{\"hard_dice\": 5}", "{\"hard_dice\": {\"classes\": 5}}",
        "{\"hard_dice\": {\"classes\": {\"a\": \"x\"}}, \"cases\": 5}",
        "{\"hard_dice\": {\"classes\": {\"a\": 1}}, \"cases\": [5, {}, "
        "{\"name\": 5}, {\"name\": \"b\", \"hard_dice\": 5}]}",
        "not JSON"}) {
    ASSERT_TRUE(writeFileAtomically(results + "/metrics.json", text).ok());
    EXPECT_TRUE(writeReport(results, "title", {}).ok()) << text;
  }
}
