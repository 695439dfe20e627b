//===- WgmmaTest.cpp - Products of tiles by warpgroups --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Tensor copies bring both factors to shared memory, as their maps lay them
// out; matrix descriptors must find each element there.

#include "EmulatedKernel.h"
#include "segc/Base/Floats.h"

#include <cstring>

using namespace segc;
using segc::test::Emulated;
using segc::test::Gpu;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

namespace {

enum class Fault {
  None,
  NoFence,
  NoCommit,
  NoWait,
  NoWaitForCopies,
  OverwrittenWhileRead,
  OtherDescriptor,
  OneThreadLess,
  StaleAccumulators,
  NotRead
};

struct Case {
  uint32_t type = SEGC_EMULATOR_WGMMA_BF16, columns = 16, swizzle = 128;
  bool mnMajorA = false, mnMajorB = false, negateA = false;
  Fault fault = Fault::None;
};
/// Of the kernel that runs.
Case current;

uint32_t elementBytes() {
  return current.type == SEGC_EMULATOR_WGMMA_TF32 ? 4 : 2;
}
/// The tiles have so many bytes of depth, or elements if it is not contiguous.
uint32_t pieceElements() {
  return (current.swizzle ? current.swizzle : 16) / elementBytes();
}
bool isMNMajor() { return current.mnMajorA || current.mnMajorB; }
uint32_t depth() {
  return isMNMajor() ? 32 : std::max(pieceElements(), 32 / elementBytes());
}

/// A tensor map of rows x depth elements: pieces of the contiguous dimension
/// lie one behind the other in shared memory.
segc_tensor_map mapOf(uint32_t rows, bool mnMajor, uint64_t bytesBefore) {
  uint32_t contiguous = mnMajor ? rows : depth(),
           other = mnMajor ? depth() : rows, bytes = elementBytes();
  segc_tensor_map map = {};
  map.rank = map.sample_dimension = 3;
  map.offset = bytesBefore;
  map.strides[0] = bytes;
  map.swizzle = current.swizzle;
  map.sizes[0] = map.box[0] = std::min(pieceElements(), contiguous);
  map.sizes[1] = map.box[1] = other;
  map.sizes[2] = map.box[2] = contiguous / map.box[0];
  map.strides[1] = contiguous * bytes;
  map.strides[2] = pieceElements() * bytes;
  map.steps[0] = map.steps[1] = map.steps[2] = 1;
  return map;
}

uint64_t descriptor(uint32_t start, uint32_t rows, bool mnMajor,
                    uint32_t step) {
  uint32_t width = current.swizzle ? current.swizzle : 16,
           others = mnMajor ? depth() : rows, // rows of the pieces
      piece = others * width, eight = 8 * width;
  uint32_t leading = 16, stride = eight;
  if (mnMajor) {
    leading = current.swizzle ? piece : eight;
    stride = current.swizzle ? eight : piece;
    start += step * 2 * eight;
  } else if (current.swizzle) {
    start += step * 32;
  } else {
    leading = piece;
    start += step * 2 * piece;
  }
  constexpr uint64_t none = 0, codes[] = {none, 3, 2, none, 1};
  return static_cast<uint64_t>(start >> 4) |
         static_cast<uint64_t>(leading >> 4) << 16 |
         static_cast<uint64_t>(stride >> 4) << 32 |
         codes[current.swizzle / 32] << 62;
}

constexpr uint32_t placeOfB = 16384, mbarrier = 49152;

void product(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  const segc_emulator_functions &f = *gpu.self->functions;
  const Case &c = current;
  const void *maps[] = {buffers[2], buffers[3]};
  uint32_t bytes = (64 + c.columns) * depth() * elementBytes();
  auto load = [&](uint32_t number) {
    int32_t coordinates[] = {0, 0, 0};
    f.load_tensor(gpu.self, gpu.byte(number ? placeOfB : 0), maps[number],
                  coordinates, 3, gpu.byte(mbarrier), "tensor");
  };
  if (gpu.thread() == 0) {
    gpu.init(mbarrier, 1);
    gpu.fence(SEGC_EMULATOR_FENCE_MBARRIER_INIT);
  }
  gpu.barrier();
  if (gpu.thread() == 0) {
    gpu.arrive(mbarrier, bytes);
    load(0);
    load(1);
  }
  if (c.fault != Fault::NoWaitForCopies)
    gpu.await(mbarrier, 0);
  float sums[128]; // nothing that an error would leave behind
  std::iota(sums, sums + c.columns / 2, 0.0f);
  if (c.fault == Fault::OneThreadLess && gpu.thread() == 77)
    return;
  if (c.fault != Fault::NoFence)
    gpu.fence(SEGC_EMULATOR_FENCE_WGMMA);
  uint32_t flags = (c.mnMajorA ? SEGC_EMULATOR_WGMMA_A_MN_MAJOR : 0) |
                   (c.mnMajorB ? SEGC_EMULATOR_WGMMA_B_MN_MAJOR : 0) |
                   (c.negateA ? SEGC_EMULATOR_WGMMA_NEGATE_A : 0);
  auto multiply = [&](uint32_t step, const float *accumulators) {
    uint32_t shift = c.fault == Fault::OtherDescriptor && gpu.thread() == 5;
    return f.wgmma(gpu.self, c.type, c.columns, flags,
                   descriptor(0, 64, c.mnMajorA, step),
                   descriptor(placeOfB, c.columns, c.mnMajorB, step) + shift,
                   accumulators, "wgmma");
  };
  float result = multiply(0, sums), first = result;
  uint32_t steps = depth() * elementBytes() / 32;
  for (uint32_t step = 1; step < steps; ++step)
    result = multiply(step, &result);
  if (c.fault == Fault::StaleAccumulators)
    multiply(0, &first);
  if (c.fault != Fault::NoCommit)
    f.commit_wgmma(gpu.self, "commit");
  if (c.fault == Fault::OverwrittenWhileRead) {
    gpu.barrier();
    if (gpu.thread() == 0)
      load(1);
  }
  if (c.fault == Fault::NotRead)
    return;
  if (c.fault != Fault::NoWait)
    f.wait_wgmma(gpu.self, 0, "wait");
  uint32_t warp = gpu.thread() / 32, lane = gpu.thread() % 32;
  for (uint32_t i = 0; i < c.columns / 2; ++i) {
    uint32_t row = warp * 16 + lane / 4 + i / 2 % 2 * 8,
             column = i / 4 * 8 + lane % 4 * 2 + i % 2;
    static_cast<float *>(buffers[1])[row * c.columns + column] =
        f.wgmma_accumulator(gpu.self, result, i, "accumulator") -
        static_cast<float>(i);
  }
}

int elementOfA(uint32_t row, uint32_t k) { return (row * 3 + k * 5) % 7; }
int elementOfB(uint32_t column, uint32_t k) { return (k * 2 + column * 3) % 5; }

void writeElement(float *memory, uint32_t place, int value) {
  static const uint16_t halves[] = {0x0000, 0x3c00, 0x4000, 0x4200,
                                    0x4400, 0x4500, 0x4600};
  uint32_t bits = bitsOf(static_cast<float>(value));
  if (current.type == SEGC_EMULATOR_WGMMA_TF32)
    bits |= 0x1fff; // which is ignored
  if (current.type == SEGC_EMULATOR_WGMMA_BF16)
    bits >>= 16;
  if (current.type == SEGC_EMULATOR_WGMMA_F16)
    bits = halves[value];
  std::memcpy(reinterpret_cast<char *>(memory) + place * elementBytes(), &bits,
              elementBytes());
}

class Product {
public:
  explicit Product(const Case &c) : run(make(c)) {
    uint32_t k = depth();
    auto fill = [&](uint32_t rows, uint32_t before, bool mnMajor,
                    auto element) {
      for (uint32_t row = 0; row < rows; ++row)
        for (uint32_t i = 0; i < k; ++i)
          writeElement(run.in.data(),
                       before + (mnMajor ? i * rows + row : row * k + i),
                       element(row, i));
    };
    fill(64, 0, c.mnMajorA, elementOfA);
    fill(c.columns, 64 * k, c.mnMajorB, elementOfB);
  }
  std::vector<std::string> errors() { return run.errors(); }
  void expectProduct() {
    for (uint32_t row = 0; row < 64; ++row)
      for (uint32_t column = 0; column < current.columns; ++column) {
        int sum = 0;
        for (uint32_t k = 0; k < depth(); ++k)
          sum += elementOfA(row, k) * elementOfB(column, k);
        ASSERT_EQ(run.out[row * current.columns + column],
                  current.negateA ? -sum : sum)
            << "row " << row << " column " << column;
      }
  }

private:
  static Emulated make(const Case &c) {
    current = c;
    return Emulated(product, 128, 65536,
                    {mapOf(64, c.mnMajorA, 0),
                     mapOf(c.columns, c.mnMajorB,
                           uint64_t(64) * depth() * elementBytes())});
  }
  Emulated run;
};

std::vector<std::string> errorsWith(Fault fault) {
  Case c;
  c.fault = fault;
  return Product(c).errors();
}

TEST(Wgmma, MultipliesAllLayouts) {
  for (uint32_t type = 0; type < SEGC_EMULATOR_WGMMA_TYPES; ++type)
    for (uint32_t swizzle : {0, 32, 64, 128})
      for (uint32_t columns : {8, 64, 192})
        for (bool mnMajorA : {false, true})
          for (bool mnMajorB : {false, true}) {
            bool isMNMajor = mnMajorA || mnMajorB;
            // The pieces of a map are whole, and tf32 has one layout.
            if ((type == SEGC_EMULATOR_WGMMA_TF32 && isMNMajor) ||
                (mnMajorB && columns * 2 < swizzle) ||
                (isMNMajor && (mnMajorA != mnMajorB) && swizzle != 64))
              continue;
            SCOPED_TRACE(testing::Message()
                         << "type " << type << " swizzle " << swizzle
                         << " columns " << columns << " MN-major " << mnMajorA
                         << mnMajorB);
            Product one({type, columns, swizzle, mnMajorA, mnMajorB,
                         /*negateA=*/columns == 8});
            ASSERT_THAT(one.errors(), Each(""));
            one.expectProduct();
          }
}

TEST(Wgmma, MissingOrderIsReported) {
  EXPECT_THAT(errorsWith(Fault::NoFence),
              Each(HasSubstr("wgmma uses registers without a wgmma.fence")));
  EXPECT_THAT(errorsWith(Fault::NoCommit),
              Each(HasSubstr("reads an accumulator of a wgmma, which has not "
                             "been waited for")));
  EXPECT_THAT(errorsWith(Fault::NoWait),
              Each(HasSubstr("reads an accumulator of a wgmma, which has not "
                             "been waited for")));
  EXPECT_THAT(errorsWith(Fault::NoWaitForCopies), Each(Not("")));
  EXPECT_THAT(errorsWith(Fault::OverwrittenWhileRead),
              Each(HasSubstr("which a wgmma of threads 0 and following has "
                             "read without a wait for it between")));
  EXPECT_THAT(errorsWith(Fault::NotRead),
              Each(HasSubstr("ends with wgmma, which nobody has waited for")));
}

TEST(Wgmma, ThreadsThatDisagreeAreReported) {
  EXPECT_THAT(errorsWith(Fault::OtherDescriptor),
              Each(HasSubstr("is not what all threads of the warpgroup do")));
  EXPECT_THAT(errorsWith(Fault::OneThreadLess),
              Each(HasSubstr("127 threads wait at wait")));
  EXPECT_THAT(errorsWith(Fault::StaleAccumulators),
              Each(HasSubstr("takes accumulators that another product has "
                             "overwritten")));
}

// Threads write what wgmma reads by another way.
template <bool withFence>
void writesFactors(void *const *, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  const segc_emulator_functions &f = *gpu.self->functions;
  for (uint32_t i = gpu.thread(); i < 1024; i += 128)
    gpu.store(i, 1);
  if (withFence)
    gpu.fence(SEGC_EMULATOR_FENCE_PROXY_ASYNC);
  gpu.barrier();
  gpu.fence(SEGC_EMULATOR_FENCE_WGMMA);
  uint64_t matrix = uint64_t(16) << 32 | uint64_t(16) << 16 | uint64_t(3) << 62;
  f.wgmma(gpu.self, SEGC_EMULATOR_WGMMA_BF16, 8, SEGC_EMULATOR_WGMMA_FROM_ZERO,
          matrix, matrix, nullptr, "wgmma");
  f.commit_wgmma(gpu.self, "commit");
  f.wait_wgmma(gpu.self, 0, "wait");
}

TEST(Wgmma, WritesOfThreadsNeedAFence) {
  EXPECT_THAT(Emulated(writesFactors<true>, 128, 4096).errors(), Each(""));
  EXPECT_THAT(Emulated(writesFactors<false>, 128, 4096).errors(),
              Each(HasSubstr("has written without a fence.proxy.async")));
  EXPECT_THAT(Emulated(writesFactors<true>, 96, 4096).errors(),
              Each(HasSubstr("needs a warpgroup of 128 threads")));
}

// 10 x 11 positions of 16 channels, [channels / 8][positions][8 channels]: the
// 64 rows of A are 8 x 8 of these, from any position on. Where there is no
// swizzle, 8 rows of 16 bytes are 128 in one piece, the next 8 rows are the
// stride away, and the next 8 of the depth the leading bytes.
constexpr uint32_t patchHeight = 10, patchWidth = 11,
                   positions = patchHeight * patchWidth;

float patchValue(uint32_t position, uint32_t channel) {
  return static_cast<float>((position * 3 + channel * 5) % 101);
}

float twoOfBF16(float first, float second) {
  return floatOf(bitsOf(first) >> 16 | (bitsOf(second) & 0xffff0000));
}

/// Column c of B chooses the channel 2 c + 1.
template <uint32_t firstPosition>
void multipliesPatch(void *const *buffers, void *scratch, int64_t, int64_t) {
  constexpr uint32_t pieceBytes = positions * 16, factorB = 4096, columns = 8;
  Gpu gpu(scratch);
  const segc_emulator_functions &f = *gpu.self->functions;
  for (uint32_t i = gpu.thread(); i < positions * 8; i += 128) {
    uint32_t piece = i / (positions * 4), position = i / 4 % positions,
             channel = piece * 8 + i % 4 * 2;
    gpu.store(i, twoOfBF16(patchValue(position, channel),
                           patchValue(position, channel + 1)));
  }
  uint32_t column = gpu.thread() / 4 % columns,
           k = gpu.thread() / 32 * 8 + gpu.thread() % 4 * 2;
  if (gpu.thread() < 64)
    gpu.store(factorB / 4 + gpu.thread(),
              twoOfBF16(0.0f, k == 2 * column ? 1.0f : 0.0f));
  gpu.fence(SEGC_EMULATOR_FENCE_PROXY_ASYNC);
  gpu.barrier();
  gpu.fence(SEGC_EMULATOR_FENCE_WGMMA);
  auto matrix = [](uint64_t start, uint64_t leading, uint64_t stride) {
    return start / 16 | leading / 16 << 16 | stride / 16 << 32;
  };
  float result =
      f.wgmma(gpu.self, SEGC_EMULATOR_WGMMA_BF16, columns,
              SEGC_EMULATOR_WGMMA_FROM_ZERO,
              matrix(firstPosition * 16, pieceBytes, patchWidth * 16),
              matrix(factorB, /*leading=*/128, /*stride=*/0), nullptr, "wgmma");
  f.commit_wgmma(gpu.self, "commit");
  f.wait_wgmma(gpu.self, 0, "wait");
  uint32_t lane = gpu.thread() % 32;
  for (uint32_t i = 0; i < columns / 2; ++i) {
    uint32_t row = gpu.thread() / 32 * 16 + lane / 4 + i / 2 * 8,
             at = lane % 4 * 2 + i % 2;
    // The operand has room for every other column.
    float sum = f.wgmma_accumulator(gpu.self, result, i, "accumulator");
    if (at % 2 == 1)
      static_cast<float *>(buffers[1])[row * 4 + at / 2] = sum;
  }
}

TEST(Wgmma, ReadsSquaresOfAPatch) {
  auto check = [](segc_kernel_fn kernel, uint32_t first) {
    Emulated run(kernel, 128, 8192);
    ASSERT_THAT(run.errors(), Each(""));
    for (uint32_t row = 0; row < 64; ++row)
      for (uint32_t i = 0; i < 4; ++i)
        ASSERT_EQ(run.out[row * 4 + i],
                  patchValue(first + row / 8 * patchWidth + row % 8,
                             2 * (2 * i + 1) + 1))
            << "row " << row << " from position " << first;
  };
  check(multipliesPatch<0>, 0);
  check(multipliesPatch<1>, 1);
  check(multipliesPatch<2 * patchWidth + 3>, 2 * patchWidth + 3);
}

// A base offset belongs to a swizzle.
void offsetsMatrix(void *const *, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  uint64_t matrix = uint64_t(1) << 49;
  gpu.fence(SEGC_EMULATOR_FENCE_WGMMA);
  gpu.self->functions->wgmma(gpu.self, SEGC_EMULATOR_WGMMA_BF16, 8,
                             SEGC_EMULATOR_WGMMA_FROM_ZERO, matrix, matrix,
                             nullptr, "wgmma");
}

TEST(Wgmma, RefusesBaseOffsets) {
  EXPECT_THAT(Emulated(offsetsMatrix, 128, 4096).errors(),
              Each(HasSubstr("has a base offset in a matrix descriptor")));
}

} // namespace
