//===- CommunicatorValues.cpp - Values that ranks combine and share -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"

#include <algorithm>

using namespace segc;

/// What is combined at a time where values travel: bounds the memory for those
/// of others.
static constexpr uint64_t partBytes = uint64_t{1} << 22;
/// Who sleeps until a signal gives a sign of life after so long.
static constexpr std::chrono::duration<double> longestSleep{0.1};

Status Communicator::shareMemory(const SharedBuffer *own) {
  SEGC_ASSIGN_OR_RETURN(regions, SharedRegions::connect(*this, own));
  return Status::success();
}

Communicator::Values Communicator::valuesAt(void *data, uint64_t count,
                                            uint64_t width) const {
  return {static_cast<std::byte *>(data), width,
          regions.contains(data, count * width)};
}

uint64_t Communicator::partOf(const Values &values, uint64_t length) const {
  // Alike on all ranks.
  return values.areShared && regions.areComplete()
             ? std::max(length, uint64_t{1})
             : partBytes / values.width;
}

Status Communicator::waitFor(int64_t rank) {
  const Clock::time_point begin = Clock::now();
  const auto limit = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::min(deadline / 4, longestSleep));
  awaited = rank;
  while (!regions.ofRanks().take(static_cast<size_t>(rank), limit)) {
    if (sign)
      sign();
    if (Clock::now() - begin > deadline)
      return lateRank(rank);
  }
  awaited = nobody;
  return Status::success();
}

Status Communicator::meet(const Values &values) {
  std::vector<int64_t> near;
  for (int64_t other = 0; other < size(); ++other)
    if (placeOf(static_cast<uint64_t>(other), values))
      near.push_back(other);
  for (int64_t other : near)
    regions.ofRanks().send(static_cast<size_t>(other));
  SEGC_RETURN_IF_ERROR(finish());
  for (int64_t other : near)
    SEGC_RETURN_IF_ERROR(waitFor(other));
  return Status::success();
}

/// Each rank combines its slice, from those of all. If the result is for all,
/// it writes it to the ranks that share the values as well; others get it by
/// shareSlices(). Values of this rank may be read and written by those until
/// the next meet().
Status Communicator::combineSlices(const Values &values,
                                   const std::vector<ElementRange> &slices,
                                   bool isForAll, const Combine &combine) {
  const auto own = static_cast<uint64_t>(rank());
  const ElementRange mine = slices[own];
  const uint64_t bytes = mine.size() * values.width;
  const auto areFar = [&](uint64_t other) {
    return other != own && !placeOf(other, values);
  };
  uint64_t far = 0;
  for (uint64_t other = 0; other < slices.size(); ++other)
    far += areFar(other) ? 1 : 0;
  // It does not shrink: memory that grows again is filled with zeros.
  if (received.size() < far * bytes)
    received.resize(far * bytes);
  std::vector<const std::byte *> ofRanks(slices.size(), values.at(mine.begin));
  std::vector<std::byte *> results = {values.at(mine.begin)};
  std::byte *next = received.data();
  for (uint64_t other = 0; other < slices.size(); ++other) {
    if (areFar(other)) {
      const ElementRange &slice = slices[other];
      ofRanks[other] = next;
      SEGC_RETURN_IF_ERROR(receive(static_cast<int64_t>(other), next, bytes));
      SEGC_RETURN_IF_ERROR(send(static_cast<int64_t>(other),
                                values.at(slice.begin),
                                slice.size() * values.width));
      next += bytes;
    } else if (other != own) {
      std::byte *there = placeOf(other, values) + mine.begin * values.width;
      ofRanks[other] = there;
      if (isForAll)
        results.push_back(there);
    }
  }
  SEGC_RETURN_IF_ERROR(meet(values));
  combine(ofRanks, results, mine.size());
  return Status::success();
}

