//===- VoxelLayout.h - Voxels of a file behind their header -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What formats of a header and an array of numbers have in common: sizes are
// held against the file and the limits before memory is taken.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_VOXELLAYOUT_H
#define SEGC_LIB_RUNTIME_DATA_VOXELLAYOUT_H

#include "Gzip.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Volume.h"

#include <cstdint>
#include <string>

namespace segc {

/// Where the voxels lie in the unpacked file and how they are stored.
struct VoxelLayout {
  bool swapped = false;       ///< Not in this machine's byte order.
  bool channelsFirst = false; ///< The channels of a voxel follow each other.
  VoxelType type = VoxelType::U8;
  uint64_t offset = 0, elements = 0;
  double slope = 1, intercept = 0;

  uint64_t dataBytes() const { return elements * voxelBytes(type); }
  uint64_t end() const { return offset + dataBytes(); }
};

/// Turns every number of `bytes` around.
void swapAll(char *bytes, size_t count, uint64_t elementBytes);

/// Adds the voxels of a file's bytes to what its header said.
StatusOr<Volume> takeVoxels(Volume volume, std::string bytes,
                            const VoxelLayout &layout, const std::string &where,
                            const ImageLimits &limits);

/// The same of a packed file of `packedBytes`; `image` is what `reader` has
/// unpacked before.
StatusOr<Volume> unpackVoxels(Volume volume, GzipReader &reader,
                              std::string image, uint64_t packedBytes,
                              const VoxelLayout &layout,
                              const std::string &where,
                              const ImageLimits &limits);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_VOXELLAYOUT_H
