//===- WarpOps.cpp - Barriers, shuffles and votes -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

using namespace segc;

static void barrier(segc_emulator_thread *opaque, uint32_t number,
                    uint32_t threads, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  thread.block->waitAtBarrier(thread, number, threads, op);
}

static void warpBarrier(segc_emulator_thread *opaque, uint32_t lanes,
                        const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  block.together(thread, lanes, op, nullptr, [&](EmulatedThread *warp) {
    std::vector<uint32_t> some;
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
      if (lanes >> lane & 1)
        some.push_back(warp[lane].index);
    block.shared.order.order(some);
  });
}

namespace {

struct Shuffle {
  uint32_t value, offset, clamp, kind;
  uint32_t source = 0, result = 0;
  bool valid = false;

  /// Sets the lane that is read, by the rules of PTX's shfl.sync. A lane whose
  /// source is out of range reads itself.
  void findSource(uint32_t lane) {
    uint32_t segment = clamp >> 8 & 31, bound = clamp & 31, delta = offset & 31;
    uint32_t last = (lane & segment) | (bound & ~segment),
             first = lane & segment;
    switch (kind) {
    case SEGC_EMULATOR_SHUFFLE_UP:
      source = lane - delta;
      valid = lane >= last + delta;
      break;
    case SEGC_EMULATOR_SHUFFLE_DOWN:
      source = lane + delta;
      valid = source <= last;
      break;
    case SEGC_EMULATOR_SHUFFLE_BUTTERFLY:
      source = lane ^ delta;
      valid = source <= last;
      break;
    default:
      source = first | (delta & ~segment);
      valid = source <= last;
    }
    if (!valid)
      source = lane;
  }
};

} // namespace

static uint32_t shuffle(segc_emulator_thread *opaque, uint32_t lanes,
                        uint32_t value, uint32_t offset, uint32_t clamp,
                        uint32_t kind, uint32_t *valid, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Shuffle own = {value, offset, clamp, kind};
  thread.block->together(thread, lanes, op, &own, [&](EmulatedThread *warp) {
    auto partOf = [&](uint32_t lane) -> Shuffle & {
      return *static_cast<Shuffle *>(warp[lane].arguments);
    };
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane) {
      if (!(lanes >> lane & 1))
        continue;
      Shuffle &part = partOf(lane);
      part.findSource(lane);
      if (!(lanes >> part.source & 1))
        thread.block->fail(warp[lane], op, [&] {
          return "reads lane " + std::to_string(part.source) +
                 ", which takes no part";
        });
      part.result = partOf(part.source).value;
    }
  });
  if (valid)
    *valid = own.valid;
  return own.result;
}

static uint32_t vote(segc_emulator_thread *opaque, uint32_t lanes,
                     uint32_t predicate, uint32_t kind, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  uint32_t own = predicate & 1; // then the ballot
  thread.block->together(thread, lanes, op, &own, [&](EmulatedThread *warp) {
    uint32_t ballot = 0;
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
      if (lanes >> lane & 1)
        ballot |= *static_cast<uint32_t *>(warp[lane].arguments) << lane;
    for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
      if (lanes >> lane & 1)
        *static_cast<uint32_t *>(warp[lane].arguments) = ballot;
  });
  switch (kind) {
  case SEGC_EMULATOR_VOTE_ANY:
    return own != 0;
  case SEGC_EMULATOR_VOTE_ALL:
    return own == lanes;
  default:
    return own;
  }
}

// The elected lane depends on the schedule, as it is not known which it is.
static uint32_t elect(segc_emulator_thread *opaque, uint32_t lanes,
                      const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  block.together(thread, lanes, op, nullptr, [](EmulatedThread *) {});
  bool takesLast =
      block.options().schedule == EmulatorOptions::Schedule::Descending;
  uint32_t elected = 0;
  for (uint32_t lane = 0; lane < Block::warpThreads; ++lane)
    if (lanes >> lane & 1 && (takesLast || !(lanes << (31 - lane) << 1)))
      elected = lane;
  return thread.index % Block::warpThreads == elected;
}

void segc::addWarpFunctions(segc_emulator_functions &functions) {
  functions.barrier = barrier;
  functions.warp_barrier = warpBarrier;
  functions.shuffle = shuffle;
  functions.vote = vote;
  functions.elect = elect;
}
