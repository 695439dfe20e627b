//===- ThreadSlice.cpp - How soon a thread runs that wakes up -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/ThreadSlice.h"

#include <cerrno>
#include <cstdint>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {
/// The first version of the kernel's `struct sched_attr`, of which the C
/// library has no declaration that all of its versions share.
struct Attributes {
  uint32_t size = sizeof(Attributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0; ///< Nanoseconds.
};
static_assert(sizeof(Attributes) == 48);
} // namespace

/// The shortest one that the kernel takes.
static constexpr uint64_t sliceNanoseconds = 100'000;

bool segc::requestShortSlices() {
  // Other policies are somebody's choice.
  if (::sched_getscheduler(0) != SCHED_OTHER)
    return false;
  Attributes attributes;
  attributes.runtime = sliceNanoseconds;
  errno = 0;
  attributes.nice = ::getpriority(PRIO_PROCESS, 0);
  return errno == 0 && ::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}
