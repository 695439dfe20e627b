//===- Block.cpp ----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Block.h"

#include "Cluster.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace segc;
using State = EmulatedThread::State;

//===----------------------------------------------------------------------===//
// Scheduling
//===----------------------------------------------------------------------===//

void Block::begin(const EmulatedLaunch &newLaunch, int64_t newNumber,
                  const EmulatorOptions &newOptions, Cluster &newCluster) {
  currentLaunch = &newLaunch;
  currentOptions = newOptions;
  currentCluster = &newCluster;
  failure = Status::success();
  makeMaps();
  reset(newNumber);
}

bool Block::hasEnded() const {
  return std::all_of(threads.begin(), threads.end(),
                     [](const EmulatedThread &thread) {
                       return thread.state == State::Ended;
                     });
}

Status Block::end() {
  global.end();
  if (!failure.ok())
    return failure;
  std::string wrong = hasEnded() ? describeUnfinished() : describeStandstill();
  if (!wrong.empty())
    failure = internalError("kernel " + std::string(launch().kernel) +
                            ", block " + std::to_string(number) + ": " + wrong);
  return failure;
}

void Block::makeMaps() {
  buffers.assign(launch().operands,
                 launch().operands + launch().operandBytes.size());
  maps.resize(launch().maps.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    TensorMap &map = maps[i];
    static_cast<segc_tensor_map &>(map) = launch().maps[i];
    map.address = static_cast<std::byte *>(buffers[map.operand]) + map.offset;
    if (map.sample_dimension < map.rank)
      map.sizes[map.sample_dimension] *= launch().batch;
    buffers.push_back(&map);
  }
}

void Block::reset(int64_t newNumber) {
  number = newNumber;
  uint32_t count = launch().threads;
  // Threads of a block that failed are left where they were.
  for (EmulatedThread &thread : threads)
    if (thread.stack)
      freeStacks.push_back(std::move(thread.stack));
  shared.begin(launch().sharedBytes, count);
  global.begin(currentOptions.counts);
  randomState = (currentOptions.seed + 1) * 0x9e3779b97f4a7c15u ^
                (static_cast<uint64_t>(number) + 1) * 0xbf58476d1ce4e5b9u;
  if (threads.size() != count) {
    threads = std::vector<EmulatedThread>(count);
    warpOrder.resize((count + warpThreads - 1) / warpThreads);
  }
  warps.assign(warpOrder.size(), Warp());
  barriers = {};
  mbarriers.clear();
  warpgroups.clear();
  warpgroups.resize(count / Warpgroup::threads);
  std::iota(warpOrder.begin(), warpOrder.end(), 0);
  if (currentOptions.schedule == EmulatorOptions::Schedule::Descending)
    std::reverse(warpOrder.begin(), warpOrder.end());
  for (uint32_t i = 0; i < count; ++i) {
    EmulatedThread &thread = threads[i];
    thread.functions = &emulatorFunctions();
    thread.shared = shared.data();
    thread.operand_bytes = launch().operandBytes.data();
    thread.blocks = launch().blocks;
    thread.first_task = launch().firstTask;
    thread.index = i;
    thread.threads = count;
    thread.shared_bytes = launch().sharedBytes;
    setObserved(thread, /*awaitsLaunch=*/launch().dependent);
    thread.block = this;
    thread.copies.clear();
    thread.copyGroups.clear();
    thread.tensorStores = {};
    thread.wgmma = {};
    thread.triesInVain = false;
    thread.hasArrivedAtCluster = false;
    setState(thread, State::Ready);
  }
}

/// Accesses to operands are told where they are noted, or not allowed yet.
void Block::setObserved(EmulatedThread &thread, bool awaitsLaunch) {
  thread.awaitsLaunch = awaitsLaunch;
  thread.observe_global =
      awaitsLaunch || global.areCounted() || launch().accesses;
}

void Block::setState(EmulatedThread &thread, State state) {
  Warp &warp = warps[thread.index / warpThreads];
  uint32_t lane = 1u << thread.index % warpThreads;
  warp.ready = state == State::Ready ? warp.ready | lane : warp.ready & ~lane;
  warp.atWarpOp =
      state == State::AtWarpOp ? warp.atWarpOp | lane : warp.atWarpOp & ~lane;
  thread.state = state;
}

/// A xorshift generator.
uint64_t Block::random(uint64_t below) {
  randomState ^= randomState << 13;
  randomState ^= randomState >> 7;
  randomState ^= randomState << 17;
  return (randomState >> 16) % below;
}

