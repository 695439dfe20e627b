//===- Shards.h - What ranks own of a tensor --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_SHARDS_H
#define SEGC_RUNTIME_CORE_SHARDS_H

#include "segc/model_tables.h"

#include <algorithm>
#include <vector>

namespace segc {

/// Elements from `begin` to `end`.
struct ElementRange {
  uint64_t begin = 0, end = 0;
  uint64_t size() const { return end - begin; }
};

/// What each of `ranks` owns of the `count` values that begin at the offset of
/// `shards`, counted from there. The ranges follow one another and may be
/// empty.
inline std::vector<ElementRange> shardsOf(const segc_shards &shards,
                                          int64_t ranks, uint64_t count) {
  const auto slices =
      static_cast<int64_t>((shards.elements + shards.slice - 1) / shards.slice);
  const auto firstOf = [&](int64_t rank) {
    const uint64_t first =
        std::min(shards.elements,
                 static_cast<uint64_t>(segc_first_of(slices, rank, ranks)) *
                     shards.slice);
    return std::clamp(first, shards.offset, shards.offset + count) -
           shards.offset;
  };
  std::vector<ElementRange> ranges;
  for (int64_t rank = 0; rank < ranks; ++rank)
    ranges.push_back({firstOf(rank), firstOf(rank + 1)});
  return ranges;
}

/// How ranks share gradients, and states of the optimizer, in a training step.
/// No elements: each rank has all.
inline segc_shards optimizerShards(const segc_program &step) {
  const segc_command *end = step.commands + step.command_count;
  const segc_command *found =
      std::find_if(step.commands, end, [](const segc_command &command) {
        return command.kind == SEGC_COMMAND_COLLECTIVE &&
               command.collective == SEGC_COLLECTIVE_REDUCE_SCATTER &&
               command.operands[0].region == SEGC_REGION_GRADIENTS;
      });
  if (found == end)
    return {};
  return {found->shards->elements, found->shards->slice, /*offset=*/0};
}

} // namespace segc

#endif // SEGC_RUNTIME_CORE_SHARDS_H
