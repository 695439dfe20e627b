//===- SharedMemory.h - Checked shared memory of a block --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H
#define SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H

#include "ThreadOrder.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// The shared memory of a block, and who accessed each byte of it last.
class SharedMemory {
public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;
  SharedMemory &operator=(const SharedMemory &) = delete;

  static constexpr uint32_t largestBytes = 228 << 10;

  /// Begins a block. All bytes are NaNs that nobody has written.
  void begin(uint32_t bytes, uint32_t threads);
  /// Other blocks of a cluster may read it, all of them as one actor.
  void beginCluster();
  /// Notes a load of another block, as load() does. Nothing is known of what
  /// blocks have done before but for barriers of the cluster.
  bool loadOfCluster(uint32_t at, uint32_t count);
  std::string explainLoadOfCluster(uint32_t at, uint32_t count) const;
  /// A barrier of the cluster, at which the threads have released `threads`:
  /// the other blocks know what came before, and the release what they read.
  void orderCluster(ThreadOrder::Release &threads);
  /// Whether others have read it since the last barrier of the cluster.
  bool isReadByCluster() const { return readByCluster; }
  std::byte *data() const { return memory; }
  uint32_t size() const { return bytes; }
  ThreadOrder order;

  // Each notes an access of a thread or an agent to bytes within the memory,
  // and returns false if it has an error, which explain() describes: "which
  // ...".
  bool load(uint32_t actor, uint32_t at, uint32_t count);
  bool store(uint32_t actor, uint32_t at, uint32_t count);
  std::string explain(uint32_t actor, uint32_t at, uint32_t count,
                      bool isStore) const;

  /// From here to the end of an asynchronous copy no thread may access its
  /// bytes. The caller has called store().
  void beginCopy(uint32_t thread, uint32_t at, uint32_t count);
  void endCopy(uint32_t thread, uint32_t at, uint32_t count);

private:
  using Stamp = ThreadOrder::Stamp;
  bool loadExactly(uint32_t actor, uint32_t at, uint32_t count);
  bool storeExactly(uint32_t actor, uint32_t at, uint32_t count);
  bool mayFollowWriter(Stamp writer, uint32_t actor, bool isStore) const;
  bool mayFollowReaders(Stamp readers, uint32_t actor) const;
  std::string explainByte(uint32_t actor, uint32_t at, bool isStore) const;

  std::byte *mapped = nullptr, *memory = nullptr;
  uint32_t bytes = 0;
  uint32_t otherBlocks = 0; ///< The actor; 0: there are none.
  bool readByCluster = false;
  uint64_t copiedBytes = 0; ///< Of the copies that are under way.
  /// Of each byte: the segment of the last store, and of the last load.
  std::vector<Stamp> writers, readers;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_SHAREDMEMORY_H
