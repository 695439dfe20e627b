//===- TensorCopyTest.cpp - Copies of boxes of tensors --------------------===//
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

namespace {

using Map = segc_tensor_map;

/// A matrix of 6 rows of 20 floats, of which copies take 4 rows of 8.
Map matrix() {
  Map map = {};
  map.rank = map.sample_dimension = 2;
  map.strides[0] = 4;
  map.sizes[0] = 20;
  map.sizes[1] = 6;
  map.strides[1] = 80;
  map.box[0] = 8;
  map.box[1] = 4;
  map.steps[0] = map.steps[1] = 1;
  return map;
}

constexpr uint32_t mbarrier = 4096;

enum class Fault { None, NoWait, NoFence, NoEnd, Overlap };

/// One thread copies a box, whose words all threads copy to the output.
template <int32_t x, int32_t y, uint32_t bytes, Fault fault = Fault::None,
          uint32_t place = 0, uint32_t rank = 2>
void load(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  if (gpu.thread() == 0) {
    gpu.init(mbarrier, 1);
    if (fault != Fault::NoFence)
      gpu.fence(SEGC_EMULATOR_FENCE_MBARRIER_INIT);
  }
  gpu.barrier();
  if (gpu.thread() == 0) {
    int32_t coordinates[] = {x, y, 0, 0, 0};
    auto issue = [&] {
      gpu.self->functions->load_tensor(gpu.self, gpu.byte(place), buffers[2],
                                       coordinates, rank, gpu.byte(mbarrier),
                                       "tensor");
    };
    gpu.arrive(mbarrier, bytes);
    issue();
    if (fault == Fault::Overlap)
      issue();
  }
  if (fault == Fault::NoEnd)
    return;
  if (fault != Fault::NoWait)
    gpu.await(mbarrier, 0);
  for (uint32_t i = gpu.thread(); i < bytes / 4; i += gpu.self->threads)
    static_cast<float *>(buffers[1])[i] = gpu.load(i);
}

std::vector<std::string> errorsOf(segc_kernel_fn kernel, const Map &map) {
  return Emulated(kernel, 64, 8192, {map}).errors();
}

TEST(TensorCopies, WhatIsOutsideIsZero) {
  Emulated low(load<-2, -1, 128>, 64, 8192, {matrix()});
  EXPECT_THAT(low.errors(), Each(""));
  Emulated high(load<16, 4, 128>, 64, 8192, {matrix()});
  EXPECT_THAT(high.errors(), Each(""));
  for (int row = 0; row < 4; ++row)
    for (int i = 0; i < 8; ++i) {
      auto expected = [&](int x, int y) {
        return x < 0 || x >= 20 || y < 0 || y >= 6 ? 0 : y * 20 + x + 1;
      };
      EXPECT_EQ(low.out[row * 8 + i], expected(i - 2, row - 1));
      EXPECT_EQ(high.out[row * 8 + i], expected(16 + i, 4 + row));
    }
}

TEST(TensorCopies, ElementStridesLeaveRowsOut) {
  Map map = matrix();
  map.box[1] = 5;
  map.steps[1] = 2;
  Emulated run(load<4, 1, 96>, 64, 8192, {map});
  EXPECT_THAT(run.errors(), Each(""));
  for (int row = 0; row < 3; ++row)
    EXPECT_EQ(run.out[row * 8], (1 + 2 * row) * 20 + 4 + 1);
}

// A dimension has as many elements as the launch has samples, or a multiple.
TEST(TensorCopies, AbsentSamplesAreZero) {
  Map map = matrix();
  map.sizes[1] = 2;
  map.sample_dimension = 1;
  for (int64_t samples : {1, 2, 3}) {
    Emulated run(load<0, 0, 128>, 64, 8192, {map});
    run.launch.batch = samples;
    EXPECT_THAT(run.errors(), Each(""));
    for (int row = 0; row < 4; ++row)
      EXPECT_EQ(run.out[row * 8], row < 2 * samples ? row * 20 + 1 : 0);
  }
}

TEST(TensorCopies, SwizzlesPermutePiecesOfARow) {
  for (uint32_t swizzle : {32, 64, 128}) {
    Map map = matrix();
    map.sizes[0] = 32;
    map.sizes[1] = 16;
    map.strides[1] = 128;
    map.box[0] = swizzle / 4;
    map.box[1] = 1024 / swizzle;
    map.swizzle = swizzle;
    Emulated run(load<0, 0, 1024>, 64, 8192, {map});
    EXPECT_THAT(run.errors(), Each(""));
    for (uint32_t row = 0; row < map.box[1]; ++row)
      for (uint32_t piece = 0; piece < swizzle / 16; ++piece) {
        // Rows of 128 bytes of shared memory share a permutation.
        uint32_t line = row * swizzle / 128,
                 moved = piece ^ line % (swizzle / 16);
        float expected =
            row < 16 ? static_cast<float>(row * 32 + piece * 4 + 1) : 0;
        EXPECT_EQ(run.out[row * swizzle / 4 + moved * 4], expected)
            << swizzle << " row " << row << " piece " << piece;
      }
  }
}

TEST(TensorCopies, FiveDimensions) {
  Map map = matrix();
  map.rank = map.sample_dimension = 5;
  uint64_t stride = 16;
  for (uint32_t i = 0; i < 5; ++i) {
    map.sizes[i] = i ? 3 : 4;
    map.box[i] = i ? 2 : 4;
    map.strides[i] = i ? stride : 4;
    map.steps[i] = 1;
    stride *= i ? 3 : 1;
  }
  Emulated run(load<0, 2, 256, Fault::None, 0, 5>, 64, 8192, {map});
  EXPECT_THAT(run.errors(), Each(""));
  EXPECT_EQ(run.out[0], 2 * 4 + 1);
  EXPECT_EQ(run.out[4], 0) << "the fourth of three rows";
  EXPECT_EQ(run.out[63 - 3 - 4], (2 + 3 + 9 + 27) * 4 + 1);
}

TEST(TensorCopies, MissingOrderIsReported) {
  EXPECT_THAT(errorsOf(load<0, 0, 128, Fault::NoWait>, matrix()),
              Each(testing::AnyOf(
                  HasSubstr("which a tensor copy with the mbarrier at byte "
                            "4096 of shared memory has written without a wait "
                            "for it between"),
                  HasSubstr("which nobody has written"),
                  HasSubstr("tensor copies 128 bytes to byte 0 of shared "
                            "memory, which thread "))));
  EXPECT_THAT(errorsOf(load<0, 0, 128, Fault::NoFence>, matrix()),
              Each(HasSubstr("whose initialisation has no "
                             "fence.mbarrier.init after it")));
  EXPECT_THAT(errorsOf(load<0, 0, 256, Fault::Overlap>, matrix()),
              Each(HasSubstr("which another of its copies writes")));
  EXPECT_THAT(Emulated(load<0, 0, 128, Fault::NoEnd>, 64, 8192, {matrix()})
                  .errors()
                  .front(),
              HasSubstr("ends with a tensor copy that nobody has waited for"));
}

TEST(TensorCopies, BytesAreCounted) {
  EXPECT_THAT(errorsOf(load<0, 0, 256>, matrix()),
              Each(HasSubstr("lacks 0 of 1 arrivals and 128 bytes")));
  EXPECT_THAT(errorsOf(load<0, 0, 64>, matrix()),
              Each(HasSubstr("and has 64 bytes more than it expects")));
}

TEST(TensorCopies, RulesOfMapsAreChecked) {
  EXPECT_THAT(errorsOf(load<0, 0, 128, Fault::None, 64>, matrix()),
              Each(HasSubstr("copies 128 bytes at byte 64 of shared memory, "
                             "which is no multiple of 128")));
  EXPECT_THAT(errorsOf(load<0, 0, 128, Fault::None, 8192>, matrix()),
              Each(HasSubstr("which has 8192")));
  EXPECT_THAT(errorsOf(load<0, 0, 128, Fault::None, 0, 3>, matrix()),
              Each(HasSubstr("has 3 coordinates, but a tensor map of 2")));
  auto errorsWith = [](auto &&change) {
    Map map = matrix();
    change(map);
    return errorsOf(load<0, 0, 128>, map);
  };
  EXPECT_THAT(errorsWith([](Map &map) { map.strides[1] = 84; }),
              Each(HasSubstr("tensor map with stride 84 of dimension 1")));
  EXPECT_THAT(errorsWith([](Map &map) { map.box[0] = 7; }),
              Each(HasSubstr("rows of 28 bytes, which are no multiple of 16")));
  EXPECT_THAT(errorsWith([](Map &map) { map.swizzle = 128; }),
              Each(HasSubstr("a swizzle of 128 bytes for rows of 32")));
  EXPECT_THAT(errorsWith([](Map &map) { map.sizes[1] = 1000; }),
              Each(HasSubstr("of operand 0, which has 65536")));
  EXPECT_THAT(errorsWith([](Map &map) { map.operand = 2; }),
              Each(HasSubstr("a tensor map of 2 dimensions of operand 2")));
}

/// All threads write a box, which one of them copies to the output.
template <bool withFence, bool withWait, bool overwrites>
void store(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  if (gpu.thread() < 32) {
    gpu.store(gpu.thread(), static_cast<float>(gpu.thread()));
    if (withFence)
      gpu.fence(SEGC_EMULATOR_FENCE_PROXY_ASYNC);
  }
  gpu.barrier();
  if (gpu.thread() == 0) {
    int32_t coordinates[] = {16, 1};
    gpu.self->functions->store_tensor(gpu.self, buffers[2], gpu.byte(0),
                                      coordinates, 2, "tensor");
    gpu.self->functions->commit_stores(gpu.self, "commit");
    if (overwrites)
      gpu.store(5, 0);
    if (withWait)
      gpu.self->functions->wait_stores(gpu.self, 0, 1, "wait");
  }
}

TEST(TensorCopies, Stores) {
  Map map = matrix();
  map.operand = 1;
  Emulated run(store<true, true, false>, 64, 8192, {map});
  EXPECT_THAT(run.errors(), Each(""));
  EXPECT_EQ(run.out[20 + 16], 0);
  EXPECT_EQ(run.out[20 + 19], 3);
  EXPECT_EQ(run.out[40], -1) << "outside the row";
  EXPECT_EQ(run.out[80 + 17], 25);
  EXPECT_THAT(errorsOf(store<false, true, false>, map),
              Each(HasSubstr("which thread 0 has written without a "
                             "fence.proxy.async after it")));
  EXPECT_THAT(errorsOf(store<true, true, true>, map),
              Each(HasSubstr("which a tensor store of thread 0 has read "
                             "without a wait for it between")));
  EXPECT_THAT(
      errorsOf(store<true, false, false>, map),
      Each(HasSubstr("ends with a tensor store that it has not waited for")));
}

} // namespace
