//===- NiftiLayout.h - Decoded NIfTI header ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H
#define SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H

#include "VoxelLayout.h"
#include "segc/Runtime/Data/Nifti.h"

#include <optional>
#include <string_view>

namespace segc::nifti {

/// Bytes of the header that starts with these (at least 4): 348 of NIfTI-1,
/// 540 of NIfTI-2.
size_t headerBytes(std::string_view start);

/// Whether a header of headerBytes() has its voxels in a file of their own.
bool isPair(std::string_view header);

/// The header and the voxels of a pair by the name of either (.hdr, .img, also
/// packed or in upper case); nothing for a name of another kind. A file that is
/// not there has the ending of the other in lower case.
struct PairFiles {
  std::string header, voxels;
};
std::optional<PairFiles> pairOf(const std::string &path);

/// Reads a header of headerBytes(); fills `geometry`, `channels` and
/// `warnings` of the volume. The header of NIfTI-2 becomes one of NIfTI-1.
Status readHeader(std::string_view bytes, const std::string &where,
                  VolumeHeader &volume, VoxelLayout &layout);

} // namespace segc::nifti

#endif // SEGC_LIB_RUNTIME_DATA_NIFTILAYOUT_H
