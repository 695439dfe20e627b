//===- NcclCollectivesTest.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/NcclCollectives.h"
#include "CollectiveChecks.h"
#include "DeviceCollectives.h"
#include "FakeCuda.h"
#include "FakeNccl.h"
#include "RankThreads.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/EmulatedDevice.h"

#include "gmock/gmock.h"

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// The fake adds in f32, in another order than that of the ranks.
static constexpr double otherOrder = 1e-6;
static constexpr std::chrono::seconds ample{60};

namespace {

class Nccl : public testing::Test {
protected:
  void SetUp() override {
    fakenccl::reset();
    fakecuda::reset();
    auto made = ThreadPool::create(1);
    ASSERT_TRUE(made.ok()) << made.status().message();
    pool = std::move(*made);
  }
  void TearDown() override {
    EXPECT_EQ(fakenccl::alive(), 0);
    EXPECT_THAT(fakecuda::misuses(), IsEmpty());
  }

  std::unique_ptr<ThreadPool> pool;
};

/// An emulated GPU, or one of the fake driver, and its rank.
struct RankOnDevice {
  std::shared_ptr<Device> device;
  std::unique_ptr<Collectives> collectives;
  std::unique_ptr<Stream> stream;
  DeviceBuffer buffer;

  static RankOnDevice create(StatusOr<std::shared_ptr<Device>> device,
                             NcclRanks ranks) {
    RankOnDevice made;
    EXPECT_TRUE(device.ok()) << device.status().message();
    made.device = *device;
    auto collectives = makeNcclCollectives(made.device, std::move(ranks));
    EXPECT_TRUE(collectives.ok()) << collectives.status().message();
    made.collectives = std::move(*collectives);
    auto stream = made.device->createStream();
    EXPECT_TRUE(stream.ok());
    made.stream = std::move(*stream);
    auto buffer = made.device->allocate(64, "values", /*guards=*/false);
    EXPECT_TRUE(buffer.ok());
    made.buffer = std::move(*buffer);
    return made;
  }
  segc_collective third() const {
    segc_collective sum = {};
    sum.kind = SEGC_COLLECTIVE_SUM;
    sum.type = sum.travels_as = SEGC_F32;
    sum.region = SEGC_REGION_GRADIENTS;
    sum.stream = "communication";
    sum.data = buffer.address().asPointer();
    sum.count = 16;
    sum.index = 2;
    sum.of = 5;
    return sum;
  }
};

} // namespace

static NcclRanks ranksOf(Communicator &ranks) {
  NcclRanks nccl;
  nccl.rank = ranks.rank();
  nccl.size = ranks.size();
  nccl.limit = ranks.timeLimit();
  nccl.broadcast = [&ranks](void *data, uint64_t bytes) {
    return ranks.broadcast(data, bytes);
  };
  return nccl;
}

static NcclRanks onlyRank() {
  NcclRanks nccl;
  nccl.limit = ample;
  nccl.broadcast = [](void *, uint64_t) { return Status::success(); };
  return nccl;
}

static void checkOnEmulatedGpu(Communicator &ranks) {
  auto pool = ThreadPool::create(1);
  ASSERT_TRUE(pool.ok()) << pool.status().message();
  RankOnDevice self =
      RankOnDevice::create(makeEmulatedDevice(**pool, 0), ranksOf(ranks));
  DeviceCollectives run(*self.device, *self.collectives);
  checkCollectives({ranks.rank(), ranks.size(),
                    [&](const auto &all) { return run.run(all); }, otherOrder});
}

TEST_F(Nccl, EmulatedGpusConform) {
  for (uint32_t size : {1u, 2u, 3u}) {
    ThreadMessages messages(size);
    runRanks(size, ample, checkOnEmulatedGpu, messages);
  }
}

// One rank on a GPU, whose graphs have NCCL's work.
TEST_F(Nccl, GpuConforms) {
  RankOnDevice self =
      RankOnDevice::create(makeCudaDevice(*pool, 0), onlyRank());
  DeviceCollectives run(*self.device, *self.collectives);
  checkCollectives(
      {0, 1, [&](const auto &all) { return run.run(all); }, otherOrder});
  EXPECT_GT(fakenccl::calls("ncclAllReduce"), 10);
  EXPECT_GT(fakenccl::calls("ncclReduce"), 10);
  EXPECT_GT(fakenccl::calls("ncclBroadcast"), 10);
}

