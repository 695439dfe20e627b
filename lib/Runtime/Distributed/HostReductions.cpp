//===- HostReductions.cpp - Collectives on memory of the host -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Base/Floats.h"
#include "segc/Runtime/Core/Elements.h"

#include <algorithm>
#include <array>

using namespace segc;

namespace {

/// How values of a type are read and written.
struct F32 {
  using Stored = float;
  static float load(float value) { return value; }
  static float store(float value) { return value; }
};
struct F16 {
  using Stored = uint16_t;
  static float load(uint16_t value) { return floatOfHalf(value); }
  static uint16_t store(float value) { return halfOf(value); }
};
struct BF16 {
  using Stored = uint16_t;
  static float load(uint16_t value) { return floatOfBF16(value); }
  static uint16_t store(float value) { return bf16Of(value); }
};

} // namespace

/// Values at a time: they stay in the first cache, and the result may replace
/// those of a rank.
static constexpr uint64_t blockValues = 1024;

/// Calls `function` with the type of values that add up.
template <typename Function>
static auto withType(uint32_t type, Function &&function) {
  return type == SEGC_F16    ? function(F16())
         : type == SEGC_BF16 ? function(BF16())
                             : function(F32());
}

template <typename Type>
static const typename Type::Stored *valuesAt(const std::byte *bytes,
                                             uint64_t at) {
  return reinterpret_cast<const typename Type::Stored *>(bytes) + at;
}

template <typename Type>
static void combineBlock(uint32_t kind,
                         const std::vector<const std::byte *> &ofRanks,
                         std::byte *result, uint64_t at, uint64_t count) {
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
  const auto size = static_cast<float>(ofRanks.size());
  if (kind == SEGC_COLLECTIVE_MEAN || kind == SEGC_COLLECTIVE_REDUCE_SCATTER)
    for (uint64_t i = 0; i < count; ++i)
      block[i] /= size;
  auto *to = reinterpret_cast<typename Type::Stored *>(result) + at;
  for (uint64_t i = 0; i < count; ++i)
    to[i] = Type::store(block[i]);
}

static Communicator::Combine combineOf(uint32_t kind, uint32_t type) {
  return [=](const std::vector<const std::byte *> &ofRanks, std::byte *result,
             uint64_t count) {
    withType(type, [&](auto known) {
      for (uint64_t at = 0; at < count; at += blockValues)
        combineBlock<decltype(known)>(kind, ofRanks, result, at,
                                      std::min(blockValues, count - at));
    });
  };
}

static Status checkTypes(const segc_collective &collective) {
  const auto isFloat = [](uint32_t type) {
    return type == SEGC_F32 || type == SEGC_F16 || type == SEGC_BF16;
  };
  if (collective.kind > SEGC_COLLECTIVE_ALL_GATHER)
    return unsupported("a collective of the unknown kind " +
                       std::to_string(collective.kind));
  if (collective.kind >= SEGC_COLLECTIVE_REDUCE_SCATTER && !collective.shards)
    return internalError("a collective on shards that does not say which");
  const bool adds = collective.kind != SEGC_COLLECTIVE_BROADCAST &&
                    collective.kind != SEGC_COLLECTIVE_ALL_GATHER;
  if (adds && !isFloat(collective.type))
    return unsupported("a collective on values of type " +
                       std::to_string(collective.type) +
                       " of segc_element, expected f32, f16 or bf16");
  const bool isRounded = collective.travels_as != collective.type;
  if (isRounded &&
      (collective.type != SEGC_F32 || !isFloat(collective.travels_as)))
    return unsupported("values of type " + std::to_string(collective.type) +
                       " of segc_element cannot travel as " +
                       std::to_string(collective.travels_as) +
                       ", expected f32 that travel as f16 or bf16");
  return Status::success();
}

template <typename Type>
static void roundAll(const float *values, std::vector<uint16_t> &rounded) {
  for (size_t i = 0; i < rounded.size(); ++i)
    rounded[i] = Type::store(values[i]);
}

template <typename Type>
static void widenAll(const std::vector<uint16_t> &rounded, float *values) {
  for (size_t i = 0; i < rounded.size(); ++i)
    values[i] = Type::load(rounded[i]);
}

Status HostReductions::exchange(const segc_collective &collective,
                                void *values) {
  const uint32_t type = collective.travels_as;
  const uint64_t width = elementBytes(type);
  const auto owned = [&] {
    return shardsOf(*collective.shards, ranks.size(), collective.count);
  };
  switch (collective.kind) {
  case SEGC_COLLECTIVE_BROADCAST:
    return ranks.broadcast(values, collective.count * width);
  case SEGC_COLLECTIVE_REDUCE_SCATTER:
    return ranks.reduceScatter(values, owned(), width,
                               combineOf(collective.kind, type));
  case SEGC_COLLECTIVE_ALL_GATHER:
    return ranks.allGather(values, owned(), width);
  default:
    return ranks.combine(values, collective.count, width,
                         combineOf(collective.kind, type));
  }
}

Status HostReductions::run(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(checkTypes(collective));
  if (ranks.size() == 1)
    return Status::success();
  if (collective.travels_as == collective.type)
    return exchange(collective, collective.data);
  auto *values = static_cast<float *>(collective.data);
  const bool isHalf = collective.travels_as == SEGC_F16;
  travelling.resize(collective.count);
  (isHalf ? roundAll<F16> : roundAll<BF16>)(values, travelling);
  SEGC_RETURN_IF_ERROR(exchange(collective, travelling.data()));
  (isHalf ? widenAll<F16> : widenAll<BF16>)(travelling, values);
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
