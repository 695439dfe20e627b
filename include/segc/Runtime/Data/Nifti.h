//===- Nifti.h - NIfTI volumes ----------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A strict reader of single-file NIfTI-1 and NIfTI-2 (.nii, .nii.gz; nifti1.h
// and nifti2.h of the NIfTI Data Format Working Group): both byte orders, every
// size held against the file and the limits before memory is taken. What is
// harmless but odd (bytes behind the voxels) is read with a warning. A volume
// keeps its whole header, so that what is written on its grid (a label map, a
// probability map), always as NIfTI-1, has the same place in the world.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_NIFTI_H
#define SEGC_RUNTIME_DATA_NIFTI_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/Geometry.h"
#include "segc/Runtime/Data/ImageLimits.h"
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

/// A file: its voxels in file order, x runs fastest, then y, z and the channel.
struct Volume {
  VolumeGeometry geometry;
  int64_t channels = 1;
  Voxels voxels;
  /// What a user should know about the file though it was read.
  std::vector<std::string> warnings;

  VoxelView channel(int64_t index) const {
    return {voxels, geometry.size, index * geometry.voxels()};
  }
};

/// Decodes a file image, compressed or not; `where` names it in errors.
StatusOr<Volume> decodeNifti(std::string bytes, const std::string &where,
                             const ImageLimits &limits = {});
StatusOr<Volume> readNifti(const std::string &path,
                           const ImageLimits &limits = {});

/// The uncompressed file image of one 8-bit label or f32 value a voxel (file
/// order) on the grid of `like`.
std::string encodeNifti(const VolumeGeometry &like, const uint8_t *labels);
std::string encodeNifti(const VolumeGeometry &like, const float *values);

/// Writes encodeNifti's image, through gzip if `path` ends in .gz. The bytes
/// are a pure function of the arguments (no time stamp).
Status writeNifti(const std::string &path, const VolumeGeometry &like,
                  const uint8_t *labels);
Status writeNifti(const std::string &path, const VolumeGeometry &like,
                  const float *values);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_NIFTI_H
