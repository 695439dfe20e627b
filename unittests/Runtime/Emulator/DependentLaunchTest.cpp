//===- DependentLaunchTest.cpp - Waits for the kernel in front ------------===//
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

namespace {

enum class Fault { None, LoadBefore, StoreBefore, CopyBefore, NoWait };

} // namespace

/// Copies a number for each thread. Thread 5 makes the fault.
template <Fault fault>
static void copyNumbers(void *const *buffers, void *scratch, int64_t, int64_t) {
  Gpu gpu(scratch);
  const uint32_t thread = gpu.thread();
  const auto *from = static_cast<const float *>(buffers[0]) + thread;
  auto *to = static_cast<float *>(buffers[1]) + thread;
  auto access = [&](const void *address, segc_emulator_access kind,
                    const char *op) {
    if (gpu.self->observe_global)
      gpu.self->functions->access_global(gpu.self, address, 4, 4, kind,
                                         kind == SEGC_EMULATOR_STORE, op);
  };
  gpu.store(thread, 0);
  if (thread == 5 && fault == Fault::LoadBefore)
    access(from, SEGC_EMULATOR_LOAD, "early");
  if (thread == 5 && fault == Fault::StoreBefore)
    access(to, SEGC_EMULATOR_STORE, "early");
  if (thread == 5 && fault == Fault::CopyBefore)
    gpu.copy(thread, from);
  if (thread == 5 && fault == Fault::NoWait)
    return;
  gpu.waitForLaunch();
  access(from, SEGC_EMULATOR_LOAD, "load");
  access(to, SEGC_EMULATOR_STORE, "store");
  *to = *from;
}

/// The errors of a launch that is dependent, or not.
static std::vector<std::string> errorsOf(segc_kernel_fn kernel,
                                         bool dependent) {
  Emulated run(kernel);
  run.launch.dependent = dependent;
  std::vector<std::string> errors = run.errors();
  if (errors.front().empty())
    EXPECT_EQ(run.out[63], run.in[63]);
  return errors;
}

namespace {

TEST(DependentLaunch, GoesOnBehindTheWait) {
  EXPECT_THAT(errorsOf(copyNumbers<Fault::None>, true), Each(""));
  EXPECT_THAT(errorsOf(copyNumbers<Fault::None>, false), Each(""));
}

TEST(DependentLaunch, AccessesBeforeTheWaitAreErrors) {
  const std::string what = " accesses global memory before a "
                           "griddepcontrol.wait in a dependent launch";
  for (segc_kernel_fn kernel :
       {copyNumbers<Fault::LoadBefore>, copyNumbers<Fault::StoreBefore>})
    EXPECT_THAT(errorsOf(kernel, true),
                Each("kernel k, block 0, thread 5: early" + what));
  EXPECT_THAT(errorsOf(copyNumbers<Fault::CopyBefore>, true),
              Each("kernel k, block 0, thread 5: copy" + what));
  // Others have ended what was in front.
  EXPECT_THAT(errorsOf(copyNumbers<Fault::LoadBefore>, false), Each(""));
}

TEST(DependentLaunch, EveryThreadWaits) {
  EXPECT_THAT(errorsOf(copyNumbers<Fault::NoWait>, true),
              Each("kernel k, block 0: thread 5 ends without a "
                   "griddepcontrol.wait in a dependent launch"));
  EXPECT_THAT(errorsOf(copyNumbers<Fault::NoWait>, false), Each(""));
}

} // namespace
