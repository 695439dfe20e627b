//===- ThreadSliceTest.cpp - How soon a thread runs that wakes up ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/ThreadSlice.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

using namespace segc;

/// The slice of the calling thread, in nanoseconds; 0 on systems that do not
/// say.
static uint64_t slice() {
  uint64_t attributes[6] = {}; // struct sched_attr: the runtime is the fourth.
  ::syscall(SYS_sched_getattr, 0, attributes, sizeof(attributes), 0);
  return attributes[3];
}

// The slice is that of the thread alone; its policy and its part of the core
// stay as they are.
TEST(ThreadSlice, OfTheThreadThatAsks) {
  const uint64_t before = slice();
  const int nice = ::getpriority(PRIO_PROCESS, 0);
  std::thread thread([&] {
    EXPECT_TRUE(requestShortSlices());
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
    if (before)
      EXPECT_EQ(slice(), 100'000u);
  });
  thread.join();
  EXPECT_EQ(slice(), before);
}

TEST(ThreadSlice, OtherPoliciesStay) {
  std::thread thread([] {
    const sched_param none = {};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_BATCH, &none), 0);
    EXPECT_FALSE(requestShortSlices());
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
  });
  thread.join();
}