bool Block::runWarps() {
  bool isRandom = currentOptions.schedule == EmulatorOptions::Schedule::Random;
  if (isRandom)
    for (size_t i = warpOrder.size(); i > 1; --i)
      std::swap(warpOrder[i - 1], warpOrder[random(i)]);
  bool ran = false;
  for (uint32_t warp : warpOrder)
    while (failure.ok() && warps[warp].ready) {
      ran = true;
      runWarp(warp);
      if (isRandom && random(4) == 0)
        break;
    }
  return ran;
}

/// Lets each lane that can run go on to where it waits.
void Block::runWarp(uint32_t warp) {
  bool isRandom = currentOptions.schedule == EmulatorOptions::Schedule::Random;
  bool isDescending =
      currentOptions.schedule == EmulatorOptions::Schedule::Descending;
  // An odd factor permutes the lanes.
  uint32_t factor = isRandom ? 2 * random(16) + 1 : isDescending ? 31 : 1;
  uint32_t offset = isRandom ? random(32) : isDescending ? 31 : 0;
  for (uint32_t i = 0; i < warpThreads && failure.ok(); ++i) {
    uint32_t lane = (i * factor + offset) % warpThreads;
    if (warps[warp].ready >> lane & 1)
      runThread(threads[warp * warpThreads + lane]);
  }
}

void Block::runThread(EmulatedThread &thread) {
  if (!thread.stack) {
    if (freeStacks.empty())
      freeStacks.push_back(std::make_unique<FiberStack>());
    thread.stack = std::move(freeStacks.back());
    freeStacks.pop_back();
    thread.context.start(*thread.stack, enter, &thread);
  }
  scheduler.switchTo(thread.context);
  if (thread.state == State::Ended)
    freeStacks.push_back(std::move(thread.stack));
}

void Block::enter(void *argument) {
  FiberContext::begun();
  auto &thread = *static_cast<EmulatedThread *>(argument);
  Block &block = *thread.block;
  const EmulatedLaunch &launch = block.launch();
  segc_emulator_thread *interface = &thread;
  launch.function(block.buffers.data(), interface, launch.batch, block.number);
  block.leave(thread);
}

void Block::leave(EmulatedThread &thread) {
  setState(thread, State::Ended);
  abandon(thread);
}

/// Lets others run until somebody makes the thread ready.
void Block::stop(EmulatedThread &thread) { thread.context.switchTo(scheduler); }

void Block::setFailure(const EmulatedThread &thread, const char *op,
                       const std::string &what) {
  failure =
      internalError("kernel " + std::string(launch().kernel) + ", block " +
                    std::to_string(number) + ", thread " +
                    std::to_string(thread.index) + ": " + op + " " + what);
}

