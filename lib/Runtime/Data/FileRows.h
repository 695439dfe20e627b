//===- FileRows.h - Rows of an image in the voxels of files ----*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_FILEROWS_H
#define SEGC_LIB_RUNTIME_DATA_FILEROWS_H

#include "NetworkGrid.h"
#include "Normalization.h"
#include "segc/Runtime/Data/PreparedCase.h"

namespace segc {

/// Rows of a crop in the voxels of files, which are normalised as they are
/// read. The voxels must outlive it.
class FileRows : public ImageRows {
public:
  FileRows(std::vector<NetworkGrid<Voxels>> channels,
           std::vector<VoxelNormalization> maps, const Shape3 &cropBegin)
      : channels(std::move(channels)), maps(std::move(maps)), crop(cropBegin) {}

  void read(int64_t depth, int64_t height, int64_t begin, int64_t length,
            float *values) const override;

private:
  std::vector<NetworkGrid<Voxels>> channels;
  std::vector<VoxelNormalization> maps; ///< Of each channel.
  Shape3 crop;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_FILEROWS_H
