//===- SharedMemory.h - Checked shared memory of a block --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H
#define SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace segc {

/// The shared memory of a block, and who accessed each byte of it last.
///
/// The time of a thread is divided into segments by the operations that order
/// it after other threads. A barrier of the whole block begins an epoch: what
/// was accessed before is ordered before everything later. Within an epoch a
/// thread knows the segments of others that came before, by the barriers of
/// parts of the block. Segments have numbers that grow from block to block, so
/// that a byte's last access is one number, and that of an earlier block is
/// known to be none.
class SharedMemory {
public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;

  static constexpr uint32_t largestBytes = 228 << 10;

  /// Begins a block. All bytes are NaNs that nobody has written.
  void begin(uint32_t bytes, uint32_t threads);
  std::byte *data() const { return memory; }
  uint32_t size() const { return bytes; }

  /// Orders what the threads did before what they do later: all of the block,
  /// or some.
  void orderAll();
  void order(const std::vector<uint32_t> &some);

  // Each notes an access to bytes within the memory, and returns false if it
  // has an error, which explain() describes: "which ...".
  bool load(uint32_t thread, uint32_t at, uint32_t count);
  bool store(uint32_t thread, uint32_t at, uint32_t count);
  std::string explain(uint32_t thread, uint32_t at, uint32_t count,
                      bool isStore) const;

  /// From here to the end of an asynchronous copy no thread may access its
  /// bytes. The caller has called store().
  void beginCopy(uint32_t thread, uint32_t at, uint32_t count);
  void endCopy(uint32_t thread, uint32_t at, uint32_t count);

private:
  /// Number of a segment. Signed, since processors compare these faster.
  using Stamp = int32_t;
  struct Segment {
    uint32_t thread, clock;
  };
  /// Number of the last known segment of each thread in this epoch.
  using Clocks = std::vector<uint32_t>;
  void beginEpoch();
  bool isBefore(Stamp segment, uint32_t thread) const;
  std::string explainByte(uint32_t thread, uint32_t at, bool isStore) const;

  std::byte *mapped = nullptr, *memory = nullptr;
  uint32_t bytes = 0, threads = 0;
  uint64_t copiedBytes = 0; ///< Of the copies that are under way.
  /// Of each byte: the segment of the last store, and of the last load.
  std::vector<Stamp> writers, readers;

  Stamp firstOfBlock = 1, firstOfEpoch = 1, nextSegment = 1;
  Stamp several = 0; ///< Segment that stands for loads by several threads.
  std::vector<Segment> segments; ///< Of this epoch.
  std::vector<Stamp> current;    ///< Segment of each thread.
  std::vector<uint32_t> clocks;
  std::vector<std::shared_ptr<const Clocks>> known; ///< Null: nothing.
  bool partlyOrdered = false; ///< Whether order() was called in this epoch.
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H