/// Each rank sends its slice to all that do not see it.
Status Communicator::shareSlices(const Values &values,
                                 const std::vector<ElementRange> &slices) {
  const auto own = static_cast<uint64_t>(rank());
  for (uint64_t other = 0; other < slices.size(); ++other) {
    if (other == own || placeOf(other, values))
      continue;
    SEGC_RETURN_IF_ERROR(receive(static_cast<int64_t>(other),
                                 values.at(slices[other].begin),
                                 slices[other].size() * values.width));
    SEGC_RETURN_IF_ERROR(send(static_cast<int64_t>(other),
                              values.at(slices[own].begin),
                              slices[own].size() * values.width));
  }
  return meet(values);
}

Status Communicator::combine(void *values, uint64_t count, uint64_t width,
                             const Combine &combine) {
  if (size() == 1)
    return Status::success();
  const auto ranks = static_cast<uint64_t>(size());
  const Values all = valuesAt(values, count, width);
  const uint64_t most = partOf(all, count);
  for (uint64_t at = 0; at < count; at += most) {
    const Values part = {all.at(at), width, all.areShared};
    const uint64_t length = std::min(count - at, most);
    std::vector<ElementRange> slices;
    for (uint64_t rank = 0; rank < ranks; ++rank)
      slices.push_back({rank * length / ranks, (rank + 1) * length / ranks});
    SEGC_RETURN_IF_ERROR(
        combineSlices(part, slices, /*isForAll=*/true, combine));
    SEGC_RETURN_IF_ERROR(shareSlices(part, slices));
  }
  return Status::success();
}

/// Calls `exchange` with pieces of what each rank owns, which together are a
/// part, until all is done.
Status Communicator::inPieces(
    const Values &values, const std::vector<ElementRange> &owned,
    const std::function<Status(const std::vector<ElementRange> &)> &exchange) {
  uint64_t longest = 0;
  for (const ElementRange &range : owned)
    longest = std::max(longest, range.size());
  const uint64_t most = std::max(
      partOf(values, longest * owned.size()) / owned.size(), uint64_t{1});
  for (uint64_t at = 0; owned.size() > 1 && at < longest; at += most) {
    std::vector<ElementRange> pieces;
    for (const ElementRange &range : owned)
      pieces.push_back({std::min(range.begin + at, range.end),
                        std::min(range.begin + at + most, range.end)});
    SEGC_RETURN_IF_ERROR(exchange(pieces));
  }
  return Status::success();
}

Status Communicator::reduceScatter(void *values,
                                   const std::vector<ElementRange> &owned,
                                   uint64_t width, const Combine &combine) {
  const Values all = valuesAt(values, owned.back().end, width);
  return inPieces(all, owned, [&](const std::vector<ElementRange> &pieces) {
    SEGC_RETURN_IF_ERROR(
        combineSlices(all, pieces, /*isForAll=*/false, combine));
    return meet(all);
  });
}

Status Communicator::allGather(void *values,
                               const std::vector<ElementRange> &owned,
                               uint64_t width) {
  // Nobody writes into memory that a rank may still read.
  const Values all = {static_cast<std::byte *>(values), width,
                      /*areShared=*/false};
  return inPieces(all, owned, [&](const std::vector<ElementRange> &pieces) {
    return shareSlices(all, pieces);
  });
}

Status Communicator::gatherToFirst(void *values,
                                   const std::vector<ElementRange> &owned,
                                   uint64_t width) {
  const auto placeOf = [&](const ElementRange &range) {
    return static_cast<std::byte *>(values) + range.begin * width;
  };
  const ElementRange &mine = owned[static_cast<size_t>(rank())];
  if (!isFirst())
    SEGC_RETURN_IF_ERROR(send(0, placeOf(mine), mine.size() * width));
  else
    for (int64_t other = 1; other < size(); ++other) {
      const ElementRange &theirs = owned[static_cast<size_t>(other)];
      SEGC_RETURN_IF_ERROR(
          receive(other, placeOf(theirs), theirs.size() * width));
    }
  return finish();
}
