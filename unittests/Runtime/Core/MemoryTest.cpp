//===- MemoryTest.cpp - Buffers and initial values ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/ProcessMemory.h"
#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Core/Initialize.h"
#include "segc/Runtime/Core/KernelObserver.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <limits>

using namespace segc;
using testing::HasSubstr;

TEST(Initialize, MomentsAndLimits) {
  ThreadPool pool(2);
  RegionTensor he, glorot;
  he.name = "a";
  he.shape = {3, 3, 3, 16, 256};
  he.elements = elementCount(he.shape);
  he.init = {Initializer::Kind::HeNormal, 0.01};
  glorot.name = "b";
  glorot.shape = {3, 3, 64, 32};
  glorot.elements = elementCount(glorot.shape);
  glorot.offset = he.elements * 4;
  glorot.init = {Initializer::Kind::GlorotUniform, 0};
  std::vector<float> values(he.elements + glorot.elements);
  initializeRegion({he, glorot}, 7,
                   reinterpret_cast<std::byte *>(values.data()), pool);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < he.elements; ++i) {
    sum += values[i];
    squares += double(values[i]) * values[i];
  }
  double count = double(he.elements), variance = 2 / (1.0001 * 27 * 16);
  // The tolerances are four standard deviations of the estimates.
  EXPECT_NEAR(sum / count, 0, 4 * std::sqrt(variance / count));
  EXPECT_NEAR(squares / count, variance, 4 * variance * std::sqrt(2 / count));
  double limit = std::sqrt(6.0 / (9 * 96)), largest = 0;
  for (int64_t i = he.elements; i < int64_t(values.size()); ++i)
    largest = std::max(largest, std::abs(double(values[i])));
  EXPECT_LE(largest, limit);
  EXPECT_GT(largest, 0.99 * limit);
  RegionTensor uniform = glorot;
  uniform.offset = 0;
  uniform.init = {Initializer::Kind::Uniform, 0.25};
  std::vector<float> drawn(uniform.elements);
  initializeRegion({uniform}, 7, reinterpret_cast<std::byte *>(drawn.data()),
                   pool);
  auto [min, max] = std::minmax_element(drawn.begin(), drawn.end());
  EXPECT_GE(*min, -0.25f);
  EXPECT_LT(*min, -0.249f);
  EXPECT_LE(*max, 0.25f);
  EXPECT_GT(*max, 0.249f);
  // Each tensor has its own random stream, so it gets the same values if it is
  // drawn alone.
  std::vector<float> alone(glorot.elements);
  glorot.offset = 0;
  ThreadPool one(1);
  initializeRegion({glorot}, 7, reinterpret_cast<std::byte *>(alone.data()),
                   one);
  EXPECT_EQ(std::memcmp(alone.data(), &values[he.elements], alone.size() * 4),
            0);
}

TEST(AlignedBuffer, RefusesImpossibleSizes) {
  auto buffer = AlignedBuffer::create(uint64_t{1} << 60, "arena");
  ASSERT_FALSE(buffer.ok());
  EXPECT_EQ(buffer.status().message(),
            "arena: cannot allocate 1152921504606846976 bytes: no processor "
            "addresses that much");
}

TEST(AlignedBuffer, CanariesOnBothSides) {
  for (uint64_t size : {1, 64, 5 << 20}) {
    auto buffer = AlignedBuffer::create(size, "test", true);
    ASSERT_TRUE(buffer.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % 64, 0u);
    EXPECT_TRUE(buffer->intact());
    buffer->data()[size - 1] = std::byte{1};
    EXPECT_TRUE(buffer->intact());
    std::byte &before = buffer->data()[-1], &after = buffer->data()[size];
    std::byte kept = before;
    before = std::byte{0};
    EXPECT_FALSE(buffer->intact());
    before = kept;
    after = std::byte{0};
    EXPECT_FALSE(buffer->intact());
  }
}

// The pages of a buffer that is gone serve the next one of about its size.
TEST(AlignedBuffer, StartsAsZerosInUsedPages) {
  for (const bool guards : {false, true}) {
    const std::byte *used = nullptr;
    {
      auto buffer = AlignedBuffer::create(700'000, "first", guards);
      ASSERT_TRUE(buffer.ok());
      std::memset(buffer->data(), 0x5a, buffer->size());
      used = buffer->data();
    }
    auto buffer = AlignedBuffer::create(600'000, "second", guards);
    ASSERT_TRUE(buffer.ok());
    EXPECT_EQ(buffer->data(), used);
    EXPECT_TRUE(buffer->intact());
    EXPECT_TRUE(
        std::all_of(buffer->data(), buffer->data() + buffer->size(),
                    [](std::byte byte) { return byte == std::byte{}; }));
  }
}

TEST(AlignedBuffer, KeepsFewPages) {
  const uint64_t before = residentBytes();
  {
    std::vector<AlignedBuffer> buffers;
    for (int i = 0; i < 16; ++i) {
      auto buffer = AlignedBuffer::create(3 << 20, "one of many");
      ASSERT_TRUE(buffer.ok());
      std::memset(buffer->data(), 1, buffer->size());
      buffers.push_back(std::move(*buffer));
    }
    EXPECT_GE(residentBytes(), before + (uint64_t{48} << 20));
  }
  EXPECT_LE(residentBytes(), before + 2 * AlignedBuffer::maxSpareBytes);
}

TEST(KernelObserver, FindsTheFirstValueThatIsNotFinite) {
  std::vector<float> values(5000, 1e38f);
  EXPECT_EQ(firstNonFinite(values.data(), values.size()), values.size());
  for (const size_t place : {size_t{4999}, size_t{2048}, size_t{1023}}) {
    values[place] = place % 2 ? std::numeric_limits<float>::quiet_NaN()
                              : -std::numeric_limits<float>::infinity();
    EXPECT_EQ(firstNonFinite(values.data(), values.size()), place);
    EXPECT_EQ(firstNonFinite(values.data(), place), place);
  }
}

TEST(AlignedBuffer, GivesWholePagesBack) {
  auto buffer = AlignedBuffer::create(uint64_t{5} << 20, "test");
  ASSERT_TRUE(buffer.ok());
  std::byte *data = buffer->data();
  std::memset(data, 7, buffer->size());
  // Pages 1 and 2: what surrounds them stays.
  EXPECT_EQ(releasePages(data + 100, data + 16383), 8192U);
  EXPECT_EQ(releasePages(data + 100, data + 4096), 0U);
  EXPECT_EQ(releasePages(data + 1, data + 2), 0U);
  for (uint64_t i = 0; i < buffer->size(); ++i)
    ASSERT_EQ(data[i], std::byte(i / 4096 == 1 || i / 4096 == 2 ? 0 : 7)) << i;
  data[4096] = std::byte{3};
  EXPECT_EQ(data[4096], std::byte{3});
}
