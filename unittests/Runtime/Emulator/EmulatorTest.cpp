//===- EmulatorTest.cpp - Checks of emulated kernels ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels written by hand as the compiler writes them (emulator.h): a good one
// stays silent, and each with a fault is reported, under all schedules.

#include "EmulatedKernel.h"
#include "segc/Base/Floats.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace segc;
using segc::test::Emulated;
using segc::test::Gpu;
using testing::HasSubstr;

namespace {

/// Each thread passes its value to its neighbour, through shared memory.
template <bool withBarrier>
void rotate(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  gpu.store(gpu.thread(), static_cast<float *>(buffers[0])[gpu.thread()]);
  if (withBarrier)
    gpu.barrier();
  static_cast<float *>(buffers[1])[gpu.thread()] =
      gpu.load((gpu.thread() + 1) % gpu.self->threads);
}

TEST(Emulator, ABarrierOrdersThreads) {
  Emulated run(rotate<true>);
  EXPECT_THAT(run.errors(), testing::Each(""));
  EXPECT_EQ(run.out[0], 2);
  EXPECT_EQ(run.out[63], 1);
}

// In one order a thread reads what nobody has written, in the other it would
// see the right value.
TEST(Emulator, AMissingBarrierIsReported) {
  EXPECT_THAT(Emulated(rotate<false>).errors(),
              testing::Each(testing::AllOf(
                  HasSubstr("kernel k, block 0, thread "),
                  testing::AnyOf(HasSubstr("load reads 4 bytes at byte "),
                                 HasSubstr("store writes 4 bytes at byte ")),
                  testing::AnyOf(HasSubstr("which nobody has written"),
                                 HasSubstr("without a barrier between")))));
}

/// The buffer is written again while others may still read it.
void overwrite(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  float sum = 0;
  for (int step = 0; step < 2; ++step) {
    gpu.store(gpu.thread(), static_cast<float>(step + 1));
    gpu.barrier();
    sum += gpu.load(gpu.self->threads - 1 - gpu.thread());
  }
  static_cast<float *>(buffers[1])[gpu.thread()] = sum;
}

TEST(Emulator, OverwritingWithoutABarrierIsReported) {
  EXPECT_THAT(Emulated(overwrite).errors(),
              testing::Each(HasSubstr("without a barrier between")));
}

TEST(Emulator, UninitialisedMemoryIsReported) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu(scratch).load(7);
  };
  EXPECT_THAT(Emulated(kernel).errors(),
              testing::Each(HasSubstr("load reads 4 bytes at byte 28 of shared "
                                      "memory, which nobody has written")));
}

// What an earlier block has written does not count.
TEST(Emulator, MemoryOfAnotherBlockIsUninitialised) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t block) {
    Gpu gpu(scratch);
    if (block == 0)
      gpu.store(gpu.thread(), 1);
    gpu.load(gpu.thread());
  };
  Emulated run(kernel);
  EXPECT_EQ(runEmulatedBlock(run.launch, 0, {}).message(), "");
  EXPECT_THAT(runEmulatedBlock(run.launch, 1, {}).message(),
              HasSubstr("block 1, thread 0: load reads"));
}

TEST(Emulator, SharedMemoryHasBounds) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.store(gpu.thread() * 4 + 1, 0);
  };
  EXPECT_THAT(Emulated(kernel, 64, 1008).errors(),
              testing::Each(HasSubstr("writes 4 bytes at byte 1012 of shared "
                                      "memory, which has 1008")));
  auto misaligned = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.self->functions->access_shared(gpu.self, gpu.at(1), 16, 16,
                                       SEGC_EMULATOR_STORE, "wide");
  };
  EXPECT_THAT(
      Emulated(misaligned).errors(),
      testing::Each(HasSubstr("wide writes 16 bytes at byte 4 of shared "
                              "memory, which is no multiple of 16")));
}

TEST(Emulator, OperandsHaveBounds) {
  auto kernel = [](void *const *buffers, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.self->functions->access_global(
        gpu.self, static_cast<float *>(buffers[0]) + 193 + gpu.thread(), 4, 4,
        SEGC_EMULATOR_LOAD, 0, "load");
  };
  EXPECT_THAT(Emulated(kernel).errors(),
              testing::Each(HasSubstr("thread 63: load reads 4 bytes at byte "
                                      "1024 of operand 0, which has 1024")));
  EXPECT_THAT(Emulated(kernel, 32).errors(), testing::Each(""));
}

