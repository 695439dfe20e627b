//===- NiftiLayout.h - Decoded NIfTI header ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H
#define SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H

#include "segc/Runtime/Data/Nifti.h"

#include <string_view>

namespace segc::nifti {

/// Where the voxels lie in the file and how they are stored.
struct Layout {
  bool swapped = false;
  VoxelType type = VoxelType::U8;
  uint64_t offset = 0, elements = 0;
  double slope = 1, intercept = 0;

  uint64_t dataBytes() const { return elements * voxelBytes(type); }
  uint64_t end() const { return offset + dataBytes(); }
};

/// Bytes of the header that starts with these (at least 4): 348 of NIfTI-1,
/// 540 of NIfTI-2.
size_t headerBytes(std::string_view start);

/// Reads a header of headerBytes(); fills `geometry`, `channels` and
/// `warnings` of the volume. The header of NIfTI-2 becomes one of NIfTI-1.
Status readHeader(std::string_view bytes, const std::string &where,
                  Volume &volume, Layout &layout);

/// Turns every number of `bytes` around.
void swapAll(char *bytes, size_t count, uint64_t elementBytes);

} // namespace segc::nifti

#endif // SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H
