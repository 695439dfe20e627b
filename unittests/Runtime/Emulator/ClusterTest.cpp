//===- ClusterTest.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatedKernel.h"

using namespace segc;
using segc::test::Emulated;
using segc::test::Gpu;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr uint32_t blocks = 4, threads = 64;

enum class Fault {
  None,
  NoBarrierBefore,
  BlockBarrierBefore,
  NoWaitBefore,
  NoArrivalBefore,
  TwoArrivals,
  BlockMissing,
  ThreadMissing,
  NotWritten,
  Outside,
  BehindTheMemory,
  NoSuchBlock,
  Store,
  Misaligned,
  BetweenArrivalAndWait,
  NoBarrierBehind,
  WrittenAgain,
  BlockBarrierBehind,
  NoWaitAtEnd,
  ClusterOfThree,
  ClusterOfSixteen
};

/// Each thread adds what the threads of its number have written in all blocks.
template <Fault fault>
void sum(void *const *buffers, void *scratch, int64_t, int64_t block) {
  Gpu gpu(scratch);
  gpu.enterCluster(fault == Fault::ClusterOfThree     ? 3
                   : fault == Fault::ClusterOfSixteen ? 16
                                                      : blocks);
  uint32_t thread = gpu.thread();
  auto number = static_cast<float>(block * threads + thread);
  if (fault != Fault::NotWritten)
    gpu.store(thread, number);
  bool isMissing = (fault == Fault::BlockMissing && block % blocks == 2) ||
                   (fault == Fault::ThreadMissing && thread == 5);
  if (isMissing)
    return;
  if (fault == Fault::BlockBarrierBefore)
    gpu.barrier();
  else if (fault != Fault::NoBarrierBefore && fault != Fault::NoArrivalBefore)
    gpu.arriveAtCluster();
  if (fault == Fault::TwoArrivals)
    gpu.arriveAtCluster();
  if (fault == Fault::BetweenArrivalAndWait)
    gpu.loadOfBlock((block + 1) % blocks, thread);
  if (fault != Fault::NoBarrierBefore && fault != Fault::BlockBarrierBefore &&
      fault != Fault::NoWaitBefore)
    gpu.waitForCluster();
  uint32_t word = fault == Fault::Outside           ? 2 * threads + thread
                  : fault == Fault::BehindTheMemory ? 1000
                                                    : thread;
  float all = 0;
  for (uint32_t other = 0; other < blocks; ++other)
    all += gpu.loadOfBlock(
        fault == Fault::NoSuchBlock ? 4 + other : other, word,
        fault == Fault::Store ? SEGC_EMULATOR_STORE : SEGC_EMULATOR_LOAD);
  if (fault == Fault::Misaligned)
    gpu.self->functions->access_cluster(
        gpu.self,
        reinterpret_cast<char *>(gpu.atOfBlock((block + 1) % blocks, 0)) + 2, 4,
        4, SEGC_EMULATOR_LOAD, "load");
  static_cast<float *>(buffers[1])[block * threads + thread] = all;
  if (fault == Fault::NoBarrierBehind)
    return;
  if (fault == Fault::BlockBarrierBehind)
    gpu.barrier();
  if (fault == Fault::WrittenAgain || fault == Fault::BlockBarrierBehind)
    gpu.store(thread, 1);
  gpu.arriveAtCluster();
  if (fault != Fault::NoWaitAtEnd)
    gpu.waitForCluster();
  gpu.store(thread, 0);
}

template <Fault fault>
std::vector<std::string> errors() {
  Emulated run(sum<fault>, threads, 4 * 3 * threads);
  run.launch.blocks = blocks;
  return run.errors();
}

TEST(Clusters, BlocksReadEachOther) {
  Emulated run(sum<Fault::None>, threads, 4 * threads);
  run.launch.blocks = 2 * blocks;
  EXPECT_THAT(run.errors(), Each(""));
  for (uint32_t block = 0; block < blocks; ++block)
    EXPECT_EQ(run.out[block * threads + 7], (0 + 1 + 2 + 3) * 64 + 4 * 7);
}

