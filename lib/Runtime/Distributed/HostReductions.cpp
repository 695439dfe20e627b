//===- HostReductions.cpp - Collectives on memory of the host -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/FloatTypes.h"
#include "segc/Runtime/Device/Collectives.h"

#include <algorithm>
#include <array>

using namespace segc;

/// Values at a time: they stay in the first cache, and the result may replace
/// those of a rank.
static constexpr uint64_t blockValues = 1024;

template <typename Type>
static const typename Type::Stored *valuesAt(const std::byte *bytes,
                                             uint64_t at) {
  return reinterpret_cast<const typename Type::Stored *>(bytes) + at;
}

static void divide(float *values, uint64_t count, uint64_t ranks) {
  const auto divisor = static_cast<float>(ranks);
  // The reciprocal of a power of two is exact, and so is the product with it
  // what the much slower division gives.
  if ((ranks & (ranks - 1)) == 0)
    for (uint64_t i = 0; i < count; ++i)
      values[i] *= 1.0F / divisor;
  else
    for (uint64_t i = 0; i < count; ++i)
      values[i] /= divisor;
}

template <typename Type>
static void combineBlock(uint32_t kind,
                         const std::vector<const std::byte *> &ofRanks,
                         const std::vector<std::byte *> &results, uint64_t at,
                         uint64_t count) {
  std::array<float, blockValues> block;
  const auto *first = valuesAt<Type>(ofRanks[0], at);
  for (uint64_t i = 0; i < count; ++i)
    block[i] = Type::load(first[i]);
  for (size_t rank = 1; rank < ofRanks.size(); ++rank) {
    const auto *values = valuesAt<Type>(ofRanks[rank], at);
    if (kind == SEGC_COLLECTIVE_MAX)
      for (uint64_t i = 0; i < count; ++i)
        block[i] = std::max(block[i], Type::load(values[i]));
    else
      for (uint64_t i = 0; i < count; ++i)
        block[i] += Type::load(values[i]);
  }
  if (kind == SEGC_COLLECTIVE_MEAN || kind == SEGC_COLLECTIVE_REDUCE_SCATTER)
    divide(block.data(), count, ofRanks.size());
  using Stored = typename Type::Stored;
  auto *to = reinterpret_cast<Stored *>(results[0]) + at;
  for (uint64_t i = 0; i < count; ++i)
    to[i] = Type::store(block[i]);
  for (size_t copy = 1; copy < results.size(); ++copy)
    std::copy_n(to, count, reinterpret_cast<Stored *>(results[copy]) + at);
}

/// Combines values of a type as those of the type that they travel as.
static Communicator::Combine combineOf(uint32_t kind, uint32_t type,
                                       uint32_t travelsAs) {
  return [=](const std::vector<const std::byte *> &ofRanks,
             const std::vector<std::byte *> &results, uint64_t count) {
    withFloatType(travelsAs, [&](auto known) {
      using Type = decltype(known);
      const auto combine = type == travelsAs ? combineBlock<Type>
                                             : combineBlock<RoundedTo<Type>>;
      for (uint64_t at = 0; at < count; at += blockValues)
        combine(kind, ofRanks, results, at, std::min(blockValues, count - at));
    });
  };
}

static bool adds(const segc_collective &collective) {
  return collective.kind != SEGC_COLLECTIVE_BROADCAST &&
         collective.kind != SEGC_COLLECTIVE_ALL_GATHER;
}

Status HostReductions::exchange(const segc_collective &collective, void *values,
                                uint32_t type) {
  const uint64_t width = elementBytes(type);
  const auto owned = [&] {
    return shardsOf(*collective.shards, ranks.size(), collective.count);
  };
  switch (collective.kind) {
  case SEGC_COLLECTIVE_BROADCAST:
    return ranks.broadcast(values, collective.count * width);
  case SEGC_COLLECTIVE_REDUCE_SCATTER:
    return ranks.reduceScatter(
        values, owned(), width,
        combineOf(collective.kind, type, collective.travels_as));
  case SEGC_COLLECTIVE_ALL_GATHER:
    return ranks.allGather(values, owned(), width);
  default:
    return ranks.combine(
        values, collective.count, width,
        combineOf(collective.kind, type, collective.travels_as));
  }
}

Status HostReductions::run(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(checkCollective(collective));
  if (ranks.size() == 1)
    return Status::success();
  // What does not travel is rounded while it is read.
  const uint64_t bytes = collective.count * elementBytes(collective.type);
  if (collective.travels_as == collective.type ||
      (adds(collective) && ranks.sharesWithAll(collective.data, bytes)))
    return exchange(collective, collective.data, collective.type);
  travelling.resize(collective.count);
  convertFloats(collective.data, collective.type, travelling.data(),
                collective.travels_as, collective.count);
  SEGC_RETURN_IF_ERROR(
      exchange(collective, travelling.data(), collective.travels_as));
  convertFloats(travelling.data(), collective.travels_as, collective.data,
                collective.type, collective.count);
  return Status::success();
}

Status HostReductions::mean(std::vector<float> &values) {
  segc_collective collective = {};
  collective.struct_size = sizeof(collective);
  collective.kind = SEGC_COLLECTIVE_MEAN;
  collective.type = collective.travels_as = SEGC_F32;
  collective.data = values.data();
  collective.count = values.size();
  return run(collective);
}
