//===- ResultsFolderTest.cpp - Runs in the same folder --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/ResultsFolder.h"
#include "CommandTest.h"

using namespace segc;

// Three runs without --resume: all files of the first two still exist
// afterwards.
TEST_F(Command, ANewRunDeletesNothingOfEarlierOnes) {
  std::vector<std::string> logs, weights;
  for (const char *seed : {"1", "2", "3"}) {
    ASSERT_EQ(run(trainOn("r", {"--max-steps", "3", "--seed", seed})), 0)
        << output;
    logs.push_back(file("r/train.jsonl"));
    weights.push_back(file("r/checkpoints/last/model.safetensors"));
  }
  EXPECT_NE(weights[0], weights[1]);
  EXPECT_THAT(output, HasSubstr("is now in " + folder + "/r/earlier/2"));
  for (size_t i = 0; i < 2; ++i) {
    std::string earlier = "r/earlier/" + std::to_string(i + 1);
    EXPECT_EQ(file(earlier + "/train.jsonl"), logs[i]);
    EXPECT_EQ(file(earlier + "/checkpoints/last/model.safetensors"),
              weights[i]);
    EXPECT_TRUE(fs::exists(folder + "/" + earlier + "/report.html"));
  }
  // The files that were moved aside are a complete results folder.
  EXPECT_EQ(run(trainOn("r/earlier/1",
                        {"--max-steps", "4", "--seed", "1", "--resume"})),
            0)
      << output;
}

TEST_F(Command, WithoutCheckpointsTheLogStaysToo) {
  std::vector<std::string> words = {"--max-steps", "3", "--ckpt-strategy",
                                    "none"};
  ASSERT_EQ(run(trainOn("r", words)), 0) << output;
  std::string log = file("r/train.jsonl");
  words.push_back("--resume"); // there is nothing to resume
  ASSERT_EQ(run(trainOn("r", words)), 0) << output;
  EXPECT_EQ(file("r/earlier/1/train.jsonl"), log);
}

TEST_F(Command, TwoRunsDoNotShareAFolder) {
  pid_t child = startLongRun("r");
  fs::create_symlink("r", folder + "/alias");
  for (const char *name : {"r", "alias", "r/../r"})
    for (bool resume : {false, true}) {
      std::vector<std::string> more = {"--max-steps", "3"};
      if (resume)
        more.push_back("--resume");
      EXPECT_EQ(run(trainOn(name, more)), 1) << output;
      EXPECT_THAT(output, HasSubstr("process " + std::to_string(child) +
                                    " is writing to this folder"));
    }
  kill(child, SIGTERM);
  EXPECT_EQ(finish(child), 128 + SIGTERM) << output;
  // Readers do not lock the folder.
  child = startLongRun("r");
  EXPECT_EQ(run({"benchmark", "--model", fakeModel(), "--steps", "3"}), 0);
  kill(child, SIGKILL);
  finish(child);
  EXPECT_EQ(run(trainOn("r", {"--max-steps", "3"})), 0)
      << "the lock of a dead process: " << output;
}

TEST(ResultsFolder, IsLockedWhileItLives) {
  std::string path = freshFolder("locked");
  {
    auto first = ResultsFolder::open(path);
    ASSERT_TRUE(first.ok());
    ResultsFolder moved = std::move(*first);
    EXPECT_THAT(ResultsFolder::open(path).status().message(),
                HasSubstr("is writing to this folder"));
  }
  EXPECT_TRUE(ResultsFolder::open(path).ok());
}

TEST(ResultsFolder, MovesEarlierRunsAside) {
  std::string path = freshFolder("aside");
  auto folder = ResultsFolder::open(path);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(*folder->putAside(trainingResults()), "");
  EXPECT_FALSE(fs::exists(path + "/earlier"));
  // A symbolic link is moved itself, not its target.
  fs::create_symlink("nowhere", path + "/train.jsonl");
  ASSERT_TRUE(writeFileAtomically(path + "/notes.txt", "mine").ok());
  EXPECT_EQ(*folder->putAside(trainingResults()), path + "/earlier/1");
  EXPECT_TRUE(fs::is_symlink(path + "/earlier/1/train.jsonl"));
  EXPECT_TRUE(fs::exists(path + "/notes.txt"));
}
