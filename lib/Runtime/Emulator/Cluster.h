//===- Cluster.h - Blocks that run at the same time -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_CLUSTER_H
#define SEGC_LIB_RUNTIME_EMULATOR_CLUSTER_H

#include "Block.h"

namespace segc {

/// Runs a block, or those of its cluster by turns, on one thread of the host.
/// A kernel says at its begin how many blocks a cluster has. The first of them
/// stands for all: a run of another one does nothing, unless it is counted.
class Cluster {
public:
  static constexpr uint32_t maxBlocks = 8;

  Status run(const EmulatedLaunch &launch, int64_t block,
             const EmulatorOptions &options);

  void enter(EmulatedThread &thread, uint32_t blocks, const char *op);
  void arrive(EmulatedThread &thread, const char *op);
  void wait(EmulatedThread &thread, const char *op);
  std::byte *map(EmulatedThread &thread, const void *address, uint32_t block,
                 const char *op);
  void checkAccess(EmulatedThread &thread, const void *address, uint32_t bytes,
                   uint32_t alignment, bool isStore, const char *op);
  /// What the barrier of the cluster waits for.
  std::string describeMissing() const;

private:
  /// Begins the blocks beside the first. Returns whether there was memory.
  bool beginOthers(EmulatedThread &thread);
  bool runBlocks();
  void endBarrier();
  uint32_t rankOf(const Block &block) const;
  /// The block whose shared memory has the address; null if there is none.
  Block *blockAt(const void *address);

  /// The first `size` take part, by rank, from that of the first on.
  std::vector<std::unique_ptr<Block>> blocks;
  uint32_t size = 1;
  uint32_t arrived = 0, barrier = 0; ///< Threads; barriers that have ended.
  /// Of each block: what its threads release before a barrier, and did before
  /// the last.
  std::array<ThreadOrder::Release, maxBlocks> released, completed;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_CLUSTER_H
