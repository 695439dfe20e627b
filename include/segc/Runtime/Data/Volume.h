//===- Volume.h - Volumes: voxels and geometry ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every image file becomes; a page of slices is a volume of one plane.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_VOLUME_H
#define SEGC_RUNTIME_DATA_VOLUME_H

#include "segc/Runtime/Data/Geometry.h"
#include "segc/Runtime/Data/Voxels.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// The 348 bytes at the start of a file, in this machine's byte order.
struct NiftiHeader {
  int32_t headerSize;
  char dataType[10], dbName[18];
  int32_t extents;
  int16_t sessionError;
  char regular, dimInfo;
  int16_t dim[8]; ///< [0] is the rank, [1..] x, y, z, channels.
  float intent[3];
  int16_t intentCode, dataTypeCode, bitsPerVoxel, sliceStart;
  float pixelSize[8]; ///< [0] is the handedness of qform, [1..3] spacing.
  float voxelOffset, scaleSlope, scaleOffset;
  int16_t sliceEnd;
  char sliceCode, units;
  float displayMax, displayMin, sliceDuration, timeOffset;
  int32_t unused[2];
  char description[80], auxiliaryFile[24];
  int16_t qformCode, sformCode;
  float quaternion[3], qformOffset[3];
  float sform[3][4]; ///< (x,y,z,1) of a voxel to millimetres.
  char intentName[16], magic[4];
};
static_assert(sizeof(NiftiHeader) == 348, "the layout of nifti1.h");

/// Where the voxels of a volume lie.
struct VolumeGeometry {
  std::array<int64_t, 3> size = {0, 0, 0};         ///< x, y, z
  std::array<double, 3> spacing = {1.0, 1.0, 1.0}; ///< millimetres
  /// Of the voxel centres, by what `placedBy` says.
  Affine affine = {{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}};
  PlacedBy placedBy = PlacedBy::Pixdim;
  NiftiHeader header{};

  int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

/// What the header of a file says about its voxels.
struct VolumeHeader {
  VolumeGeometry geometry;
  int64_t channels = 1;
  VoxelType type = VoxelType::F32; ///< In the file, before a scale.
  /// What a user should know about the file though it was read.
  std::vector<std::string> warnings;
};

/// A file: its voxels in file order, x runs fastest, then y, z and the channel.
struct Volume : VolumeHeader {
  Voxels voxels;

  VoxelView channel(int64_t index) const {
    return {voxels, geometry.size, index * geometry.voxels()};
  }
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_VOLUME_H
