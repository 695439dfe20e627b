//===- VoxelChunks.h - Voxels piece by piece --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_VOXELCHUNKS_H
#define SEGC_LIB_RUNTIME_CHECK_VOXELCHUNKS_H

#include "segc/Runtime/Data/Voxels.h"

#include <algorithm>
#include <vector>

namespace segc {

/// Calls f(values, count, place) for pieces of `length` voxels from `first` on,
/// which are converted once; `place` is that of the first value.
template <typename F>
void forEachChunk(const Voxels &voxels, size_t first, size_t length, F f) {
  constexpr size_t most = 1 << 14;
  std::vector<float> chunk(std::min(most, length));
  for (size_t done = 0; done < length; done += chunk.size()) {
    const size_t count = std::min(chunk.size(), length - done);
    voxels.read(first + done, count, chunk.data());
    f(chunk.data(), count, first + done);
  }
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_VOXELCHUNKS_H