void Block::abandon(EmulatedThread &thread) {
  while (true)
    stop(thread);
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void Block::waitAtBarrier(EmulatedThread &thread, uint32_t number,
                          uint32_t count, const char *op) {
  uint32_t expected = count ? count : launch().threads;
  if (number >= barrierCount || expected > launch().threads ||
      (count && count % warpThreads))
    fail(thread, op, [&] {
      return "waits at barrier " + std::to_string(number) + " of " +
             std::to_string(expected) + " threads in a block of " +
             std::to_string(launch().threads);
    });
  Barrier &barrier = barriers[number];
  if (barrier.arrived && barrier.threads != expected)
    fail(thread, op, [&] {
      return "waits at barrier " + std::to_string(number) + " of " +
             std::to_string(expected) + " threads, at which others wait for " +
             std::to_string(barrier.threads);
    });
  barrier.threads = expected;
  if (++barrier.arrived < expected)
    return waitFor(thread, State::AtBarrier, number, op);
  thread.op = op;
  thread.place = number;
  setState(thread, State::AtBarrier);
  barrier.arrived = 0;
  auto waitsHere = [&](const EmulatedThread &other) {
    return other.state == State::AtBarrier && other.place == number;
  };
  const EmulatedThread *last = nullptr;
  for (EmulatedThread &other : threads) {
    if (!waitsHere(other))
      continue;
    if (last && last->index / warpThreads == other.index / warpThreads &&
        last->op != other.op)
      fail(other, other.op, [&] {
        return "is a divergent barrier: thread " + std::to_string(last->index) +
               " of the warp waits at " + last->op;
      });
    last = &other;
  }
  std::vector<uint32_t> arrived;
  for (EmulatedThread &other : threads)
    if (waitsHere(other)) {
      arrived.push_back(other.index);
      setState(other, State::Ready);
    }
  if (expected == launch().threads)
    shared.order.orderAll();
  else
    shared.order.order(arrived);
}

void Block::waitFor(EmulatedThread &thread, State state, uint32_t place,
                    const char *op) {
  thread.op = op;
  thread.place = place;
  setState(thread, state);
  stop(thread);
}

void Block::wakeWaiting(State state, uint32_t place) {
  for (EmulatedThread &thread : threads)
    if (thread.state == state && thread.place == place)
      setState(thread, State::Ready);
}

void Block::actFor(uint32_t agent, const EmulatedThread &thread) {
  actingFor = {};
  shared.order.release(thread.index, actingFor);
  shared.order.actFor(agent, actingFor);
}

/// Returns the threads of the warp if all lanes have arrived, otherwise null.
EmulatedThread *Block::arriveAtWarpOp(EmulatedThread &thread, uint32_t lanes,
                                      const char *op) {
  uint32_t lane = thread.index % warpThreads, first = thread.index - lane;
  if (!(lanes >> lane & 1))
    fail(thread, op, [&] { return "does not have its own lane in its mask"; });
  thread.op = op;
  thread.lanes = lanes;
  setState(thread, State::AtWarpOp);
  if ((warps[first / warpThreads].atWarpOp & lanes) != lanes)
    return nullptr;
  EmulatedThread *warp = &threads[first];
  for (uint32_t i = 0; i < warpThreads; ++i)
    if (lanes >> i & 1 && (warp[i].op != op || warp[i].lanes != lanes))
      fail(thread, op, [&] {
        return "is not what all lanes do: thread " + std::to_string(first + i) +
               " is at " + warp[i].op +
               (warp[i].op == op ? " with another mask" : "");
      });
  return warp;
}

void Block::releaseLanes(EmulatedThread *warp, uint32_t lanes) {
  for (uint32_t i = 0; i < warpThreads; ++i)
    if (lanes >> i & 1)
      setState(warp[i], State::Ready);
}

std::string Block::describeStandstill() {
  size_t ended = 0, waiting = 0;
  std::map<std::string, std::pair<size_t, uint32_t>> places;
  for (const EmulatedThread &thread : threads) {
    if (thread.state == State::Ended) {
      ++ended;
      continue;
    }
    waiting += thread.state == State::AtBarrier;
    auto [place, isNew] = places.try_emplace(thread.op, 0, thread.index);
    ++place->second.first;
  }
  bool onlyBarriers = waiting + ended == threads.size() && places.size() == 1;
  std::string text = onlyBarriers && ended ? "divergent barrier"
                                           : "deadlock: no thread can go on";
  const char *separator = ": ";
  for (const auto &[op, place] : places) {
    text += separator + std::to_string(place.first) + " threads wait at " + op +
            " (the first is thread " + std::to_string(place.second);
    const EmulatedThread &first = threads[place.second];
    if (first.state == State::AtMbarrier)
      text += "; " + mbarriers.find(first.place)->describeMissing();
    if (first.state == State::AtCluster)
      text += "; " + cluster().describeMissing();
    text += ")";
    separator = ", ";
  }
  if (ended)
    text += separator + std::to_string(ended) + " have ended";
  return text;
}

/// Returns what threads that have ended should have waited for.
std::string Block::describeUnfinished() const {
  if (shared.isReadByCluster())
    return "ends while another block of the cluster may still read its shared "
           "memory";
  if (const Mbarrier *mbarrier = mbarriers.unfinished())
    return "ends with a tensor copy that nobody has waited for: " +
           mbarrier->describeMissing();
  for (const EmulatedThread &thread : threads)
    if (thread.awaitsLaunch)
      return "thread " + std::to_string(thread.index) +
             " ends without a griddepcontrol.wait in a dependent launch";
  for (const EmulatedThread &thread : threads)
    if (thread.hasArrivedAtCluster)
      return "thread " + std::to_string(thread.index) +
             " ends without a wait for the cluster's barrier at which it has "
             "arrived";
  for (const EmulatedThread &thread : threads)
    if (!thread.tensorStores.stores.empty())
      return "thread " + std::to_string(thread.index) +
             " ends with a tensor store that it has not waited for";
  for (const Warpgroup &group : warpgroups)
    if (std::string text = segc::describeUnfinished(group); !text.empty())
      return "ends with " + text;
  return "";
}
