//===- ThreadOrder.h - What comes before what in a block --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_EMULATOR_THREADORDER_H
#define SEGC_LIB_RUNTIME_EMULATOR_THREADORDER_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace segc {

/// The order of what the actors of a block do (happens before), by vector
/// clocks. Actors are its threads and, with numbers behind theirs, agents,
/// which access memory on behalf of threads but later: tensor copies, wgmma.
///
/// The time of an actor is divided into segments by the operations that order
/// it. A barrier of the whole block begins an epoch: what was accessed before
/// is ordered before everything later, unless an agent may still be at it.
/// Within an epoch an actor knows the segments of others that came before.
/// Segments have numbers that grow from block to block, so that a byte's last
/// access is one number, and that of an earlier block is known to be none.
class ThreadOrder {
public:
  /// Number of a segment. Signed, since processors compare these faster.
  using Stamp = int32_t;

  /// What actors have done and known up to some time.
  class Release {
    friend class ThreadOrder;
    std::shared_ptr<std::vector<uint32_t>> clocks;
    /// Known clocks that were joined last.
    std::shared_ptr<const std::vector<uint32_t>> joined;
    uint64_t epoch = 0;
  };

  /// Begins a block. Returns whether the numbers of segments begin again.
  bool begin(uint32_t newThreads);
  /// Adds an agent, whose name reports use.
  uint32_t addAgent(std::string name);
  /// Adds the actor that stands for other blocks of a cluster. Barriers of the
  /// block order nothing for it, and begin no epoch from here on.
  uint32_t addOtherBlocks();
  bool isAgent(uint32_t actor) const { return actor >= threads; }
  bool hasAgents() const { return !agents.empty(); }

  Stamp segmentOf(uint32_t actor) const { return current[actor]; }
  Stamp firstSegmentOfBlock() const { return firstOfBlock; }
  Stamp firstSegmentOfEpoch() const { return firstOfEpoch; }
  /// Stands for loads by several threads, of which one is not known.
  Stamp several() const { return firstOfEpoch + static_cast<Stamp>(threads); }

  /// Orders what the threads did before what they do later: all of the block,
  /// or some.
  void orderAll();
  void order(const std::vector<uint32_t> &some);
  /// Adds to the release what a thread has done and knows. What it does later
  /// is not part of it, if its segment ends here.
  void release(uint32_t thread, Release &into, bool endsSegment = true);
  /// Adds what an agent has done, but not what it knows.
  void releaseAgent(uint32_t agent, Release &into);
  /// The actor knows the release from now on.
  void acquire(uint32_t actor, const Release &from);
  /// An agent begins to act on behalf of threads: it knows what they know.
  void actFor(uint32_t agent, const Release &threads);

  /// Returns whether a segment, or all that it stands for, is ordered before
  /// what the actor does now.
  bool isBefore(Stamp segment, uint32_t actor) const;
  /// Returns what stands for the last loads of a byte once the actor loads it
  /// as well.
  Stamp addReader(Stamp readers, uint32_t actor);
  /// Returns who did something in the segment that is not ordered before what
  /// the actor does: "which thread 3 has read without a barrier between".
  std::string explain(Stamp segment, uint32_t actor, const char *did) const;
  bool isPartlyOrdered() const { return partlyOrdered; }

  /// What the thread has written is from now on visible to agents.
  void fenceProxy(uint32_t thread);
  bool isVisibleToAgents(Stamp segment) const;
  uint32_t actorOf(Stamp segment) const { return lookup(segment).actor; }

private:
  struct Segment {
    uint32_t actor, clock;
  };
  /// Number of the last known segment of each actor in this epoch; those that
  /// are missing are 0.
  using Clocks = std::vector<uint32_t>;
  struct Epoch {
    Stamp first;
    size_t firstExtra; ///< Of its segments behind those that it begins with.
  };
  /// The actor of a segment that stands for several.
  static constexpr uint32_t setOfSegments = 0xffffffff;

  void beginEpoch();
  void beginSegment(uint32_t actor);
  Stamp append(Segment segment);
  Segment lookup(Stamp stamp) const;
  bool knows(uint32_t actor, Segment other) const;
  void join(const std::shared_ptr<const Clocks> &from, Release &into);

  uint32_t threads = 0;
  std::vector<std::string> agents;
  Stamp firstOfBlock = 1, firstOfEpoch = 1, nextSegment = 1;
  uint64_t epochNumber = 0;
  std::vector<Epoch> epochs;   ///< Of the block.
  std::vector<Segment> extras; ///< Of the block.
  // Of each actor.
  std::vector<Stamp> current;
  std::vector<uint32_t> clocks, lastUsed;
  std::vector<std::shared_ptr<const Clocks>> known; ///< Null: nothing.
  std::vector<Stamp> visible; ///< Up to where a thread's writes are.
  bool hasOtherBlocks = false;
  bool partlyOrdered = false; ///< Whether parts were ordered in this epoch.

  // Sets of segments that have read the same byte, of this epoch.
  std::vector<std::vector<Stamp>> sets;
  std::unordered_map<uint64_t, Stamp> unions;
  /// The last acquisitions: many threads learn the same, and those that know
  /// the same share it.
  struct Acquisition {
    std::shared_ptr<const Clocks> before, from, after;
  };
  std::array<Acquisition, 8> acquisitions;
  size_t nextAcquisition = 0;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_EMULATOR_THREADORDER_H
