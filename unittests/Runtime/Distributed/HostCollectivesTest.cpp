//===- HostCollectivesTest.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/HostCollectives.h"
#include "CollectiveChecks.h"
#include "RankThreads.h"
#include "segc/Runtime/Distributed/Job.h"

#include "gmock/gmock.h"

#include <atomic>

using namespace segc;
using testing::HasSubstr;

static constexpr std::chrono::seconds ample{60};

/// Starts all collectives, then waits for the last one first: tickets are
/// waited for in any order.
static Status runAll(Collectives &host,
                     const std::vector<segc_collective> &collectives) {
  std::vector<uint64_t> tickets;
  for (const segc_collective &collective : collectives) {
    SEGC_ASSIGN_OR_RETURN(const uint64_t ticket, host.start(collective));
    tickets.push_back(ticket);
  }
  Status status;
  for (auto ticket = tickets.rbegin(); ticket != tickets.rend(); ++ticket)
    if (Status waited = host.wait(*ticket); status.ok())
      status = waited;
  return status;
}

static void checkHost(Communicator &ranks) {
  HostCollectives host(ranks);
  checkCollectives({ranks.rank(), ranks.size(), [&](const auto &collectives) {
                      return runAll(host, collectives);
                    }});
}

TEST(HostCollectives, ThreadsConform) {
  for (uint32_t size : {1u, 2u, 3u, 5u}) {
    ThreadMessages messages(size);
    runRanks(size, ample, checkHost, messages);
  }
}

// A rank that ends, stops or is late is named, with what the others were at.
TEST(HostCollectives, SilentRankIsNamed) {
  ThreadMessages messages(3);
  runRanks(
      3, std::chrono::milliseconds(100),
      [](Communicator &ranks) {
        if (ranks.rank() == 1)
          return;
        HostCollectives host(ranks);
        host.beginPart({12, 2, 4});
        std::vector<float> values(3, 1);
        segc_collective third = collectiveOn(values, SEGC_COLLECTIVE_MEAN);
        third.index = 2;
        third.of = 5;
        const Status status = runAll(host, {third, third});
        EXPECT_EQ(status.code(), StatusCode::IoError);
        const std::string expected = "rank " + std::to_string(ranks.rank()) +
                                     " of 3, step 12, part 2 of 4, bucket 3 of "
                                     "5 (gradients): rank 1 has not "
                                     "answered for 0.1 s";
        EXPECT_THAT(status.message(), HasSubstr(expected));
        // Nothing but the error follows.
        EXPECT_THAT(host.start(third).status().message(), HasSubstr(expected));
      },
      messages);
}

// A library whose functions do not return is no reason to hang.
TEST(HostCollectives, SilentLibraryIsNamed) {
  static std::atomic<bool> released;
  released = false;
  ThreadMessages messages(2);
  segc_messages silent = messages.of(0);
  silent.test = [](void *, uint64_t, int *done) {
    while (!released)
      std::this_thread::yield();
    *done = 1;
    return 0;
  };
  std::vector<float> values(3, 1); // Its thread goes on until the end.
  Communicator ranks(silent, std::chrono::milliseconds(50));
  HostCollectives host(ranks);
  host.beginPart({7});
  const Status status =
      runAll(host, {collectiveOn(values, SEGC_COLLECTIVE_MEAN)});
  released = true;
  EXPECT_THAT(status.message(),
              HasSubstr("rank 0 of 2, step 7, bucket 1 of 1 (gradients): the "
                        "library of the messages does "
                        "not return"));
}

TEST(HostCollectives, TypesThatDoNotAddUpAreRefused) {
  ThreadMessages messages(1);
  Communicator ranks(messages.of(0), ample);
  HostCollectives host(ranks);
  std::vector<float> values(3, 1);
  segc_collective sum = collectiveOn(values, SEGC_COLLECTIVE_SUM);
  sum.type = sum.travels_as = SEGC_I32;
  EXPECT_THAT(runAll(host, {sum}).message(), HasSubstr("expected f32"));
}

TEST(HostCollectives, RanksOfMessagesThatFailAreTold) {
  ThreadMessages messages(2);
  messages.failFor(1);
  Communicator ranks(messages.of(0), ample);
  HostCollectives host(ranks);
  std::vector<float> values(3, 1);
  EXPECT_THAT(
      runAll(host, {collectiveOn(values, SEGC_COLLECTIVE_SUM)}).message(),
      HasSubstr("rank 1 is not reached"));
}

// Time that one rank waits for another counts; the thread sleeps meanwhile.
TEST(HostCollectives, TimesAreCounted) {
  ThreadMessages messages(2);
  runRanks(
      2, ample,
      [](Communicator &ranks) {
        HostCollectives host(ranks);
        if (ranks.rank() == 1)
          std::this_thread::sleep_for(std::chrono::milliseconds(300));
        std::vector<float> values(3, 1);
        ASSERT_TRUE(
            runAll(host, {collectiveOn(values, SEGC_COLLECTIVE_SUM)}).ok());
        const CollectiveTimes times = host.times();
        if (ranks.rank() == 0) {
          EXPECT_GT(times.waited, 0.25);
          EXPECT_LT(times.worked, 0.1);
        }
        EXPECT_GT(times.worked, 0);
      },
      messages);
}

TEST(Floats, NumbersOf16Bits) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float asHalf = floatOfHalf(half), asBF16 = floatOfBF16(half);
    if (std::isnan(asHalf))
      EXPECT_TRUE(std::isnan(floatOfHalf(halfOf(asHalf))));
    else
      EXPECT_EQ(halfOf(asHalf), half);
    if (std::isnan(asBF16))
      EXPECT_TRUE(std::isnan(floatOfBF16(bf16Of(asBF16))));
    else
      EXPECT_EQ(bf16Of(asBF16), half);
    // The middle to the next number is rounded to the even one, and what is
    // beyond it to the next.
    const uint16_t even = half + (half & 1);
    if ((bits & 0x7fff) < 0x7c00) {
      const bool isLast = (bits & 0x7fff) == 0x7bff;
      const float next =
          isLast ? std::copysign(65536.0f, asHalf) : floatOfHalf(half + 1);
      const float middle = asHalf + (next - asHalf) / 2;
      EXPECT_EQ(halfOf(middle), even) << bits;
      EXPECT_EQ(halfOf(std::nextafter(middle, next)), half + 1) << bits;
      EXPECT_EQ(halfOf(std::nextafter(middle, asHalf)), half) << bits;
    }
    if ((bits & 0x7fff) < 0x7f80) {
      const float middle = floatOf(bits << 16 | 0x8000);
      EXPECT_EQ(bf16Of(middle), even) << bits;
      EXPECT_EQ(bf16Of(floatOf(bits << 16 | 0x8001)), half + 1) << bits;
      EXPECT_EQ(bf16Of(floatOf(bits << 16 | 0x7fff)), half) << bits;
    }
  }
}

/// Under mpirun, which CTest starts with these tests alone.
TEST(MpiRanks, CollectivesConform) {
  const std::optional<Job> job = jobOfEnvironment();
  if (!job)
    GTEST_SKIP() << "not started by mpirun";
  auto ranks = connectRanks(*job, SEGC_MPI_PLUGIN, ample, {});
  ASSERT_TRUE(ranks.ok()) << ranks.status().message();
  checkHost(**ranks);
  EXPECT_TRUE(disconnectRanks(*job, **ranks, {}).ok());
}
