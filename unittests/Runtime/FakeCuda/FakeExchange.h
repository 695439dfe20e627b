//===- FakeExchange.h - Ranks that meet in shared memory --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKEEXCHANGE_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKEEXCHANGE_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fakenccl {

/// One collective. `of` combines values of all ranks: an ncclRedOp_t, or
/// `broadcast`, whose values are those of `root`. The result of a reduction is
/// that of `root`, or of all ranks.
struct Work {
  static constexpr int broadcast = -1, allRanks = -1;
  int of = broadcast, type = 0, root = allRanks;
  uint64_t count = 0;

  bool operator==(const Work &other) const {
    return of == other.of && type == other.type && root == other.root &&
           count == other.count;
  }
};

/// The memory in which the ranks of a communicator meet.
class Exchange {
public:
  static constexpr int maxRanks = 8;
  static constexpr uint64_t slotBytes = 1 << 20;

  /// Makes memory of a new name, which it returns.
  static std::string create();
  /// Takes part; null if there is no such memory.
  static Exchange *open(const std::string &name, int rank, int size);
  /// The memory itself stays until all ranks are gone.
  ~Exchange();

  /// Whether all ranks take part. Its name is then free.
  bool isComplete();
  /// The rank of a process that has ended, or -1.
  int lostRank() const;
  /// Goes as far as the other ranks allow; true when `data` has the result.
  /// `differs` becomes whether another rank does another collective.
  bool advance(const Work &work, void *data, bool &differs);

private:
  struct Shared;
  Exchange() = default;
  void combine(const Work &work, uint64_t count, void *data) const;

  Shared *shared = nullptr;
  std::string name;
  int rank = 0, size = 1;
  uint64_t parts = 0;    ///< that were exchanged
  uint64_t done = 0;     ///< values of the collective at hand
  bool isPosted = false; ///< the part at hand
};

} // namespace fakenccl

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKEEXCHANGE_H