/// Threads of a block, or two blocks, write the same element of global memory,
/// or one that others read.
enum class Sharing { None, Threads, ThreadsWithBarrier, Blocks, BlocksRead };
template <Sharing sharing>
void share(void *const *buffers, void *scratch, int64_t, int64_t block) {
  Gpu gpu(scratch);
  auto *out = static_cast<float *>(buffers[1]);
  auto access = [&](int64_t i, segc_emulator_access kind) {
    gpu.self->functions->access_global(gpu.self, out + i, 4, 4, kind, 1,
                                       kind ? "store" : "load");
  };
  int64_t own = block * 64 + gpu.thread();
  if (sharing == Sharing::Blocks)
    own = gpu.thread() + 32 * block;
  access(own, SEGC_EMULATOR_STORE);
  if (sharing == Sharing::ThreadsWithBarrier)
    gpu.barrier();
  if (sharing == Sharing::Threads || sharing == Sharing::ThreadsWithBarrier)
    access(block * 64 + 63 - gpu.thread(), SEGC_EMULATOR_LOAD);
  if (sharing == Sharing::BlocksRead)
    access(128 + gpu.thread(), SEGC_EMULATOR_LOAD);
  if (sharing == Sharing::BlocksRead && block)
    access(128 + gpu.thread(), SEGC_EMULATOR_STORE);
}

std::string errorOfBlocks(segc_kernel_fn kernel) {
  Emulated run(kernel);
  LaunchAccesses accesses;
  run.launch.accesses = &accesses;
  for (int64_t block : {0, 1})
    if (Status status = runEmulatedBlock(run.launch, block, {}); !status.ok())
      return status.message();
  accesses.beginLaunch();
  return runEmulatedBlock(run.launch, 1, {}).message();
}

TEST(Emulator, ConflictsInGlobalMemoryAreReported) {
  EXPECT_EQ(errorOfBlocks(share<Sharing::None>), "");
  EXPECT_EQ(errorOfBlocks(share<Sharing::ThreadsWithBarrier>), "");
  EXPECT_THAT(errorOfBlocks(share<Sharing::Threads>),
              HasSubstr("store writes 4 bytes of global memory, which thread "
                        "31 has read without a barrier between"));
  EXPECT_THAT(errorOfBlocks(share<Sharing::Blocks>),
              HasSubstr("block 1, thread 0: store writes 4 bytes of global "
                        "memory, which block 0 has written in the same "
                        "launch"));
  EXPECT_THAT(errorOfBlocks(share<Sharing::BlocksRead>),
              HasSubstr("block 1, thread 0: store writes 4 bytes of global "
                        "memory, which block 0 has read in the same launch"));
}

TEST(Emulator, ADivergentBarrierIsReported) {
  auto ends = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    if (gpu.thread() != 5)
      gpu.barrier();
  };
  EXPECT_THAT(Emulated(ends).errors(),
              testing::Each(HasSubstr(
                  "divergent barrier: 63 threads wait at barrier (the first is "
                  "thread 0), 1 have ended")));
  auto elsewhere = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.barrier(gpu.thread() % 2 ? "odd" : "even");
  };
  EXPECT_THAT(Emulated(elsewhere).errors(),
              testing::Each(HasSubstr("is a divergent barrier")));
}

TEST(Emulator, ADeadlockIsReported) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    if (gpu.thread() < 32)
      gpu.barrier();
    else
      gpu.self->functions->barrier(gpu.self, 1, 64, "other");
  };
  EXPECT_THAT(Emulated(kernel).errors(),
              testing::Each(HasSubstr(
                  "deadlock: no thread can go on: 32 threads wait at barrier "
                  "(the first is thread 0), 32 threads wait at other")));
}

//===----------------------------------------------------------------------===//
// Parts of a block
//===----------------------------------------------------------------------===//

// Two warps meet at a barrier of their own, the others do not take part.
template <uint32_t readers>
void halves(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  uint32_t half = gpu.thread() / 64, lane = gpu.thread() % 64;
  gpu.store(gpu.thread(), static_cast<float>(gpu.thread()));
  gpu.self->functions->barrier(gpu.self, 1 + half, 64, "half");
  static_cast<float *>(buffers[1])[gpu.thread()] =
      gpu.load((half * 64 + 63 - lane + readers) % 128);
}

TEST(Emulator, BarriersOfParts) {
  EXPECT_THAT(Emulated(halves<0>, 128).errors(), testing::Each(""));
  // Values of the other half are not ordered.
  EXPECT_THAT(Emulated(halves<64>, 128).errors(),
              testing::Each(testing::Not("")));
}

