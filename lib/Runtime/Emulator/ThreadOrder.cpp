//===- ThreadOrder.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ThreadOrder.h"

#include <algorithm>

using namespace segc;

//===----------------------------------------------------------------------===//
// Segments
//===----------------------------------------------------------------------===//

bool ThreadOrder::begin(uint32_t newThreads) {
  threads = newThreads;
  agents.clear();
  hasOtherBlocks = false;
  epochs.clear();
  extras.clear();
  visible.assign(threads, 0);
  current.resize(threads);
  lastUsed.resize(threads);
  // A block does not need more than half of the numbers.
  constexpr Stamp half = 1 << 29;
  bool restarts = nextSegment > half;
  if (restarts)
    nextSegment = 1;
  firstOfBlock = nextSegment;
  beginEpoch();
  return restarts;
}

uint32_t ThreadOrder::addAgent(std::string name) {
  auto agent = static_cast<uint32_t>(current.size());
  agents.push_back(std::move(name));
  current.push_back(append({agent, 1}));
  clocks.push_back(1);
  lastUsed.push_back(0);
  known.emplace_back();
  return agent;
}

uint32_t ThreadOrder::addOtherBlocks() {
  hasOtherBlocks = true;
  return addAgent("another block of the cluster");
}

void ThreadOrder::beginEpoch() {
  ++epochNumber;
  firstOfEpoch = nextSegment;
  epochs.push_back({firstOfEpoch, extras.size()});
  for (uint32_t thread = 0; thread < threads; ++thread)
    current[thread] = firstOfEpoch + static_cast<Stamp>(thread);
  nextSegment = several() + 1;
  size_t actors = threads + agents.size();
  clocks.assign(actors, 1);
  known.assign(actors, nullptr);
  for (uint32_t agent = threads; agent < actors; ++agent) {
    current[agent] = append({agent, 1});
    lastUsed[agent] = 0;
  }
  partlyOrdered = false;
  sets.clear();
  unions.clear();
  acquisitions = {};
}

ThreadOrder::Stamp ThreadOrder::append(Segment segment) {
  extras.push_back(segment);
  return nextSegment++;
}

void ThreadOrder::beginSegment(uint32_t actor) {
  current[actor] = append({actor, ++clocks[actor]});
}

