//===- SignalTest.cpp - Interrupted runs ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"
#include "segc/Base/Json.h"

using namespace segc;

namespace {

struct StopSignal : Command, testing::WithParamInterface<int> {};

} // namespace

TEST_P(StopSignal, SavesAndResumes) {
  pid_t child = startLongRun("r");
  kill(child, GetParam());
  EXPECT_EQ(finish(child), 128 + GetParam()) << output;
  EXPECT_THAT(output, HasSubstr("go on with --resume"));
  Json state = Json::parse(file("r/checkpoints/last/state.json"));
  int64_t step = state["step"];
  EXPECT_GE(step, 100);
  EXPECT_EQ(
      run(trainOn("r", {"--max-steps", std::to_string(step + 5), "--resume"})),
      0)
      << output;
}

INSTANTIATE_TEST_SUITE_P(All, StopSignal,
                         testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST_F(Command, AnInterruptedPredictionCountsItsMasks) {
  constexpr int cases = 200;
  const fs::path first = *fs::directory_iterator(data + "/imagesTr");
  fs::create_directories(folder + "/images");
  for (int i = 0; i < cases; ++i)
    fs::create_symlink(first,
                       folder + "/images/" + std::to_string(i) + ".nii.gz");
  auto masks = [&] {
    int64_t count = 0;
    std::error_code error;
    for (const auto &entry : fs::directory_iterator(folder + "/out", error))
      count += entry.path().extension() == ".gz";
    return count;
  };
  for (const char *model : {"FakePatches", "FakeFrozen"}) {
    const pid_t child =
        start({"predict", "--model", fakeModel(model), "--data",
               folder + "/images", "--output", folder + "/out"});
    for (int i = 0; i < 5000 && masks() < 2; ++i)
      usleep(1000);
    kill(child, SIGINT);
    EXPECT_EQ(finish(child), 130) << output;
    EXPECT_GE(masks(), 2);
    EXPECT_THAT(output, HasSubstr("interrupted after " +
                                  std::to_string(masks()) + " of 200 cases"));
    fs::remove_all(folder + "/out");
  }
}

// nohup makes its child ignore SIGHUP.
TEST_F(Command, SighupThatIsIgnoredStaysIgnored) {
  pid_t child = startLongRun("r", [] { std::signal(SIGHUP, SIG_IGN); });
  kill(child, SIGHUP);
  usleep(100000);
  EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0) << "ended";
  kill(child, SIGTERM);
  EXPECT_EQ(finish(child), 128 + SIGTERM) << output;
}

// The reader of the output ends first, as in `segrun train ... 2>&1 | head -1`.
TEST_F(Command, AClosedPipeEndsWithACheckpoint) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = startLongRun("r", [&] {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    ::close(ends[0]);
    ::close(ends[1]);
  });
  ::close(ends[1]);
  ::close(ends[0]);
  EXPECT_EQ(finish(child), 128 + SIGPIPE);
  Json state = Json::parse(file("r/checkpoints/last/state.json"));
  EXPECT_GE(state["step"], 100);
}
