//===- LaunchAccesses.h - Who accessed memory in a launch -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_EMULATOR_LAUNCHACCESSES_H
#define SEGC_RUNTIME_EMULATOR_LAUNCHACCESSES_H

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace segc {

class ThreadOrder;

/// Who accessed each byte of global memory last, of all blocks of a launch.
/// Blocks have no order; the threads of one have that of their barriers. It
/// takes 24 bytes for each that is accessed.
class LaunchAccesses {
public:
  /// An earlier access that conflicts with the one that is noted.
  struct Conflict {
    bool exists = false, isStore = false;
    int64_t block = 0;
    int32_t segment = 0; ///< Of the same block's order.
  };

  /// Forgets all accesses.
  void beginLaunch();
  /// Notes an access of a thread of a block.
  Conflict note(const ThreadOrder &order, int64_t block, uint32_t thread,
                const void *address, uint64_t bytes, bool isStore);

private:
  struct Byte {
    int32_t writerBlock = -1, readerBlock = -1; ///< -1: none.
    int32_t writer = 0, reader = 0;             ///< Segments of these blocks.
    int32_t otherReaderBlock = -1;
  };
  static constexpr uint64_t pageBytes = 1024;
  using Page = std::array<Byte, pageBytes>;

  std::mutex mutex; ///< Blocks of a launch may run on several threads.
  std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
};

} // namespace segc

#endif // SEGC_RUNTIME_EMULATOR_LAUNCHACCESSES_H
