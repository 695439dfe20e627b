//===- StoredVoxels.h - Voxels beside a header of text ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_STOREDVOXELS_H
#define SEGC_LIB_RUNTIME_DATA_STOREDVOXELS_H

#include "VoxelLayout.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <string>
#include <string_view>

namespace segc {

/// What a header of text says about its voxels beside their numbers.
struct StoredVoxels {
  VoxelLayout layout;   ///< Its offset counts from the end of the lines.
  bool packed = false;  ///< With gzip or zlib.
  bool atEnd = false;   ///< The voxels end the file, whatever precedes them.
  int64_t lineSkip = 0; ///< Lines in front of the (packed) voxels.
  std::string file;     ///< Of the voxels; empty where they follow.
  size_t headerBytes = 0;
};

/// Adds the voxels to what the header in `bytes` said about them.
StatusOr<Volume> readStored(Volume volume, StoredVoxels stored,
                            std::string bytes, const std::string &where,
                            const ImageLimits &limits);

/// A format whose headers are lines of text.
class TextFormat : public VolumeFormat {
public:
  StatusOr<Volume> read(const std::string &path,
                        const ImageLimits &limits) const override;
  StatusOr<VolumeHeader> readHeader(const std::string &path,
                                    const ImageLimits &limits) const override;
  std::vector<std::string> filesOf(const std::string &path) const override;

protected:
  /// `bytes` is the file or its start.
  virtual Status parse(std::string_view bytes, const std::string &where,
                       VolumeHeader &volume, StoredVoxels &stored) const = 0;

private:
  Status parseStart(const std::string &path, VolumeHeader &volume,
                    StoredVoxels &stored) const;
  Status checkContent(std::string_view start, const std::string &path) const;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_STOREDVOXELS_H
