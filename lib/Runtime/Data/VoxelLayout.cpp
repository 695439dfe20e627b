//===- VoxelLayout.cpp - Voxels of a file behind their header -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VoxelLayout.h"
#include "ImageFile.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;

void segc::swapAll(char *bytes, size_t count, uint64_t elementBytes) {
  if (elementBytes > 1)
    for (size_t i = 0; i < count; ++i, bytes += elementBytes)
      std::reverse(bytes, bytes + elementBytes);
}

/// Deflate cannot unpack a byte into more than this many.
static constexpr uint64_t maxExpansion = 1032;

static Status wrongLength(const std::string &where, const Volume &volume,
                          const VoxelLayout &layout, const std::string &found) {
  const auto &size = volume.geometry.size;
  return dataLoss(where + ": the header (" + std::to_string(size[0]) + "x" +
                  std::to_string(size[1]) + "x" + std::to_string(size[2]) +
                  ", " + std::to_string(volume.channels) + " channels of " +
                  voxelTypeName(layout.type) + ") asks for " +
                  std::to_string(layout.end()) + " bytes, found " + found +
                  "; the file is truncated or its header wrong");
}

static void noteBytesBehind(Volume &volume, const std::string &count,
                            const char *what) {
  volume.warnings.push_back(count + " behind the " + what +
                            " ignored; the voxels are complete");
}

/// 64-bit integers lose their last digits in f32 beyond 2^24. Labels never get
/// there; images do in files that were computed in the wrong type.
static void noteRounding(Volume &volume, const VoxelLayout &layout) {
  if (layout.type != VoxelType::I64 && layout.type != VoxelType::U64)
    return;
  for (size_t i = 0; i < volume.voxels.size(); ++i)
    if (std::abs(volume.voxels[i]) >= 0x1p24f) {
      volume.warnings.push_back(
          std::string("voxels of ") + voxelTypeName(layout.type) +
          " from 2^24 on, the first " + std::to_string(volume.voxels[i]) +
          ", may be rounded to f32");
      return;
    }
}

/// Puts the channels of each voxel, which follow each other, one behind the
/// other as whole volumes.
static Status separateChannels(std::string &image, const VoxelLayout &layout,
                               int64_t channelCount, const std::string &where) {
  const uint64_t bytes = voxelBytes(layout.type);
  const auto channels = static_cast<uint64_t>(channelCount);
  const uint64_t voxels = layout.elements / channels;
  std::string result;
  SEGC_RETURN_IF_ERROR(allocate(result, layout.dataBytes(), where));
  for (uint64_t i = 0; i < voxels; ++i)
    for (uint64_t channel = 0; channel < channels; ++channel)
      std::memcpy(result.data() + (channel * voxels + i) * bytes,
                  image.data() + layout.offset +
                      (i * channels + channel) * bytes,
                  bytes);
  image.replace(layout.offset, std::string::npos, result);
  return Status::success();
}

/// `image` is the uncompressed file up to layout.end().
static StatusOr<Volume> finish(Volume volume, std::string image,
                               const VoxelLayout &layout,
                               const std::string &where) {
  if (layout.swapped)
    swapAll(image.data() + layout.offset, layout.elements,
            voxelBytes(layout.type));
  if (layout.channelsFirst && volume.channels > 1)
    SEGC_RETURN_IF_ERROR(
        separateChannels(image, layout, volume.channels, where));
  volume.voxels = Voxels(std::move(image), layout.offset, layout.type);
  volume.voxels.setScale(layout.slope, layout.intercept);
  noteRounding(volume, layout);
  return volume;
}

/// Reads what follows the voxels, so that zlib compares the checksum of the
/// member that they end in.
static Status drain(GzipReader &reader, uint64_t end, const std::string &where,
                    const ImageLimits &limits, Volume &volume) {
  char buffer[1 << 16];
  uint64_t behind = 0;
  while (uint64_t got = reader.read(buffer, sizeof(buffer))) {
    behind += got;
    SEGC_RETURN_IF_ERROR(limits.check(behind, where));
  }
  if (!reader.intact() && reader.memberStart() < end)
    return dataLoss(where + ": the gzip checksum does not fit the content; "
                            "copy the file again");
  if (behind > 0)
    noteBytesBehind(volume, std::to_string(behind) + " bytes", "voxels");
  if (!reader.intact() || reader.trailingBytes() > 0)
    noteBytesBehind(volume,
                    reader.intact()
                        ? std::to_string(reader.trailingBytes()) + " bytes"
                        : "damaged content",
                    "compressed voxels");
  return Status::success();
}

StatusOr<Volume> segc::takeVoxels(Volume volume, std::string bytes,
                                  const VoxelLayout &layout,
                                  const std::string &where,
                                  const ImageLimits &limits) {
  if (bytes.size() < layout.end())
    return wrongLength(where, volume, layout, std::to_string(bytes.size()));
  SEGC_RETURN_IF_ERROR(limits.check(layout.dataBytes(), where));
  if (bytes.size() > layout.end())
    noteBytesBehind(volume,
                    std::to_string(bytes.size() - layout.end()) + " bytes",
                    "voxels");
  bytes.resize(layout.end());
  return finish(std::move(volume), std::move(bytes), layout, where);
}

StatusOr<Volume> segc::unpackVoxels(Volume volume, GzipReader &reader,
                                    std::string image, uint64_t packedBytes,
                                    const VoxelLayout &layout,
                                    const std::string &where,
                                    const ImageLimits &limits) {
  uint64_t got = image.size();
  if (layout.end() / maxExpansion > packedBytes)
    return wrongLength(where, volume, layout,
                       std::to_string(packedBytes) + " compressed ones");
  SEGC_RETURN_IF_ERROR(limits.check(layout.dataBytes(), where));
  SEGC_RETURN_IF_ERROR(allocate(image, layout.end(), where));
  got += reader.read(image.data() + got, layout.end() - got);
  if (got < layout.end())
    return wrongLength(where, volume, layout,
                       std::to_string(got) +
                           (reader.intact() ? "" : " before damaged gzip"));
  SEGC_RETURN_IF_ERROR(drain(reader, layout.end(), where, limits, volume));
  return finish(std::move(volume), std::move(image), layout, where);
}
