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
