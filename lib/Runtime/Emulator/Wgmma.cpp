//===- Wgmma.cpp - Products of tiles by warpgroups ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A thread that issues a product goes on; the product is issued when all
// threads of the warpgroup have come to it. An agent of the warpgroup reads the
// factors from then on until a wait ends. Results are NaNs with the number of
// the product, in place of the registers that wgmma still writes.

#include "Wgmma.h"

#include "Block.h"
#include "segc/Base/Floats.h"

#include <algorithm>

using namespace segc;
using State = EmulatedThread::State;

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

static constexpr uint32_t resultMark = 0xffc00000, resultMask = 0x003fffff;

/// Returns the number of the product that a value stands for; 0: none.
static uint32_t resultOf(const EmulatedThread &thread, float value) {
  uint32_t bits = bitsOf(value), number = bits & resultMask;
  bool isResult = (bits & resultMark) == resultMark;
  return isResult && number <= thread.wgmma.issued ? number : 0;
}

/// Returns which of the accumulators the thread has under a number.
static size_t placeOf(const EmulatedThread &thread, uint32_t number,
                      uint32_t columns) {
  uint32_t lane = thread.index % Warpgroup::threads,
           row = lane / 32 * 16 + lane % 32 / 4 + number / 2 % 2 * 8,
           column = number / 4 * 8 + lane % 4 * 2 + number % 2;
  return static_cast<size_t>(row) * columns + column;
}

static Warpgroup &warpgroupOf(EmulatedThread &thread, const char *op) {
  Block &block = *thread.block;
  uint32_t number = thread.index / Warpgroup::threads;
  if (number >= block.warpgroups.size())
    block.fail(thread, op, [&] {
      return "needs a warpgroup of 128 threads, but the block ends at thread " +
             std::to_string(block.launch().threads - 1);
    });
  return block.warpgroups[number];
}

//===----------------------------------------------------------------------===//
// Issue
//===----------------------------------------------------------------------===//

/// Returns what the thread issues with others, new if it is the first.
static Warpgroup::Issue &issueOf(EmulatedThread &thread, Warpgroup &group,
                                 bool isCommit, const WgmmaProduct &product) {
  Block &block = *thread.block;
  uint64_t position = thread.wgmma.issued++ - group.issued;
  if (position == group.issues.size()) {
    group.issues.emplace_back();
    Warpgroup::Issue &made = group.issues.back();
    made.isCommit = isCommit;
    made.product = product;
    made.firstThread = thread.index;
    return made;
  }
  Warpgroup::Issue &issue = group.issues[position];
  if (!issue.product.isSameAs(product))
    block.fail(thread, product.op, [&] {
      return "is not what all threads of the warpgroup do: thread " +
             std::to_string(issue.firstThread) + " is at " + issue.product.op +
             (issue.product.op == product.op ? " with other descriptors" : "");
    });
  return issue;
}

/// Reads a tile for the agent of the warpgroup.
static void readTile(EmulatedThread &thread, uint32_t agent,
                     const WgmmaProduct &product, const WgmmaTile &tile,
                     uint32_t rows) {
  constexpr uint32_t bytes = WgmmaTile::pieceBytes;
  Block &block = *thread.block;
  if (!tile.wrong().empty())
    block.fail(thread, product.op, [&] { return tile.wrong(); });
  tile.forPieces(
      rows, product.elementBytes(), [&](uint32_t at, uint32_t, uint32_t) {
        auto where = [&] {
          return "reads " + std::to_string(bytes) + " bytes at byte " +
                 std::to_string(at) + " of shared memory, ";
        };
        if (at + bytes > block.shared.size())
          block.fail(thread, product.op, [&] {
            return where() + "which has " + std::to_string(block.shared.size());
          });
        if (!block.shared.load(agent, at, bytes))
          block.fail(thread, product.op, [&] {
            return where() + block.shared.explain(agent, at, bytes,
                                                  /*isStore=*/false);
          });
      });
}

static void issueProduct(EmulatedThread &thread, Warpgroup &group,
                         const Warpgroup::Issue &issue, uint32_t number) {
  Block &block = *thread.block;
  const WgmmaProduct &product = issue.product;
  if (!group.agent)
    group.agent = block.shared.order.addAgent(
        "a wgmma of threads " +
        std::to_string(thread.index / Warpgroup::threads * Warpgroup::threads) +
        " and following");
  block.shared.order.actFor(group.agent, issue.threads);
  readTile(thread, group.agent, product, product.tileA(), wgmmaRows);
  readTile(thread, group.agent, product, product.tileB(), product.columns);
  if (KernelCounts *counts = block.options().counts) {
    counts->sharedBytesRead += uint64_t(wgmmaRows + product.columns) * 32;
    counts->tensorFlops +=
        uint64_t(2) * wgmmaRows * product.columns * product.depth();
  }
  product.accumulators->result = number;
  product.accumulators->group = group.committed;
  if (!block.options().lateCopies)
    product.run(block.shared.data());
  group.open.push_back(product);
}

/// Notes that the thread has come to what it issues with others.
static void arrive(EmulatedThread &thread, Warpgroup &group,
                   Warpgroup::Issue &issue, bool endsSegment) {
  constexpr size_t keptGroups = 64;
  Block &block = *thread.block;
  block.shared.order.release(thread.index, issue.threads, endsSegment);
  if (++issue.arrived < Warpgroup::threads)
    return;
  // Threads come to one after the other: it is the first.
  if (issue.isCommit) {
    group.groups.push_back({std::move(group.open), {}});
    group.open.clear();
    if (group.agent)
      block.shared.order.releaseAgent(group.agent, group.groups.back().reads);
    if (group.groups.size() > keptGroups)
      group.groups.pop_front();
    ++group.committed;
    block.wakeWaiting(State::AtWgmma, thread.index / Warpgroup::threads);
  } else {
    issueProduct(thread, group, issue, static_cast<uint32_t>(group.issued + 1));
  }
  group.issues.pop_front();
  ++group.issued;
}