/// The first block of a cluster does the work of all.
TEST(Clusters, OthersHaveNothingToDo) {
  Emulated run(sum<Fault::None>, threads, 4 * threads);
  run.launch.blocks = blocks;
  for (const EmulatorOptions &options : emulatorTestOptions())
    for (int64_t block = 1; block < blocks; ++block)
      EXPECT_EQ(runEmulatedBlock(run.launch, block, options).message(), "");
  EXPECT_EQ(run.out[0], 0);
  EXPECT_EQ(run.out[threads], 0);
}

/// A block is counted alone, wherever it stands in its cluster.
TEST(Clusters, BlocksAreCountedAlone) {
  Emulated run(sum<Fault::None>, threads, 4 * threads);
  run.launch.blocks = blocks;
  for (int64_t block = 0; block < blocks; ++block) {
    KernelCounts counts;
    EmulatorOptions options;
    options.counts = &counts;
    std::fill(run.out.begin(), run.out.end(), -1.0f);
    EXPECT_EQ(runEmulatedBlock(run.launch, block, options).message(), "");
    EXPECT_EQ(counts.sharedBytesRead, 4 * blocks * threads);
    EXPECT_EQ(counts.sharedBytesWritten, 2 * 4 * threads);
    EXPECT_EQ(run.out[block * threads + 7], (0 + 1 + 2 + 3) * 64 + 4 * 7);
  }
}

TEST(Clusters, MissingOrderBeforeLoadsIsReported) {
  EXPECT_THAT(errors<Fault::NoBarrierBefore>(), Each(Not("")));
  EXPECT_THAT(errors<Fault::BlockBarrierBefore>(), Each(Not("")));
  EXPECT_THAT(errors<Fault::BetweenArrivalAndWait>(),
              Each(HasSubstr("between an arrival at the cluster's barrier and "
                             "the wait for it")));
  EXPECT_THAT(errors<Fault::NotWritten>(),
              Each(HasSubstr("which nobody has written")));
}

TEST(Clusters, MissingOrderBehindLoadsIsReported) {
  EXPECT_THAT(errors<Fault::WrittenAgain>(), Each(Not("")));
  EXPECT_THAT(errors<Fault::BlockBarrierBehind>(), Each(Not("")));
  EXPECT_THAT(errors<Fault::NoBarrierBehind>(), Each(Not("")));
  EXPECT_THAT(errors<Fault::NoWaitAtEnd>(), Each(Not("")));
}

TEST(Clusters, ArrivalsAndWaitsArePairs) {
  EXPECT_THAT(errors<Fault::NoWaitBefore>(),
              Each(HasSubstr("between an arrival")));
  EXPECT_THAT(errors<Fault::NoArrivalBefore>(),
              Each(HasSubstr("at which the thread has not arrived")));
  EXPECT_THAT(errors<Fault::TwoArrivals>(),
              Each(HasSubstr("arrives again without a wait")));
}

TEST(Clusters, DivergenceIsReported) {
  EXPECT_THAT(errors<Fault::BlockMissing>(),
              Each(HasSubstr("the barrier of the cluster lacks 64 of 256 "
                             "threads")));
  EXPECT_THAT(errors<Fault::ThreadMissing>(),
              Each(HasSubstr("the barrier of the cluster lacks 4 of 256 "
                             "threads")));
}

TEST(Clusters, WrongAddressesAreReported) {
  EXPECT_THAT(errors<Fault::Outside>(), Each(HasSubstr("nobody has written")));
  EXPECT_THAT(errors<Fault::BehindTheMemory>(),
              Each(HasSubstr("maps byte 4000 of 768")));
  EXPECT_THAT(errors<Fault::NoSuchBlock>(),
              Each(HasSubstr("to block 4 of a cluster of 4")));
  EXPECT_THAT(errors<Fault::Misaligned>(),
              Each(HasSubstr("which is no multiple of 4")));
  EXPECT_THAT(errors<Fault::Store>(), Each(Not("")));
}

TEST(Clusters, WrongSizesAreReported) {
  EXPECT_THAT(errors<Fault::ClusterOfThree>(),
              Each(HasSubstr("has clusters of 3 blocks in a launch of 4")));
  EXPECT_THAT(errors<Fault::ClusterOfSixteen>(),
              Each(HasSubstr("has clusters of 16 blocks")));
}

} // namespace
