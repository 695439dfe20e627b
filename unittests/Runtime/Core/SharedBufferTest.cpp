//===- SharedBufferTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/SharedBuffer.h"

#include "gmock/gmock.h"

#include <array>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace segc;
using testing::HasSubstr;

// Two mappings are the same memory, which stays while one of them does.
TEST(SharedBuffer, MappingsAreTheSameMemory) {
  StatusOr<SharedBuffer> own = SharedBuffer::create(10000, "test");
  ASSERT_TRUE(own.ok()) << own.status().message();
  EXPECT_EQ(own->size(), 10000U);
  StatusOr<SharedBuffer> other = SharedBuffer::map(own->place());
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_NE(own->data(), other->data());
  EXPECT_EQ(other->data()[9999], std::byte{0});
  own->data()[9999] = std::byte{7};
  EXPECT_EQ(other->data()[9999], std::byte{7});
  own = SharedBuffer();
  EXPECT_EQ(other->data()[9999], std::byte{7});
}

TEST(SharedBuffer, SizeIsFixed) {
  StatusOr<SharedBuffer> own = SharedBuffer::create(10000, "test");
  ASSERT_TRUE(own.ok());
  EXPECT_NE(::ftruncate(own->place().descriptor, 4096), 0);
  EXPECT_NE(::ftruncate(own->place().descriptor, 20000), 0);
}

TEST(SharedBuffer, LackOfMemoryIsAnError) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  const rlimit addresses = {rlim_t{1} << 39, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &addresses), 0);
  for (const uint64_t bytes : {uint64_t{1} << 40, uint64_t{1} << 50}) {
    const StatusOr<SharedBuffer> none = SharedBuffer::create(bytes, "test");
    EXPECT_EQ(none.status().code(), StatusCode::IoError);
    EXPECT_THAT(none.status().message(), HasSubstr("test: cannot allocate"));
  }
  ::setrlimit(RLIMIT_AS, &before);
}

// What another process names may be anything.
TEST(SharedBuffer, OtherThingsAreNotMapped) {
  const auto refusal = [](const SharedBuffer::Place &place) {
    return SharedBuffer::map(place).status().message();
  };
  StatusOr<SharedBuffer> own = SharedBuffer::create(10000, "test");
  ASSERT_TRUE(own.ok());
  SharedBuffer::Place place = own->place();
  place.bytes = 20000;
  EXPECT_THAT(refusal(place), HasSubstr("has 10000 bytes, expected 20000"));
  place.descriptor = 1 << 20;
  EXPECT_THAT(refusal(place), HasSubstr("No such file"));
  std::array<int, 2> pipe = {};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  place.descriptor = pipe[0];
  EXPECT_THAT(refusal(place), HasSubstr("no shared memory"));
  const int unsealed = ::memfd_create("test", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(unsealed, 20000), 0);
  place.descriptor = unsealed;
  EXPECT_THAT(refusal(place), HasSubstr("no shared memory of a fixed size"));
  for (const int descriptor : {pipe[0], pipe[1], unsealed})
    ::close(descriptor);
}