TEST(Emulator, ABarrierOfAWarp) {
  auto kernel = [](void *const *buffers, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    for (int step = 0; step < 3; ++step) {
      gpu.store(gpu.thread(), static_cast<float>(step));
      gpu.self->functions->warp_barrier(gpu.self, ~0u, "sync");
      static_cast<float *>(buffers[1])[gpu.thread()] =
          gpu.load(gpu.thread() ^ 5);
      gpu.self->functions->warp_barrier(gpu.self, ~0u, "sync again");
    }
  };
  EXPECT_THAT(Emulated(kernel).errors(), testing::Each(""));
}

TEST(Emulator, Shuffles) {
  auto kernel = [](void *const *buffers, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    auto *out = static_cast<float *>(buffers[1]);
    auto shuffle = [&](uint32_t kind, uint32_t offset, uint32_t clamp) {
      return gpu.self->functions->shuffle(gpu.self, ~0u, gpu.thread(), offset,
                                          clamp, kind, nullptr, "shuffle");
    };
    uint32_t lane = gpu.thread() % 32, warp = gpu.thread() - lane;
    bool good = shuffle(SEGC_EMULATOR_SHUFFLE_BUTTERFLY, 3, 31) ==
                    (warp | (lane ^ 3)) &&
                shuffle(SEGC_EMULATOR_SHUFFLE_INDEX, 9, 31) == warp + 9 &&
                shuffle(SEGC_EMULATOR_SHUFFLE_UP, 2, 0) ==
                    (lane < 2 ? warp + lane : warp + lane - 2) &&
                shuffle(SEGC_EMULATOR_SHUFFLE_DOWN, 4, 31) ==
                    (lane > 27 ? warp + lane : warp + lane + 4) &&
                // Segments of 8 lanes.
                shuffle(SEGC_EMULATOR_SHUFFLE_INDEX, 1, 24 << 8 | 31) ==
                    warp + lane / 8 * 8 + 1;
    uint32_t ballot = gpu.self->functions->vote(
        gpu.self, ~0u, lane < 4, SEGC_EMULATOR_VOTE_BALLOT, "vote");
    out[gpu.thread()] = good && ballot == 0xf;
  };
  Emulated run(kernel);
  EXPECT_THAT(run.errors(), testing::Each(""));
  EXPECT_EQ(std::accumulate(run.out.begin(), run.out.begin() + 64, 0.0f), 64);
}

TEST(Emulator, LanesThatDisagreeAreReported) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    gpu.self->functions->vote(gpu.self, ~0u, 1, SEGC_EMULATOR_VOTE_ANY,
                              gpu.thread() == 3 ? "first" : "second");
  };
  EXPECT_THAT(Emulated(kernel).errors(),
              testing::Each(HasSubstr("is not what all lanes do")));
  auto absent = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    if (gpu.thread())
      gpu.self->functions->vote(gpu.self, ~0u, 1, SEGC_EMULATOR_VOTE_ANY,
                                "vote");
  };
  EXPECT_THAT(Emulated(absent, 32).errors(),
              testing::Each(HasSubstr(
                  "deadlock: no thread can go on: 31 threads wait at vote (the "
                  "first is thread 1), 1 have ended")));
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

/// Two stages of copies; a step reads the older one.
template <uint32_t pending, bool barrierAfterWait>
void pipeline(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  constexpr uint32_t steps = 4;
  auto *in = static_cast<float *>(buffers[0]);
  uint32_t threads = gpu.self->threads;
  auto issue = [&](uint32_t step) {
    if (step < steps)
      gpu.copy(step % 2 * threads + gpu.thread(),
               in + step * threads + gpu.thread(), gpu.thread() ? 4 : 0);
    gpu.commit();
  };
  float sum = 0;
  issue(0);
  for (uint32_t step = 0; step < steps; ++step) {
    issue(step + 1);
    gpu.wait(pending);
    if (barrierAfterWait)
      gpu.barrier();
    sum += gpu.load(step % 2 * threads + threads - 1 - gpu.thread());
    gpu.barrier("second barrier");
  }
  static_cast<float *>(buffers[1])[gpu.thread()] = sum;
}

TEST(Emulator, CopiesAreWaitedFor) {
  Emulated run(pipeline<1, true>);
  EXPECT_THAT(run.errors(), testing::Each(""));
  EXPECT_EQ(run.out[0], 64 + 128 + 192 + 256);
  EXPECT_EQ(run.out[63], 0) << "no bytes come from the source";
}

TEST(Emulator, TooWeakAWaitIsReported) {
  EXPECT_THAT(Emulated(pipeline<2, true>).errors(),
              testing::Each(testing::AllOf(
                  HasSubstr("which an asynchronous copy of thread "),
                  HasSubstr(" still writes"))));
}