/// Sets the accumulators of a product that the thread is the first to issue.
static void setAccumulators(EmulatedThread &thread, Warpgroup &group,
                            WgmmaProduct &product, uint32_t source) {
  constexpr size_t most = 64;
  product.source = source;
  if (!source) {
    product.accumulators = std::make_shared<WgmmaAccumulators>();
    product.accumulators->columns = product.columns;
    product.accumulators->sums.resize(size_t(wgmmaRows) * product.columns);
    group.accumulators.push_front(product.accumulators);
    if (group.accumulators.size() > most)
      group.accumulators.pop_back();
  } else {
    for (const auto &one : group.accumulators)
      if (one->newest == source && one->columns == product.columns)
        product.accumulators = one;
    if (!product.accumulators)
      thread.block->fail(thread, product.op, [&] {
        return "takes accumulators that another product has overwritten";
      });
  }
  product.accumulators->newest =
      static_cast<uint32_t>(thread.wgmma.issued) & resultMask;
}

static float wgmma(segc_emulator_thread *opaque, uint32_t type,
                   uint32_t columns, uint32_t flags, uint64_t a, uint64_t b,
                   const float *accumulators, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  Warpgroup &group = warpgroupOf(thread, op);
  bool isFromZero = flags & SEGC_EMULATOR_WGMMA_FROM_ZERO;
  uint32_t source = isFromZero ? 0 : resultOf(thread, accumulators[0]);
  if (source ? thread.wgmma.hasUsedRegisters : !thread.wgmma.isFenced)
    block.fail(thread, op, [&] {
      return "uses registers without a wgmma.fence after their last use";
    });
  Warpgroup::Issue &issue =
      issueOf(thread, group, /*isCommit=*/false,
              {op, type, columns, flags, a, b, nullptr, 0});
  WgmmaProduct &product = issue.product;
  if (issue.arrived == 0)
    setAccumulators(thread, group, product, source);
  if (source != product.source)
    block.fail(thread, op, [&] {
      return "takes other accumulators than thread " +
             std::to_string(issue.firstThread);
    });
  if (!source && !isFromZero)
    for (uint32_t i = 0; i < columns / 2; ++i)
      product.accumulators->sums[placeOf(thread, i, columns)] = accumulators[i];
  uint32_t number = static_cast<uint32_t>(thread.wgmma.issued) & resultMask;
  arrive(thread, group, issue, /*endsSegment=*/false);
  return floatOf(resultMark | number);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

static void commit(segc_emulator_thread *opaque, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Warpgroup &group = warpgroupOf(thread, op);
  Warpgroup::Issue &issue = issueOf(thread, group, /*isCommit=*/true,
                                    {op, 0, 0, 0, 0, 0, nullptr, 0});
  ++thread.wgmma.committed;
  arrive(thread, group, issue, /*endsSegment=*/true);
}

static void wait(segc_emulator_thread *opaque, uint32_t groups,
                 const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  Warpgroup &group = warpgroupOf(thread, op);
  WgmmaThread &own = thread.wgmma;
  if (own.committed <= own.finished + groups)
    return;
  own.finished = own.committed - groups;
  own.isFenced = false;
  while (group.committed < own.finished)
    block.waitFor(thread, State::AtWgmma, thread.index / Warpgroup::threads,
                  op);
  uint64_t first = group.committed - group.groups.size();
  for (uint64_t i = first; i < own.finished; ++i) {
    Warpgroup::Group &ended = group.groups[i - first];
    if (block.options().lateCopies)
      for (const WgmmaProduct &product : ended.products)
        product.run(block.shared.data());
    ended.products.clear();
  }
  block.shared.order.acquire(thread.index,
                             group.groups[own.finished - 1 - first].reads);
}

static float accumulator(segc_emulator_thread *opaque, float value,
                         uint32_t number, const char *op) {
  EmulatedThread &thread = emulated(opaque);
  Block &block = *thread.block;
  uint32_t result = resultOf(thread, value);
  if (!result)
    return value;
  Warpgroup &group = warpgroupOf(thread, op);
  bool isIssued = false;
  for (const auto &one : group.accumulators) {
    isIssued |= one->newest == result;
    if (one->result != result || one->group >= thread.wgmma.finished) {
      isIssued |= one->result == result;
      continue;
    }
    thread.wgmma.hasUsedRegisters = true;
    thread.wgmma.isFenced = false;
    return one->sums[placeOf(thread, number, one->columns)];
  }
  block.fail(thread, op, [&] {
    return std::string("reads an accumulator of a wgmma, which ") +
           (isIssued ? "has not been waited for"
                     : "another product has overwritten");
  });
}

std::string segc::describeUnfinished(const Warpgroup &group) {
  auto ofProduct = [](const WgmmaProduct &product) {
    return std::string(product.op) + ", which nobody has waited for";
  };
  if (!group.issues.empty())
    return std::string(group.issues.front().product.op) +
           ", which not all threads of the warpgroup have issued";
  for (const Warpgroup::Group &one : group.groups)
    if (!one.products.empty())
      return ofProduct(one.products.front());
  return group.open.empty() ? "" : ofProduct(group.open.front());
}

void segc::addWgmmaFunctions(segc_emulator_functions &functions) {
  functions.wgmma = wgmma;
  functions.commit_wgmma = commit;
  functions.wait_wgmma = wait;
  functions.wgmma_accumulator = accumulator;
}
