//===- SharedRegionsTest.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CollectiveChecks.h"
#include "RankThreads.h"
#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Runtime/Distributed/Job.h"

#include "gmock/gmock.h"

using namespace segc;
using testing::HasSubstr;

static constexpr std::chrono::seconds ample{60};
static constexpr uint64_t regionBytes = uint64_t{5} << 20;

/// Does collectives whose values lie in a region, as gradients do.
static Status runInRegion(HostReductions &reductions, std::byte *region,
                          const std::vector<segc_collective> &collectives) {
  std::byte *place = region + 64;
  for (segc_collective collective : collectives) {
    const uint64_t bytes = collective.count * sizeof(float);
    void *values = std::exchange(collective.data, place);
    if (bytes)
      std::memcpy(place, values, bytes);
    SEGC_RETURN_IF_ERROR(reductions.run(collective));
    if (bytes)
      std::memcpy(values, place, bytes);
    place += bytes;
  }
  return Status::success();
}

/// Bits are those of sums in the order of the ranks, whoever shares memory.
static void checkRegion(Communicator &ranks, bool shares, int64_t neighbours) {
  StatusOr<SharedBuffer> region = SharedBuffer::create(regionBytes, "region");
  ASSERT_TRUE(region.ok()) << region.status().message();
  const Status shared = ranks.shareMemory(shares ? &*region : nullptr);
  ASSERT_TRUE(shared.ok()) << shared.message();
  EXPECT_EQ(ranks.neighbours(), neighbours);
  HostReductions reductions(ranks);
  checkCollectives({ranks.rank(), ranks.size(), [&](const auto &collectives) {
                      return runInRegion(reductions, region->data(),
                                         collectives);
                    }});
}

TEST(SharedRegions, RanksOfOneMachineConform) {
  for (uint32_t size : {2U, 3U, 4U}) {
    ThreadMessages messages(size);
    runRanks(
        size, ample,
        [&](Communicator &ranks) {
          checkRegion(ranks, /*shares=*/true, size - 1);
        },
        messages);
  }
}

// As of several machines with several ranks each.
TEST(SharedRegions, OthersGetMessages) {
  ThreadMessages messages(3);
  runRanks(
      3, ample,
      [&](Communicator &ranks) {
        const bool shares = ranks.rank() != 1;
        checkRegion(ranks, shares, shares ? 1 : 0);
      },
      messages);
}

// No value travels: messages say that values are there, and no more.
TEST(SharedRegions, ValuesDoNotTravel) {
  ThreadMessages messages(2);
  runRanks(
      2, ample,
      [](Communicator &ranks) {
        StatusOr<SharedBuffer> region = SharedBuffer::create(4096, "region");
        ASSERT_TRUE(region.ok());
        ASSERT_TRUE(ranks.shareMemory(&*region).ok());
        auto *values = reinterpret_cast<float *>(region->data());
        EXPECT_EQ(values[0], 0) << "what found the region is gone";
        EXPECT_TRUE(ranks.sharesWithAll(values, 4096));
        EXPECT_FALSE(ranks.sharesWithAll(values, 4097));
        EXPECT_FALSE(ranks.sharesWithAll(values + 1024, 1));
        const auto rank = static_cast<float>(ranks.rank());
        std::fill_n(values, 1024, 1 + rank);
        segc_collective sum = {};
        sum.struct_size = sizeof(sum);
        sum.kind = SEGC_COLLECTIVE_SUM;
        sum.type = sum.travels_as = SEGC_F32;
        sum.data = values;
        sum.count = 1024;
        ASSERT_TRUE(HostReductions(ranks).run(sum).ok());
        EXPECT_EQ(std::vector<float>(values, values + 1024),
                  std::vector<float>(1024, 3));
      },
      messages);
  EXPECT_LT(messages.longest(), 1024); // Texts alone: a slice has 2048 bytes.
}

// A rank that does not come is named where values lie still, too.
TEST(SharedRegions, SilentRankIsNamed) {
  ThreadMessages messages(2);
  runRanks(
      2, std::chrono::milliseconds(100),
      [](Communicator &ranks) {
        StatusOr<SharedBuffer> region = SharedBuffer::create(4096, "region");
        ASSERT_TRUE(region.ok());
        ASSERT_TRUE(ranks.shareMemory(&*region).ok());
        ranks.setOccasion("gradients of step 12");
        if (ranks.rank() == 1)
          return;
        segc_collective sum = {};
        sum.struct_size = sizeof(sum);
        sum.kind = SEGC_COLLECTIVE_SUM;
        sum.type = sum.travels_as = SEGC_F32;
        sum.data = region->data();
        sum.count = 3;
        EXPECT_THAT(HostReductions(ranks).run(sum).message(),
                    HasSubstr("rank 0 of 2, gradients of step 12: rank 1 has "
                              "not answered for 0.1 s"));
      },
      messages);
}

// A signal ends the sleep of who waits for it, is taken once, and none is lost.
TEST(SharedSignals, SignalsWakeUp) {
  std::array<StatusOr<SharedSignals>, 2> ranks = {SharedSignals::create(0, 2),
                                                  SharedSignals::create(1, 2)};
  for (size_t rank : {0, 1}) {
    ASSERT_TRUE(ranks[rank].ok()) << ranks[rank].status().message();
    ASSERT_TRUE(ranks[rank]->connect(1 - rank, ranks[1 - rank]->place()).ok());
  }
  EXPECT_FALSE(ranks[0]->take(1, std::chrono::milliseconds(1)));
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ranks[1]->send(0);
    ranks[1]->send(0);
  });
  const auto begin = std::chrono::steady_clock::now();
  while (!ranks[0]->take(1, ample)) { // The system may end a sleep early.
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, ample / 2);
  other.join();
  EXPECT_TRUE(ranks[0]->take(1, {}));
  EXPECT_FALSE(ranks[0]->take(1, {}));
}

/// Under mpirun, which CTest starts with this test alone.
TEST(MpiRanks, SharedRegionsConform) {
  const std::optional<Job> job = jobOfEnvironment();
  if (!job)
    GTEST_SKIP() << "not started by mpirun";
  auto ranks = connectRanks(*job, SEGC_MPI_PLUGIN, ample, {});
  ASSERT_TRUE(ranks.ok()) << ranks.status().message();
  checkRegion(**ranks, /*shares=*/true, (*ranks)->size() - 1);
  EXPECT_TRUE(disconnectRanks(*job, **ranks, {}).ok());
}
