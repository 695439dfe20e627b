//===- NiftiWriter.cpp - Writing NIfTI-1 volumes --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gzip.h"
#include "NiftiForms.h"
#include "NiftiTypes.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;
using namespace segc::nifti;

/// The header of one number a voxel.
static NiftiHeader headerOf(const VolumeGeometry &like, int16_t type) {
  NiftiHeader h = like.header;
  if (h.headerSize == 0 && like.placedBy != PlacedBy::Pixdim)
    setSform(like.affine, h);
  h.headerSize = sizeof(h);
  std::memcpy(h.magic, "n+1", 4);
  for (int axis = 0; axis < 8; ++axis)
    h.dim[axis] = axis == 0   ? int16_t{3}
                  : axis <= 3 ? static_cast<int16_t>(like.size[axis - 1])
                              : int16_t{1};
  const double unit = unitMillimetres(h.units);
  // The file's own spacing, unless it has none: the sform may say another.
  for (size_t axis = 1; axis <= 3; ++axis) {
    const float own = std::abs(h.pixelSize[axis]);
    h.pixelSize[axis] = own > 0 && std::isfinite(own)
                            ? own
                            : static_cast<float>(like.spacing[axis - 1] / unit);
  }
  h.dataTypeCode = type;
  h.bitsPerVoxel = static_cast<int16_t>(8 * voxelBytes(*voxelType(type)));
  h.voxelOffset = float{dataStart};
  h.scaleSlope = 1;
  h.scaleOffset = 0;
  h.displayMin = 0;
  h.displayMax = 0;
  // What described the image's intensities or its time axis.
  std::fill(std::begin(h.intent), std::end(h.intent), 0.0f);
  h.intentCode = 0;
  std::memset(h.intentName, 0, sizeof(h.intentName));
  return h;
}

/// The header and the empty extension in front of the voxels.
static std::string encodeHeader(const NiftiHeader &h) {
  std::string image(dataStart, '\0');
  std::memcpy(image.data(), &h, sizeof(h));
  return image;
}

static std::string encodeHeader(const VolumeGeometry &like, DataType type) {
  NiftiHeader h = headerOf(like, type);
  if (type == U8)
    ownMark.copy(h.intentName, sizeof(h.intentName) - 1);
  return encodeHeader(h);
}

static std::string encodeHeader(const Volume &volume) {
  NiftiHeader h = headerOf(volume.geometry, dataTypeOf(volume.voxels.type()));
  if (volume.channels > 1) {
    h.dim[0] = 4;
    h.dim[4] = static_cast<int16_t>(volume.channels);
  }
  h.scaleSlope = static_cast<float>(volume.voxels.scaleSlope());
  h.scaleOffset = static_cast<float>(volume.voxels.scaleIntercept());
  return encodeHeader(h);
}

static std::string_view voxelsOf(const VolumeGeometry &like,
                                 const uint8_t *labels) {
  return {reinterpret_cast<const char *>(labels),
          static_cast<size_t>(like.voxels())};
}

static std::string_view voxelsOf(const VolumeGeometry &like,
                                 const float *values) {
  return {reinterpret_cast<const char *>(values),
          static_cast<size_t>(like.voxels()) * sizeof(float)};
}

std::string segc::encodeNifti(const VolumeGeometry &like,
                              const uint8_t *labels) {
  return encodeHeader(like, U8).append(voxelsOf(like, labels));
}

std::string segc::encodeNifti(const VolumeGeometry &like, const float *values) {
  return encodeHeader(like, F32).append(voxelsOf(like, values));
}

static Status writeImage(const std::string &path, std::string_view header,
                         std::string_view voxels) {
  if (!hasEnding(path, ".gz"))
    return writeFileAtomically(path, std::string(header).append(voxels));
  SEGC_ASSIGN_OR_RETURN(std::string packed, gzip({header, voxels}));
  return writeFileAtomically(path, packed);
}

Status segc::writeNifti(const std::string &path, const VolumeGeometry &like,
                        const uint8_t *labels) {
  return writeImage(path, encodeHeader(like, U8), voxelsOf(like, labels));
}

Status segc::writeNifti(const std::string &path, const VolumeGeometry &like,
                        const float *values) {
  return writeImage(path, encodeHeader(like, F32), voxelsOf(like, values));
}

std::string segc::encodeNifti(const Volume &volume) {
  return encodeHeader(volume).append(volume.voxels.stored());
}

Status segc::writeNifti(const std::string &path, const Volume &volume) {
  return writeImage(path, encodeHeader(volume), volume.voxels.stored());
}
