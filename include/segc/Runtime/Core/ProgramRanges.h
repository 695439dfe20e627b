//===- ProgramRanges.h - Memory that a program's commands use --*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a host may do with memory that a program leaves alone: outputs that need
// not outlive the next call lie in the arena where intermediate values are
// dead, and parameters that no command reads need not be resident.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_PROGRAMRANGES_H
#define SEGC_RUNTIME_CORE_PROGRAMRANGES_H

#include "segc/model.h"

#include <cstdint>
#include <vector>

namespace segc {

struct ByteRange {
  uint64_t begin = 0, end = 0;
};

/// Places of a program's outputs in the memory that its arena is part of.
struct OutputPlaces {
  std::vector<uint64_t> offsets; ///< Multiples of SEGC_ALIGNMENT.
  uint64_t bytes = 0;            ///< Of arena, scratch and outputs behind them.
};

/// Places outputs of these sizes for a program whose commands run one after the
/// other. `reserved` bytes are the arena with the scratch of the workers behind
/// it, which is never part of an output. Each output gets the lowest place of
/// which no command needs a byte from the first one that writes the output on.
OutputPlaces placeOutputs(const segc_program &program,
                          const std::vector<uint64_t> &outputBytes,
                          uint64_t reserved, int64_t batch);

/// Returns the ranges of the parameters that `program` reads, in their order
/// and apart, once `prepare` has laid filters out: a launch that has a filter
/// from the region `prepared` does not read what it was made of.
std::vector<ByteRange> parametersRead(const segc_program &program,
                                      const segc_program &prepare,
                                      int64_t batch);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_PROGRAMRANGES_H
