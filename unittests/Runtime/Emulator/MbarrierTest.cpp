//===- MbarrierTest.cpp ---------------------------------------------------===//
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

constexpr uint32_t stages = 2, steps = 6;
constexpr uint32_t full(uint32_t stage) { return 512 + 16 * stage; }
constexpr uint32_t empty(uint32_t stage) { return 520 + 16 * stage; }

enum class Fault {
  None,
  NoBarrierAfterInit,
  NoWaitForFull,
  NoWaitForEmpty,
  ReleasedBeforeRead,
  HalfOfTheReadersRelease
};

/// The first warp passes values to the second, through stages.
template <Fault fault>
void pass(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  constexpr bool half = fault == Fault::HalfOfTheReadersRelease;
  if (gpu.thread() == 0)
    for (uint32_t stage = 0; stage < stages; ++stage) {
      gpu.init(full(stage), 32);
      gpu.init(empty(stage), half ? 16 : 32);
    }
  if (fault != Fault::NoBarrierAfterInit)
    gpu.barrier();
  uint32_t lane = gpu.thread() % 32;
  float sum = 0;
  for (uint32_t step = 0; step < steps; ++step) {
    uint32_t stage = step % stages, phase = step / stages % 2;
    if (gpu.thread() < 32) {
      if (fault != Fault::NoWaitForEmpty)
        gpu.await(empty(stage), phase ^ 1);
      gpu.store(stage * 32 + lane, static_cast<float>(step * 100 + lane));
      gpu.arrive(full(stage));
    } else {
      if (fault != Fault::NoWaitForFull)
        gpu.await(full(stage), phase);
      if (fault == Fault::ReleasedBeforeRead)
        gpu.arrive(empty(stage));
      sum += gpu.load(stage * 32 + 31 - lane);
      if (fault != Fault::ReleasedBeforeRead && (!half || lane < 16))
        gpu.arrive(empty(stage));
    }
  }
  static_cast<float *>(buffers[1])[gpu.thread()] = sum;
}

TEST(Mbarriers, OrderProducersAndConsumers) {
  Emulated run(pass<Fault::None>);
  EXPECT_THAT(run.errors(), Each(""));
  EXPECT_EQ(run.out[32], 6 * 31 + 1500);
  EXPECT_EQ(run.out[63], 1500);
}

TEST(Mbarriers, MissingOrderIsReported) {
  EXPECT_THAT(Emulated(pass<Fault::NoBarrierAfterInit>).errors(),
              Each(Not("")));
  EXPECT_THAT(Emulated(pass<Fault::NoWaitForFull>).errors(), Each(Not("")));
  EXPECT_THAT(Emulated(pass<Fault::NoWaitForEmpty>).errors(), Each(Not("")));
  EXPECT_THAT(Emulated(pass<Fault::ReleasedBeforeRead>).errors(),
              Each(HasSubstr("without a barrier between")));
  // Each of the readers of a byte is known, not only the last.
  EXPECT_THAT(Emulated(pass<Fault::HalfOfTheReadersRelease>).errors(),
              Each(Not("")));
}

TEST(Mbarriers, AWaitThatNeverEndsIsReported) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    if (gpu.thread() == 0)
      gpu.init(0, 2);
    gpu.barrier();
    if (gpu.thread() == 32)
      gpu.arrive(0, /*bytes=*/48);
    if (gpu.thread() < 32)
      gpu.await(0, 0);
  };
  EXPECT_THAT(Emulated(kernel).errors(),
              Each(HasSubstr("32 threads wait at wait (the first is thread 0; "
                             "phase 0 of the mbarrier at byte 0 of shared "
                             "memory lacks 1 of 2 arrivals and 48 bytes)")));
}

TEST(Mbarriers, MisuseIsReported) {
  auto none = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu(scratch).arrive(8);
  };
  EXPECT_THAT(Emulated(none).errors(),
              Each(HasSubstr("arrive uses byte 8 of shared memory as an "
                             "mbarrier, which it is not")));
  auto twice = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.init(0, 3);
    gpu.arrive(0, /*bytes=*/16, /*count=*/3);
    gpu.arrive(0);
  };
  EXPECT_THAT(Emulated(twice, 1).errors(),
              Each(HasSubstr("arrives 1 times, but phase 0 of the mbarrier at "
                             "byte 0 of shared memory lacks 0 of 3 arrivals "
                             "and 16 bytes")));
  auto overwritten = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.init(8, 1);
    gpu.store(3, 0);
  };
  EXPECT_THAT(Emulated(overwritten, 1).errors(),
              Each(HasSubstr("store writes 4 bytes at byte 12 of shared "
                             "memory, which is in the mbarrier at byte 8")));
  auto ended = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.init(8, 1);
    gpu.self->functions->invalidate_mbarrier(gpu.self, gpu.byte(8), "inval");
    gpu.store(2, 0);
  };
  EXPECT_THAT(Emulated(ended, 1).errors(), Each(""));
}

/// A try may return before the phase has ended.
template <bool repeats>
void tries(void *const *, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  if (gpu.thread() == 0)
    gpu.init(0, 32);
  gpu.barrier();
  if (gpu.thread() < 32) {
    gpu.store(32 + gpu.thread(), 1);
    gpu.arrive(0);
    return;
  }
  auto hasEnded = [&] {
    return gpu.self->functions->try_mbarrier(gpu.self, gpu.byte(0), 0, "try");
  };
  while (!hasEnded() && repeats) {
  }
  gpu.load(gpu.thread());
}

TEST(Mbarriers, ATryMayFail) {
  EXPECT_THAT(Emulated(tries<true>).errors(), Each(""));
  std::vector<std::string> errors = Emulated(tries<false>).errors();
  EXPECT_THAT(errors, testing::Contains(HasSubstr("load reads")));
}

TEST(Mbarriers, OneLaneIsElected) {
  auto kernel = [](void *const *buffers, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    uint32_t lanes = 0xff0;
    if (~lanes >> gpu.thread() & 1)
      return;
    uint32_t elected = gpu.self->functions->elect(gpu.self, lanes, "elect");
    uint32_t ballot = gpu.self->functions->vote(
        gpu.self, lanes, elected, SEGC_EMULATOR_VOTE_BALLOT, "vote");
    static_cast<float *>(buffers[1])[gpu.thread()] =
        static_cast<float>(__builtin_popcount(ballot));
  };
  Emulated run(kernel, 32);
  EXPECT_THAT(run.errors(), Each(""));
  EXPECT_EQ(run.out[4], 1);
  EXPECT_EQ(run.out[11], 1);
}

} // namespace