TEST(Emulator, AWaitIsNoBarrier) {
  EXPECT_THAT(Emulated(pipeline<1, false>).errors(),
              testing::Each(testing::Not("")));
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

uint16_t halfOf(int value) {
  static const uint16_t halves[] = {0x0000, 0x3c00, 0x4000, 0x4200, 0x4400,
                                    0x4500, 0x4600, 0x4700, 0x4800};
  return halves[value];
}
/// Small numbers, exact in all types.
int elementOfA(int row, int k) { return (row * 3 + k * 5) % 7; }
int elementOfB(int k, int column) { return (k * 2 + column * 3) % 5; }

/// Words of an operand by the fragments of the PTX manual.
template <uint32_t kind>
void product(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  constexpr bool isTF32 =
      kind == SEGC_EMULATOR_MMA_TF32_K8 || kind == SEGC_EMULATOR_MMA_TF32_K4;
  constexpr bool isBF16 =
      kind == SEGC_EMULATOR_MMA_BF16_K16 || kind == SEGC_EMULATOR_MMA_BF16_K8;
  int group = gpu.thread() / 4, member = gpu.thread() % 4;
  auto word = [&](auto element, int k) {
    if (isTF32)
      return bitsOf(static_cast<float>(element(k)));
    auto encode = [&](int value) -> uint32_t {
      return isBF16 ? bitsOf(static_cast<float>(value)) >> 16 : halfOf(value);
    };
    return encode(element(k)) | encode(element(k + 1)) << 16;
  };
  int first = isTF32 ? member : 2 * member, next = isTF32 ? 4 : 8;
  auto a = [&](int row) { return [=](int k) { return elementOfA(row, k); }; };
  auto b = [&](int k) { return elementOfB(k, group); };
  uint32_t aWords[] = {word(a(group), first), word(a(group + 8), first),
                       word(a(group), first + next),
                       word(a(group + 8), first + next)};
  uint32_t bWords[] = {word(b, first), word(b, first + next)};
  float c[4], result[4];
  for (int i = 0; i < 4; ++i)
    c[i] = static_cast<float>(i + group);
  gpu.self->functions->multiply(gpu.self, kind, aWords, bWords, c, result,
                                "mma");
  auto *out = static_cast<float *>(buffers[1]);
  for (int i = 0; i < 4; ++i)
    out[(group + 8 * (i / 2)) * 8 + 2 * member + i % 2] = result[i] - c[i];
}

template <uint32_t kind>
void checkProduct(int depth) {
  Emulated run(product<kind>, 32);
  EXPECT_THAT(run.errors(), testing::Each(""));
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      int sum = 0;
      for (int k = 0; k < depth; ++k)
        sum += elementOfA(row, k) * elementOfB(k, column);
      EXPECT_EQ(run.out[row * 8 + column], sum)
          << "kind " << kind << " row " << row << " column " << column;
    }
}

TEST(Emulator, ProductsOfTiles) {
  checkProduct<SEGC_EMULATOR_MMA_F16_K16>(16);
  checkProduct<SEGC_EMULATOR_MMA_BF16_K16>(16);
  checkProduct<SEGC_EMULATOR_MMA_TF32_K8>(8);
  checkProduct<SEGC_EMULATOR_MMA_F16_K8>(8);
  checkProduct<SEGC_EMULATOR_MMA_BF16_K8>(8);
  checkProduct<SEGC_EMULATOR_MMA_TF32_K4>(4);
}

} // namespace

/// Of both signs, with the least number that there is.
static int signedElementOfA(int row, int k) {
  return row == k % 16 ? -128 : (row * 31 + k * 17) % 251 - 125;
}
static int signedElementOfB(int k, int column) {
  return column == k % 8 ? -128 : (k * 13 + column * 29) % 253 - 126;
}
/// What the sums begin with: some wrap around.
static int32_t firstSum(int row, int column) {
  return row == column ? std::numeric_limits<int32_t>::max()
                       : row * 1000000 - column;
}
static int32_t sumOfIntegers(int row, int column) {
  int64_t sum = firstSum(row, column);
  for (int k = 0; k < 32; ++k)
    sum += int64_t{signedElementOfA(row, k)} * signedElementOfB(k, column);
  return static_cast<int32_t>(sum);
}

