//===- NcclCalls.cpp - What collectives ask of NCCL -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NcclCollectives.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/Shards.h"

using namespace segc;
using namespace segc::nccl;

/// Whether a call of NCCL that does not wait was taken.
static bool isTaken(Result answered) {
  return answered == Success || answered == InProgress;
}

static DataType dataTypeOf(uint32_t type) {
  return type == SEGC_F16 ? Float16 : type == SEGC_BF16 ? Bfloat16 : Float32;
}

/// NCCL's own reduce-scatter and all-gather have parts of one size, ranks have
/// shards of several: each is a reduction to its owner, or a broadcast from it.
/// As a group they are one operation of the GPU, with the same traffic.
Result NcclCollectives::callForShards(const segc_collective &collective,
                                      uint32_t type, void *data,
                                      cuda::StreamHandle stream) {
  const std::vector<ElementRange> owned =
      shardsOf(*collective.shards, ranks.size, collective.count);
  const uint64_t width = elementBytes(type);
  Result answered = library->ncclGroupStart();
  if (!isTaken(answered))
    return answered;
  for (int owner = 0; owner < ranks.size && isTaken(answered); ++owner) {
    const ElementRange &shard = owned[static_cast<size_t>(owner)];
    std::byte *own = static_cast<std::byte *>(data) + shard.begin * width;
    if (shard.size() == 0)
      continue;
    answered =
        collective.kind == SEGC_COLLECTIVE_REDUCE_SCATTER
            ? library->ncclReduce(own, own, shard.size(), dataTypeOf(type), Avg,
                                  owner, comm, stream)
            : library->ncclBroadcast(own, own, shard.size() * width, Uint8,
                                     owner, comm, stream);
  }
  const Result ended = library->ncclGroupEnd();
  return isTaken(answered) ? ended : answered;
}

Status NcclCollectives::call(const segc_collective &collective, void *data,
                             cuda::StreamHandle stream) {
  SEGC_RETURN_IF_ERROR(failure);
  const uint32_t type =
      isRounded(collective) ? collective.travels_as : collective.type;
  // Bytes of any type are sent as they are.
  const Result answered =
      collective.kind >= SEGC_COLLECTIVE_REDUCE_SCATTER
          ? callForShards(collective, type, data, stream)
      : collective.kind == SEGC_COLLECTIVE_BROADCAST
          ? library->ncclBroadcast(data, data,
                                   collective.count * elementBytes(type), Uint8,
                                   /*root=*/0, comm, stream)
          : library->ncclAllReduce(
                data, data, collective.count, dataTypeOf(type),
                collective.kind == SEGC_COLLECTIVE_SUM   ? Sum
                : collective.kind == SEGC_COLLECTIVE_MAX ? Max
                                                         : Avg,
                comm, stream);
  return settle(answered, occasionOf(collective));
}