// A rank that does not come is an error within the limit, for all streams of a
// GPU, whose further values nobody gets.
TEST_F(Nccl, LateRankEndsTheWait) {
  ThreadMessages messages(2);
  runRanks(
      2, std::chrono::milliseconds(200),
      [&](Communicator &ranks) {
        auto threads = ThreadPool::create(1);
        ASSERT_TRUE(threads.ok());
        NcclRanks nccl = ranksOf(ranks);
        nccl.rollCall = [] { return ioError("rank 1 is silent"); };
        if (ranks.rank() == 1) {
          RankOnDevice::create(makeEmulatedDevice(**threads, 0), nccl);
          return;
        }
        RankOnDevice self =
            RankOnDevice::create(makeCudaDevice(**threads, 0), nccl);
        Device &device = *self.device;
        self.collectives->beginPart({12});
        const segc_collective third = self.third();
        ASSERT_TRUE(self.collectives->prepare(third).ok());
        ASSERT_TRUE(device.beginCapture(*self.stream).ok());
        ASSERT_TRUE(self.collectives->enqueue(*self.stream, third).ok());
        auto graph = device.endCapture(*self.stream);
        ASSERT_TRUE(graph.ok()) << graph.status().message();
        // Another program has a collective of the same number.
        segc_collective other = third;
        other.region = SEGC_REGION_ARENA;
        ASSERT_TRUE(self.collectives->prepare(other).ok());
        ASSERT_TRUE(device.beginCapture(*self.stream).ok());
        ASSERT_TRUE(self.collectives->enqueue(*self.stream, other).ok());
        ASSERT_TRUE(device.endCapture(*self.stream).ok());
        ASSERT_TRUE(device.replay(**graph, *self.stream).ok());
        const Status waited = device.synchronize(*self.stream);
        EXPECT_EQ(waited.code(), StatusCode::IoError);
        EXPECT_THAT(
            waited.message(),
            AllOf(HasSubstr("rank 0 of 2 (cuda:0 (Fake GPU), NCCL 2.21.5), "
                            "step 12, bucket 3 of 5 (gradients): NCCL has not "
                            "ended it for 0.2 s (--collective-timeout)"),
                  HasSubstr("; rank 1 is silent")));
        EXPECT_EQ(device.read(*self.stream, self.buffer).status().message(),
                  waited.message());
        EXPECT_EQ(self.collectives->enqueue(*self.stream, third).message(),
                  waited.message());
      },
      messages);
  EXPECT_EQ(fakenccl::calls("ncclCommAbort"), 1);
}

// Emulated GPUs do their work when it is issued.
TEST_F(Nccl, LateRankEndsAnEmulatedCollective) {
  ThreadMessages messages(2);
  runRanks(
      2, std::chrono::milliseconds(200),
      [](Communicator &ranks) {
        auto threads = ThreadPool::create(1);
        ASSERT_TRUE(threads.ok());
        NcclRanks nccl = ranksOf(ranks);
        nccl.rollCall = [] { return Status::success(); };
        RankOnDevice self =
            RankOnDevice::create(makeEmulatedDevice(**threads, 0), nccl);
        if (ranks.rank() == 1)
          return;
        self.collectives->beginPart({3});
        EXPECT_THAT(
            self.collectives->enqueue(*self.stream, self.third()).message(),
            AllOf(HasSubstr("step 3, bucket 3 of 5 (gradients): NCCL has not "
                            "ended it"),
                  HasSubstr("all ranks answer messages: NCCL_DEBUG=INFO")));
      },
      messages);
}

// NCCL tells of an error that it meets while the GPU works.
TEST_F(Nccl, ErrorsOfTheNetworkAreTold) {
  RankOnDevice self =
      RankOnDevice::create(makeCudaDevice(*pool, 0), onlyRank());
  self.collectives->beginPart({7});
  fakenccl::faults().asyncAfter = 1;
  fakenccl::faults().asyncCode = 6;
  ASSERT_TRUE(self.collectives->enqueue(*self.stream, self.third()).ok());
  EXPECT_THAT(
      self.device->synchronize(*self.stream).message(),
      HasSubstr("step 7, between buckets: remote process exited or there was "
                "a network error: of the fake NCCL (6)"));
}

TEST_F(Nccl, CallsThatFailAreTold) {
  RankOnDevice self =
      RankOnDevice::create(makeCudaDevice(*pool, 0), onlyRank());
  self.collectives->beginPart({7});
  fakenccl::faults().failingCalls[{"ncclAllReduce", 2}] = 5;
  EXPECT_THAT(self.collectives->enqueue(*self.stream, self.third()).message(),
              HasSubstr("step 7, bucket 3 of 5 (gradients): invalid usage"));
}

