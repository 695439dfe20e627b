//===- CommunicatorTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"
#include "ThreadMessages.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Distributed/Job.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <functional>
#include <thread>

using namespace segc;
using testing::HasSubstr;

static constexpr std::chrono::seconds ample{60};

static std::vector<float> valuesOf(int64_t rank, size_t count) {
  std::vector<float> values;
  const CounterRng rng(7, static_cast<uint64_t>(rank));
  // Of very different sizes, so that another order of the sum shows.
  for (size_t i = 0; i < count; ++i)
    values.push_back(std::ldexp(rng.uniform(i, -1, 1),
                                static_cast<int>(rng.bits(i + count) % 20)));
  return values;
}

/// What every connection must do; each rank calls it.
static void checkConformance(Communicator &ranks) {
  for (size_t count :
       {size_t{0}, size_t{1}, size_t{2}, size_t{1001}, (size_t{1} << 20) + 3}) {
    std::vector<float> sums = valuesOf(0, count), means;
    for (int64_t other = 1; other < ranks.size(); ++other) {
      const std::vector<float> theirs = valuesOf(other, count);
      for (size_t i = 0; i < count; ++i)
        sums[i] += theirs[i];
    }
    for (float sum : sums)
      means.push_back(sum * (1 / static_cast<float>(ranks.size())));
    std::vector<float> values = valuesOf(ranks.rank(), count);
    std::vector<float> averaged = values;
    ASSERT_TRUE(ranks.sum(values.data(), count).ok());
    EXPECT_EQ(values, sums) << count;
    ASSERT_TRUE(ranks.mean(averaged.data(), count).ok());
    EXPECT_EQ(averaged, means) << count;
  }
  std::vector<float> values = valuesOf(ranks.rank(), 1000);
  ASSERT_TRUE(ranks.broadcast(values.data(), values.size() * 4).ok());
  EXPECT_EQ(values, valuesOf(0, 1000));

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

  EXPECT_TRUE(ranks.checkSame("the model", "abc").ok());
  const Status differs = ranks.checkSame(
      "the model", ranks.rank() == ranks.size() - 1 ? "abd" : "abc");
  EXPECT_EQ(differs.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(differs.message(),
              HasSubstr("the model of rank " +
                        std::to_string(ranks.size() - 1) + " is abd"));
  EXPECT_TRUE(ranks.wait().ok());
}

static void runRanks(uint32_t size, std::chrono::duration<double> deadline,
                     const std::function<void(Communicator &)> &work,
                     ThreadMessages &messages) {
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      Communicator communicator(messages.of(rank), deadline);
      work(communicator);
    });
  for (std::thread &thread : threads)
    thread.join();
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
            float value = 3;
            EXPECT_TRUE(alone.mean(&value, 1).ok());
            EXPECT_EQ(value, 3);
            EXPECT_TRUE(alone.checkSame("the model", "abc").ok());
            EXPECT_TRUE(alone.wait().ok());
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
        float value = 1;
        const Status status = ranks.sum(&value, 1);
        EXPECT_EQ(status.code(), StatusCode::IoError);
        EXPECT_THAT(status.message(),
                    HasSubstr("rank " + std::to_string(ranks.rank()) +
                              " of 3, gradients of step 12: rank 1 has not "
                              "answered for 0.05 s"));
      },
      messages);
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
  auto ranks = connectRanks(*job, SEGC_MPI_PLUGIN, ample);
  ASSERT_TRUE(ranks.ok()) << ranks.status().message();
  checkConformance(**ranks);
  EXPECT_TRUE((*ranks)->close().ok());
}
