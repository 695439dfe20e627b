//===- NrrdHeader.h - Reading NRRD headers ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H
#define SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H

#include "VoxelLayout.h"

#include <string>
#include <string_view>

namespace segc::nrrd {

/// What the header says about the voxels beside their numbers.
struct Storage {
  VoxelLayout layout;   ///< Its offset is `byte skip`.
  bool packed = false;  ///< With gzip.
  bool atEnd = false;   ///< `byte skip: -1`: the voxels end the file.
  int64_t lineSkip = 0; ///< Lines in front of the (packed) voxels.
  std::string file;     ///< Of the voxels; empty where they follow.
  size_t headerBytes = 0;
};

/// Reads a header; `bytes` is the file or its start.
Status readHeader(std::string_view bytes, const std::string &where,
                  VolumeHeader &volume, Storage &storage);

} // namespace segc::nrrd

#endif // SEGC_LIB_RUNTIME_DATA_NRRDHEADER_H