// The group that shards are moved in ends with its first call that fails.
TEST_F(Nccl, GroupsThatFailAreTold) {
  for (const char *function :
       {"ncclGroupStart", "ncclReduce", "ncclGroupEnd"}) {
    fakenccl::reset();
    RankOnDevice self =
        RankOnDevice::create(makeEmulatedDevice(*pool, 0), onlyRank());
    self.collectives->beginPart({7});
    const segc_shards shards = {16, 4, 0};
    segc_collective scatter = self.third();
    scatter.kind = SEGC_COLLECTIVE_REDUCE_SCATTER;
    scatter.shards = &shards;
    ASSERT_TRUE(self.collectives->enqueue(*self.stream, scatter).ok());
    fakenccl::faults().failingCalls[{function, 2}] = 5;
    EXPECT_THAT(self.collectives->enqueue(*self.stream, scatter).message(),
                HasSubstr("step 7, bucket 3 of 5 (gradients): invalid usage"))
        << function;
  }
}

TEST_F(Nccl, RanksThatDoNotConnect) {
  const auto connect = [&](NcclRanks ranks) {
    auto device = makeEmulatedDevice(*pool, 0);
    EXPECT_TRUE(device.ok());
    auto made = makeNcclCollectives(*device, std::move(ranks));
    EXPECT_FALSE(made.ok());
    return made.status();
  };
  fakenccl::faults().initWaits = true;
  NcclRanks waiting = onlyRank();
  waiting.limit = std::chrono::milliseconds(50);
  EXPECT_THAT(connect(waiting).message(),
              HasSubstr("rank 0 of 1 (emulated, NCCL 2.21.5), connection of "
                        "the GPUs: NCCL has not ended it for 0.05 s"));
  NcclRanks other = onlyRank();
  other.rank = 1;
  other.size = 2;
  EXPECT_THAT(connect(other).message(),
              HasSubstr("rank 1 has NCCL 2.21.5, rank 0 has : all ranks of a "
                        "job need the same"));
  other = onlyRank();
  other.broadcast = [](void *, uint64_t) { return ioError("no broadcast"); };
  EXPECT_EQ(connect(other).message(), "no broadcast");
  fakenccl::reset();
  fakenccl::faults().failingCalls[{"ncclGetUniqueId", 1}] = 2;
  EXPECT_THAT(connect(onlyRank()).message(),
              HasSubstr("nccl: draw an id for the ranks: unhandled system "
                        "error: of the fake NCCL (2)"));
}

TEST_F(Nccl, WhatItDoesNotDoIsRefused) {
  RankOnDevice self =
      RankOnDevice::create(makeEmulatedDevice(*pool, 0), onlyRank());
  segc_collective wrong = self.third();
  wrong.kind = 77;
  EXPECT_THAT(self.collectives->enqueue(*self.stream, wrong).message(),
              HasSubstr("a collective of the unknown kind 77"));
  wrong.kind = SEGC_COLLECTIVE_ALL_GATHER;
  EXPECT_THAT(self.collectives->enqueue(*self.stream, wrong).message(),
              HasSubstr("on shards that does not say which"));
  wrong = self.third();
  wrong.type = wrong.travels_as = SEGC_I32;
  EXPECT_THAT(self.collectives->enqueue(*self.stream, wrong).message(),
              HasSubstr("expected f32, f16 or bf16"));
  EXPECT_THAT(self.collectives->start(self.third()).status().message(),
              HasSubstr("on memory of the host"));
  // None of these is the end.
  EXPECT_TRUE(self.collectives->enqueue(*self.stream, self.third()).ok());
}

TEST_F(Nccl, LibrariesThatCannotBeUsed) {
  const auto open = [&](const std::string &library) {
    NcclRanks ranks = onlyRank();
    ranks.library = library;
    auto device = makeEmulatedDevice(*pool, 0);
    EXPECT_TRUE(device.ok());
    const Status status =
        makeNcclCollectives(*device, std::move(ranks)).status();
    EXPECT_EQ(status.code(), StatusCode::Unsupported);
    return status.message();
  };
  EXPECT_THAT(open("libnccl-absent.so.2"),
              AllOf(HasSubstr("exchange gradients by NCCL, which is not here: "
                              "libnccl-absent.so.2"),
                    HasSubstr("; install NCCL 2.14 or later, name its file by "
                              "--nccl, or start one process")));
  EXPECT_THAT(open("libm.so.6"), HasSubstr("libm.so.6 does not say its "
                                           "version: it is not NCCL"));
  EXPECT_THAT(open(SEGC_BINARY_DIR "/unittests/FakeNcclStub.so"),
              AllOf(HasSubstr("of NCCL 2.14.0 lacks ncclGetUniqueId, "),
                    HasSubstr("ncclGetLastError: it is a stub")));
  fakenccl::faults().version = 2804;
  EXPECT_THAT(open(""), HasSubstr("libnccl.so.2 is NCCL 2.8.4, expected "
                                  "2.14.0 or later"));
}
