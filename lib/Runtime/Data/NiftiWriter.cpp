//===- NiftiWriter.cpp - Writing NIfTI-1 volumes --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Gzip.h"
#include "NiftiTypes.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nifti.h"

#include <algorithm>
#include <cstring>

using namespace segc;
using namespace segc::nifti;

static std::string encode(const VolumeGeometry &like, DataType type,
                          const void *voxels) {
  NiftiHeader h = like.header;
  h.headerSize = sizeof(h);
  std::memcpy(h.magic, "n+1", 4);
  for (int axis = 0; axis < 8; ++axis)
    h.dim[axis] = axis == 0   ? int16_t{3}
                  : axis <= 3 ? static_cast<int16_t>(like.size[axis - 1])
                              : int16_t{1};
  const double unit = unitMillimetres(h.units);
  for (size_t axis = 0; axis < 3; ++axis)
    h.pixelSize[axis + 1] = static_cast<float>(like.spacing[axis] / unit);
  h.dataTypeCode = type;
  h.bitsPerVoxel = static_cast<int16_t>(8 * elementBytes(type));
  h.voxelOffset = float{dataStart};
  h.scaleSlope = 1;
  h.scaleOffset = 0;
  h.displayMin = 0;
  h.displayMax = 0;
  // What described the image's intensities or its time axis.
  std::fill(std::begin(h.intent), std::end(h.intent), 0.0f);
  h.intentCode = 0;
  std::memset(h.intentName, 0, sizeof(h.intentName));

  std::string image(dataStart, '\0');
  std::memcpy(image.data(), &h, sizeof(h));
  image.append(static_cast<const char *>(voxels),
               static_cast<size_t>(like.voxels()) * elementBytes(type));
  return image;
}

std::string segc::encodeNifti(const VolumeGeometry &like,
                              const uint8_t *labels) {
  return encode(like, U8, labels);
}

std::string segc::encodeNifti(const VolumeGeometry &like, const float *values) {
  return encode(like, F32, values);
}

static Status writeImage(const std::string &path, const std::string &image) {
  if (path.size() < 3 || path.compare(path.size() - 3, 3, ".gz") != 0)
    return writeFileAtomically(path, image);
  SEGC_ASSIGN_OR_RETURN(std::string packed, gzip(image));
  return writeFileAtomically(path, packed);
}

Status segc::writeNifti(const std::string &path, const VolumeGeometry &like,
                        const uint8_t *labels) {
  return writeImage(path, encodeNifti(like, labels));
}

Status segc::writeNifti(const std::string &path, const VolumeGeometry &like,
                        const float *values) {
  return writeImage(path, encodeNifti(like, values));
}
