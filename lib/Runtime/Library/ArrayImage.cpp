//===- ArrayImage.cpp - Images of the C interface -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArrayImage.h"

#include <cmath>
#include <optional>

using namespace segc;

/// What messages call the image.
static constexpr const char *where = "image";

static std::optional<VoxelType> typeOf(uint32_t type) {
  switch (type) {
  case SEGC_TYPE_UINT8:
    return VoxelType::U8;
  case SEGC_TYPE_INT16:
    return VoxelType::I16;
  case SEGC_TYPE_UINT16:
    return VoxelType::U16;
  case SEGC_TYPE_INT32:
    return VoxelType::I32;
  case SEGC_TYPE_FLOAT32:
    return VoxelType::F32;
  case SEGC_TYPE_FLOAT64:
    return VoxelType::F64;
  default:
    return std::nullopt;
  }
}

static Status wrong(const std::string &member, const std::string &found,
                    const std::string &expected) {
  return invalidArgument(std::string(where) + ": " + member + " " + found +
                         ", expected " + expected);
}

static Status checkNumbers(const segc_image &image) {
  for (double spacing : image.spacing)
    if (!(spacing > 0) || !std::isfinite(spacing))
      return wrong("spacing", std::to_string(spacing), "millimetres above 0");
  for (double number : image.origin)
    if (!std::isfinite(number))
      return wrong("origin", std::to_string(number), "millimetres");
  for (double number : image.direction)
    if (!std::isfinite(number))
      return wrong("direction", std::to_string(number), "a rotation");
  if (!std::isfinite(image.slope) || image.slope == 0 ||
      !std::isfinite(image.intercept))
    return wrong("slope and intercept",
                 std::to_string(image.slope) + ", " +
                     std::to_string(image.intercept),
                 "finite numbers, the slope other than 0");
  return Status::success();
}

/// The bytes of channels * x * y * z voxels.
static StatusOr<uint64_t> bytesOf(const segc_image &image, VoxelType type) {
  // As much as a process addresses, and extents that fit wherever they go.
  constexpr uint64_t maxExtent = uint64_t{1} << 24,
                     maxBytes = uint64_t{1} << 46;
  uint64_t bytes = voxelBytes(type);
  for (uint64_t extent :
       {image.channels, image.size[0], image.size[1], image.size[2]}) {
    if (extent < 1 || extent > maxExtent)
      return wrong("channels and size",
                   std::to_string(image.channels) + ", " +
                       std::to_string(image.size[0]) + "x" +
                       std::to_string(image.size[1]) + "x" +
                       std::to_string(image.size[2]),
                   "1 to " + std::to_string(maxExtent) + " each");
    if (bytes > maxBytes / extent)
      return wrong("size",
                   "of more than " + std::to_string(maxBytes) + " bytes",
                   "fewer");
    bytes *= extent;
  }
  return bytes;
}

/// Between ITK's world (left, posterior, superior) and right, anterior,
/// superior.
static double signOfRow(size_t row) { return row < 2 ? -1 : 1; }

StatusOr<Volume> segc::volumeOf(const segc_image &image) {
  const std::optional<VoxelType> type = typeOf(image.type);
  if (!type)
    return wrong("type", std::to_string(image.type), "a segc_type");
  SEGC_RETURN_IF_ERROR(checkNumbers(image));
  SEGC_ASSIGN_OR_RETURN(const uint64_t bytes, bytesOf(image, *type));
  if (!image.data)
    return wrong("data", "NULL", "voxels");
  if (image.data_bytes != bytes)
    return wrong("data_bytes", std::to_string(image.data_bytes),
                 std::to_string(bytes) + " for " +
                     std::to_string(image.channels) + " channels of " +
                     std::to_string(image.size[0]) + "x" +
                     std::to_string(image.size[1]) + "x" +
                     std::to_string(image.size[2]) + " voxels of " +
                     voxelTypeName(*type));
  Volume volume;
  volume.type = *type;
  volume.channels = static_cast<int64_t>(image.channels);
  Affine affine = {};
  for (size_t row = 0; row < 3; ++row) {
    for (size_t axis = 0; axis < 3; ++axis)
      affine[row][axis] = signOfRow(row) * image.direction[row * 3 + axis] *
                          image.spacing[axis];
    affine[row][3] = signOfRow(row) * image.origin[row];
  }
  for (size_t axis = 0; axis < 3; ++axis)
    volume.geometry.size[axis] = static_cast<int64_t>(image.size[axis]);
  SEGC_RETURN_IF_ERROR(
      placeByDirections(where, affine, volume.geometry, volume.warnings));
  volume.voxels = Voxels(
      std::string(static_cast<const char *>(image.data), bytes), 0, *type);
  volume.voxels.setScale(image.slope, image.intercept);
  return volume;
}

void segc::setGeometry(segc_image &image, const VolumeGeometry &grid) {
  for (size_t axis = 0; axis < 3; ++axis) {
    image.size[axis] = static_cast<uint64_t>(grid.size[axis]);
    image.spacing[axis] = grid.spacing[axis];
    image.origin[axis] = signOfRow(axis) * grid.affine[axis][3];
    for (size_t row = 0; row < 3; ++row)
      image.direction[row * 3 + axis] =
          signOfRow(row) * grid.affine[row][axis] / grid.spacing[axis];
  }
}