/// Leaves what differs from the sums.
static void productOfIntegers(void *const *buffers, void *scratch, int64_t,
                              int64_t) {
  Gpu gpu(scratch);
  int group = static_cast<int>(gpu.thread() / 4),
      member = static_cast<int>(gpu.thread() % 4);
  auto word = [](auto element, int k) {
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i)
      result |= static_cast<uint32_t>(static_cast<uint8_t>(element(k + i)))
                << (8 * i);
    return result;
  };
  int first = 4 * member, next = 16;
  auto a = [](int row) {
    return [=](int k) { return signedElementOfA(row, k); };
  };
  auto b = [&](int k) { return signedElementOfB(k, group); };
  uint32_t aWords[] = {word(a(group), first), word(a(group + 8), first),
                       word(a(group), first + next),
                       word(a(group + 8), first + next)};
  uint32_t bWords[] = {word(b, first), word(b, first + next)};
  int32_t c[4], result[4];
  for (int i = 0; i < 4; ++i)
    c[i] = firstSum(group + 8 * (i / 2), 2 * member + i % 2);
  gpu.self->functions->multiply(gpu.self, SEGC_EMULATOR_MMA_S8_K32, aWords,
                                bWords, c, result, "mma");
  for (int i = 0; i < 4; ++i) {
    int row = group + 8 * (i / 2), column = 2 * member + i % 2;
    static_cast<float *>(buffers[1])[row * 8 + column] =
        static_cast<float>(int64_t(result[i]) - sumOfIntegers(row, column));
  }
}

namespace {

TEST(Emulator, ProductsOfIntegers) {
  Emulated run(productOfIntegers, 32);
  EXPECT_THAT(run.errors(), testing::Each(""));
  for (int i = 0; i < 16 * 8; ++i)
    EXPECT_EQ(run.out[i], 0) << "row " << i / 8 << " column " << i % 8;
}

/// Element (row, column) of matrix m is m * 64 + row * 8 + column.
template <bool transposed>
void matrices(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  uint32_t lane = gpu.thread(), result[4];
  for (uint32_t i = 0; i < 4; ++i) {
    uint32_t element = lane * 8 + 2 * i, word = lane * 4 + i;
    gpu.store(word, 0);
    uint32_t pair = element | (element + 1) << 16;
    std::memcpy(gpu.at(word), &pair, 4);
  }
  gpu.barrier();
  gpu.self->functions->load_matrix(gpu.self, gpu.at(lane * 4), 4, transposed,
                                   result, "ldmatrix");
  auto *out = static_cast<float *>(buffers[1]);
  bool good = true;
  for (uint32_t m = 0; m < 4; ++m) {
    uint32_t row = lane / 4, column = lane % 4 * 2;
    uint32_t low = transposed ? column * 8 + row : row * 8 + column,
             high = transposed ? low + 8 : low + 1;
    good &= result[m] == (m * 64 + low | (m * 64 + high) << 16);
  }
  out[lane] = good;
}

TEST(Emulator, MatrixLoads) {
  for (segc_kernel_fn kernel : {matrices<false>, matrices<true>}) {
    Emulated run(kernel, 32);
    EXPECT_THAT(run.errors(), testing::Each(""));
    EXPECT_EQ(std::accumulate(run.out.begin(), run.out.begin() + 32, 0.0f), 32);
  }
}

TEST(Emulator, MatrixLoadsAreChecked) {
  auto kernel = [](void *const *, void *scratch, int64_t, int64_t) {
    Gpu gpu(scratch);
    uint32_t result[4];
    gpu.self->functions->load_matrix(gpu.self, gpu.at(0), 1, 0, result,
                                     "ldmatrix");
  };
  EXPECT_THAT(Emulated(kernel, 32).errors(),
              testing::Each(HasSubstr("thread 0: ldmatrix reads 16 bytes at "
                                      "byte 0 of shared memory, which nobody "
                                      "has written")));
}

// Threads of a block that failed are gone.
TEST(Emulator, RunsASmallerBlockAfterAFault) {
  EXPECT_THAT(Emulated(rotate<false>).errors(),
              testing::Each(testing::Not("")));
  EXPECT_THAT(Emulated(rotate<true>, 1).errors(), testing::Each(""));
}

// Sizes are checked before anything is allocated.
TEST(Emulator, LimitsOfABlock) {
  Emulated run(rotate<true>);
  run.launch.threads = 1025;
  EXPECT_THAT(runEmulatedBlock(run.launch, 0, {}).message(),
              HasSubstr("expected at most 1024 threads"));
  run.launch.threads = 32;
  run.launch.sharedBytes = 229 << 10;
  EXPECT_THAT(runEmulatedBlock(run.launch, 0, {}).message(),
              HasSubstr("expected at most 233472 bytes of shared memory"));
}

} // namespace