ThreadOrder::Segment ThreadOrder::lookup(Stamp stamp) const {
  const Epoch *epoch = &epochs.back();
  if (stamp < epoch->first)
    epoch = &*std::prev(std::upper_bound(
        epochs.begin(), epochs.end(), stamp,
        [](Stamp a, const Epoch &other) { return a < other.first; }));
  auto offset = static_cast<uint32_t>(stamp - epoch->first);
  if (offset < threads)
    return {offset, 1};
  return extras[epoch->firstExtra + offset - threads - 1];
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

void ThreadOrder::join(const std::shared_ptr<const Clocks> &from,
                       Release &into) {
  if (!into.clocks || into.epoch != epochNumber) {
    into.clocks = std::make_shared<Clocks>(current.size());
    into.joined = nullptr;
    into.epoch = epochNumber;
  } else if (into.clocks.use_count() > 1) { // somebody knows these
    into.clocks = std::make_shared<Clocks>(*into.clocks);
  }
  Clocks &to = *into.clocks;
  if (to.size() < current.size())
    to.resize(current.size());
  if (!from || into.joined == from)
    return;
  into.joined = from;
  for (size_t i = 0; i < from->size(); ++i)
    to[i] = std::max(to[i], (*from)[i]);
}

void ThreadOrder::release(uint32_t thread, Release &into, bool endsSegment) {
  join(known[thread], into);
  (*into.clocks)[thread] = clocks[thread];
  if (endsSegment)
    beginSegment(thread);
}

void ThreadOrder::releaseAgent(uint32_t agent, Release &into) {
  join(nullptr, into);
  (*into.clocks)[agent] = clocks[agent];
  beginSegment(agent);
}

void ThreadOrder::acquire(uint32_t actor, const Release &from) {
  std::shared_ptr<const Clocks> &own = known[actor];
  if (!from.clocks || from.epoch != epochNumber || own == from.clocks)
    return; // of an earlier epoch: everybody knows it
  partlyOrdered = true;
  if (!own) {
    own = from.clocks;
    return;
  }
  for (const Acquisition &same : acquisitions)
    if (same.before == own && same.from == from.clocks) {
      own = same.after;
      return;
    }
  Release both;
  join(own, both);
  join(from.clocks, both);
  acquisitions[nextAcquisition++ % acquisitions.size()] = {own, from.clocks,
                                                           both.clocks};
  own = both.clocks;
}

void ThreadOrder::actFor(uint32_t agent, const Release &threads) {
  known[agent] = threads.epoch == epochNumber ? threads.clocks : nullptr;
  lastUsed[agent] = clocks[agent];
}

void ThreadOrder::orderAll() {
  if (!hasAgents())
    return beginEpoch();
  Release all;
  for (uint32_t thread = 0; thread < threads; ++thread)
    release(thread, all);
  bool isComplete = !hasOtherBlocks;
  for (size_t agent = threads; agent < current.size(); ++agent)
    isComplete &= (*all.clocks)[agent] >= lastUsed[agent];
  if (isComplete)
    return beginEpoch();
  partlyOrdered = true;
  for (uint32_t thread = 0; thread < threads; ++thread)
    known[thread] = all.clocks;
}

void ThreadOrder::order(const std::vector<uint32_t> &some) {
  partlyOrdered = true;
  Release joined;
  for (uint32_t thread : some)
    release(thread, joined);
  for (uint32_t thread : some)
    known[thread] = joined.clocks;
}

bool ThreadOrder::knows(uint32_t actor, Segment other) const {
  if (other.actor == actor)
    return true;
  const Clocks *clocksOfOthers = known[actor].get();
  return clocksOfOthers && other.actor < clocksOfOthers->size() &&
         (*clocksOfOthers)[other.actor] >= other.clock;
}

bool ThreadOrder::isBefore(Stamp stamp, uint32_t actor) const {
  if (stamp < firstOfEpoch)
    return true;
  Segment segment = lookup(stamp);
  if (segment.actor != setOfSegments)
    return knows(actor, segment);
  const std::vector<Stamp> &set = sets[segment.clock];
  return std::all_of(set.begin(), set.end(), [&](Stamp member) {
    return knows(actor, lookup(member));
  });
}

ThreadOrder::Stamp ThreadOrder::addReader(Stamp readers, uint32_t actor) {
  Stamp own = current[actor];
  if (readers < firstOfEpoch || readers == own)
    return own;
  if (readers == several())
    return readers;
  uint64_t key =
      static_cast<uint64_t>(readers) << 32 | static_cast<uint32_t>(own);
  auto [place, isNew] = unions.try_emplace(key, own);
  if (!isNew)
    return place->second;
  Segment before = lookup(readers);
  std::vector<Stamp> united;
  if (before.actor == setOfSegments)
    united = sets[before.clock];
  else
    united.push_back(readers);
  // Who comes after this actor comes after those, too.
  united.erase(std::remove_if(
                   united.begin(), united.end(),
                   [&](Stamp member) { return knows(actor, lookup(member)); }),
               united.end());
  if (!united.empty()) {
    united.push_back(own);
    place->second = append({setOfSegments, static_cast<uint32_t>(sets.size())});
    sets.push_back(std::move(united));
  }
  return place->second;
}

std::string ThreadOrder::explain(Stamp stamp, uint32_t actor,
                                 const char *did) const {
  Segment segment = lookup(stamp);
  if (segment.actor == setOfSegments)
    for (Stamp member : sets[segment.clock])
      if (!knows(actor, lookup(member)))
        segment = lookup(member);
  if (isAgent(segment.actor))
    return "which " + agents[segment.actor - threads] + " has " + did +
           " without a wait for it between";
  return "which thread " + std::to_string(segment.actor) + " has " + did +
         " without a barrier between";
}

//===----------------------------------------------------------------------===//
// Proxies
//===----------------------------------------------------------------------===//

void ThreadOrder::fenceProxy(uint32_t thread) {
  visible[thread] = current[thread];
  beginSegment(thread);
}

bool ThreadOrder::isVisibleToAgents(Stamp stamp) const {
  uint32_t actor = lookup(stamp).actor;
  return isAgent(actor) || stamp <= visible[actor];
}
