//===- Emulator.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Emulator/Emulator.h"

#include "Cluster.h"

#include <new>

using namespace segc;

const segc_emulator_functions &segc::emulatorFunctions() {
  static const segc_emulator_functions functions = [] {
    segc_emulator_functions made = {};
    made.struct_size = sizeof(made);
    addAccessFunctions(made);
    addClusterFunctions(made);
    addWarpFunctions(made);
    addMatrixFunctions(made);
    addCopyFunctions(made);
    addMbarrierFunctions(made);
    addTensorCopyFunctions(made);
    addWgmmaFunctions(made);
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
  for (const segc_tensor_map &map : launch.maps)
    if (map.operand >= launch.operandBytes.size() || map.rank < 1 ||
        map.rank > SEGC_MAX_TENSOR_RANK)
      return invalidArgument("kernel " + std::string(launch.kernel) +
                             ": a tensor map of " + std::to_string(map.rank) +
                             " dimensions of operand " +
                             std::to_string(map.operand));
  try {
    // Stacks and shared memory are kept for the next block.
    static thread_local Cluster runner;
    return runner.run(launch, block, options);
  } catch (const std::bad_alloc &) {
    return ioError("kernel " + std::string(launch.kernel) +
                   ": no memory for the threads of a block");
  }
}
