//===- Emulator.h - Blocks of an emulated GPU -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs a kernel for an emulated GPU (emulator.h), block by block, and checks
// what a GPU would not tell: accesses outside the operands, outside or ahead of
// the writes of shared memory, accesses of two threads without a barrier
// between, barriers that not all threads reach.

#ifndef SEGC_RUNTIME_EMULATOR_EMULATOR_H
#define SEGC_RUNTIME_EMULATOR_EMULATOR_H

#include "segc/Base/KernelCounts.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Emulator/LaunchAccesses.h"
#include "segc/model.h"

#include <vector>

namespace segc {

/// What a GPU leaves open: correct kernels compute the same in any case.
struct EmulatorOptions {
  /// Which of the threads that can run goes on.
  enum class Schedule { Ascending, Descending, Random };
  Schedule schedule = Schedule::Ascending;
  uint64_t seed = 0; ///< Of random schedules.
  /// Asynchronous copies are done when a thread waits for them; otherwise when
  /// they are issued.
  bool lateCopies = true;
  /// Where it is not null, what a block does is added to it.
  KernelCounts *counts = nullptr;
};

/// Returns the options that kernels are tested with: four schedules, with late
/// and with early copies.
const std::vector<EmulatorOptions> &emulatorTestOptions();

/// One launch of a kernel.
struct EmulatedLaunch {
  segc_kernel_fn function = nullptr;
  const char *kernel = ""; ///< Its name in reports.
  void *const *operands = nullptr;
  /// The bytes of each operand.
  std::vector<uint64_t> operandBytes;
  /// Kernels find these behind the operands, in a form of the emulator's own.
  std::vector<segc_tensor_map> maps;
  int64_t batch = 1, blocks = 1;
  int64_t firstTask = 0; ///< For kernels that ask (SEGC_LAUNCH_FIRST_TASK).
  uint32_t threads = 1, sharedBytes = 0;
  /// Launched before the kernel in front has ended (SEGC_LAUNCH_DEPENDENT): a
  /// thread that does not wait for it before it accesses operands is an error.
  bool dependent = false;
  /// Where it is not null, accesses of its blocks to global memory that
  /// conflict are errors.
  LaunchAccesses *accesses = nullptr;
};

/// Runs a block of the launch on the calling thread, the first of a cluster
/// with the others, whose own runs do nothing. The first fault ends it; the
/// error names the kernel, the block, the thread and the operation.
Status runEmulatedBlock(const EmulatedLaunch &launch, int64_t block,
                        const EmulatorOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_EMULATOR_EMULATOR_H
