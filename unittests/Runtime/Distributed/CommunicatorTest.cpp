//===- CommunicatorTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"
#include "CollectiveChecks.h"
#include "RankThreads.h"
#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Runtime/Distributed/Job.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace segc;
using testing::HasSubstr;

static constexpr std::chrono::seconds ample{60};

/// What every connection must do; each rank calls it.
static void checkConformance(Communicator &ranks) {
  std::vector<float> values = valuesOfRank(ranks.rank(), 1000);
  ASSERT_TRUE(ranks.broadcast(values.data(), values.size() * 4).ok());
  EXPECT_EQ(values, valuesOfRank(0, 1000));

  auto text = ranks.broadcast("rank " + std::to_string(ranks.rank()));
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "rank 0");
  // The first text is empty.
  auto texts =
      ranks.gather(std::string(static_cast<size_t>(ranks.rank()), 'x'));
  ASSERT_TRUE(texts.ok());
  ASSERT_EQ(static_cast<int64_t>(texts->size()),
            ranks.isFirst() ? ranks.size() : 0);
  for (size_t i = 0; i < texts->size(); ++i)
    EXPECT_EQ((*texts)[i], std::string(i, 'x'));

  EXPECT_TRUE(ranks.checkSame({{"the model", "abc"}}).ok());
  const bool isLast = ranks.rank() == ranks.size() - 1;
  const Status differs = ranks.checkSame({{"the seed", ""},
                                          {"the model", isLast ? "abd" : "abc"},
                                          {"the rate", isLast ? "1" : "2"}});
  EXPECT_EQ(differs.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(differs.message(),
              HasSubstr("the model of rank " +
                        std::to_string(ranks.size() - 1) + " is abd"));
  int64_t worked = 0;
  EXPECT_TRUE(ranks
                  .workAsFirst([&] {
                    ++worked;
                    return Status::success();
                  })
                  .ok());
  EXPECT_EQ(worked, ranks.isFirst() ? 1 : 0);
}

TEST(CommunicatorTest, ThreadsConform) {
  for (uint32_t size : {1u, 2u, 3u, 5u}) {
    ThreadMessages messages(size);
    if (size > 1)
      runRanks(size, ample, checkConformance, messages);
    else
      runRanks(
          size, ample,
          [](Communicator &alone) {
            EXPECT_TRUE(alone.checkSame({{"the model", "abc"}}).ok());
            EXPECT_TRUE(alone.workAsFirst(Status::success).ok());
          },
          messages);
  }
}

TEST(CommunicatorTest, SilentRankIsNamed) {
  ThreadMessages messages(3);
  runRanks(
      3, std::chrono::milliseconds(50),
      [](Communicator &ranks) {
        if (ranks.rank() == 1)
          return;
        ranks.setOccasion("gradients of step 12");
        std::vector<float> value = {1};
        const Status status = HostReductions(ranks).mean(value);
        EXPECT_EQ(status.code(), StatusCode::IoError);
        EXPECT_THAT(status.message(),
                    HasSubstr("rank " + std::to_string(ranks.rank()) +
                              " of 3, gradients of step 12: rank 1 has not "
                              "answered for 0.05 s"));
      },
      messages);
}

// Others wait longer than the deadline for work of rank 0, but not for a rank 0
// that gives no sign.
TEST(CommunicatorTest, FirstMayWorkLong) {
  ThreadMessages messages(3);
  runRanks(
      3, std::chrono::milliseconds(200),
      [](Communicator &ranks) {
        ranks.setOccasion("evaluation after step 4");
        const Status status = ranks.workAsFirst([] {
          std::this_thread::sleep_for(std::chrono::milliseconds(700));
          return Status::success();
        });
        EXPECT_TRUE(status.ok()) << status.message();
        if (ranks.isFirst())
          return;
        EXPECT_THAT(ranks.workAsFirst(Status::success).message(),
                    HasSubstr("evaluation after step 4: rank 0 has not "
                              "answered for 0.2 s"));
      },
      messages);
}

// What goes wrong in that work is rank 0's error.
TEST(CommunicatorTest, WorkOfFirstMayFail) {
  ThreadMessages messages(1);
  Communicator alone(messages.of(0), ample);
  EXPECT_EQ(
      alone.workAsFirst([] { return ioError("the disk is full"); }).message(),
      "the disk is full");
}

TEST(CommunicatorTest, ErrorsOfMessagesAreTold) {
  ThreadMessages messages(2);
  messages.failFor(1);
  Communicator first(messages.of(0), ample);
  float value = 1;
  EXPECT_THAT(first.broadcast(&value, 4).message(),
              HasSubstr("rank 1 is not reached"));
}

/// Under mpirun, which CTest starts with this test alone.
TEST(MpiRanks, Conform) {
  const std::optional<Job> job = jobOfEnvironment();
  if (!job)
    GTEST_SKIP() << "not started by mpirun";
  auto ranks = connectRanks(*job, SEGC_MPI_PLUGIN, ample, {});
  ASSERT_TRUE(ranks.ok()) << ranks.status().message();
  checkConformance(**ranks);
  EXPECT_TRUE(disconnectRanks(*job, **ranks, {}).ok());
}
