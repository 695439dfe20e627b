//===- Emulator.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Emulator/Emulator.h"

#include "Block.h"

#include <new>

using namespace segc;

static void accessShared(segc_emulator_thread *opaque, const void *address,
                         uint32_t bytes, uint32_t alignment, uint32_t access,
                         const char *op) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->checkShared(thread, address, bytes, alignment,
                            access == SEGC_EMULATOR_STORE, op);
}

static void accessGlobal(segc_emulator_thread *opaque, const void *address,
                         uint32_t bytes, uint32_t alignment, uint32_t access,
                         uint32_t operand, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->checkGlobal(thread, address, bytes, alignment,
                            access == SEGC_EMULATOR_STORE, operand, op);
}

const segc_emulator_functions &segc::emulatorFunctions() {
  static const segc_emulator_functions functions = [] {
    segc_emulator_functions made = {};
    made.struct_size = sizeof(made);
    made.access_shared = accessShared;
    made.access_global = accessGlobal;
    addWarpFunctions(made);
    addMatrixFunctions(made);
    addCopyFunctions(made);
    return made;
  }();
  return functions;
}

const std::vector<EmulatorOptions> &segc::emulatorTestOptions() {
  using Schedule = EmulatorOptions::Schedule;
  static const std::vector<EmulatorOptions> options = [] {
    std::vector<EmulatorOptions> all;
    for (bool late : {true, false}) {
      all.push_back({Schedule::Ascending, 0, late});
      all.push_back({Schedule::Descending, 0, late});
      all.push_back({Schedule::Random, 1, late});
      all.push_back({Schedule::Random, 2, late});
    }
    return all;
  }();
  return options;
}

Status segc::runEmulatedBlock(const EmulatedLaunch &launch, int64_t block,
                              const EmulatorOptions &options) {
  constexpr uint32_t largestBlock = 1024;
  auto refuse = [&](const std::string &what, uint32_t most, uint32_t actual) {
    return invalidArgument("kernel " + std::string(launch.kernel) +
                           ": expected at most " + std::to_string(most) + " " +
                           what + ", got " + std::to_string(actual));
  };
  if (launch.threads == 0 || launch.threads > largestBlock)
    return refuse("threads, and one at least", largestBlock, launch.threads);
  if (launch.sharedBytes > SharedMemory::largestBytes)
    return refuse("bytes of shared memory", SharedMemory::largestBytes,
                  launch.sharedBytes);
  try {
    // Stacks and shared memory are kept for the next block.
    static thread_local Block runner;
    return runner.run(launch, block, options);
  } catch (const std::bad_alloc &) {
    return ioError("kernel " + std::string(launch.kernel) +
                   ": no memory for the threads of a block");
  }
}
