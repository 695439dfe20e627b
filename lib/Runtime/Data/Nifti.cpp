//===- Nifti.cpp - Reading NIfTI volumes ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "Gzip.h"
#include "ImageFile.h"
#include "NiftiLayout.h"

#include <cmath>

using namespace segc;
using namespace segc::nifti;

/// Deflate cannot unpack a byte into more than this many.
static constexpr uint64_t maxExpansion = 1032;

static Status wrongLength(const std::string &where, const Volume &volume,
                          const Layout &layout, const std::string &found) {
  const auto &size = volume.geometry.size;
  return dataLoss(where + ": the header (" + std::to_string(size[0]) + "x" +
                  std::to_string(size[1]) + "x" + std::to_string(size[2]) +
                  ", " + std::to_string(volume.channels) + " channels of " +
                  voxelTypeName(layout.type) + ") asks for " +
                  std::to_string(layout.end()) + " bytes, found " + found +
                  "; the file is truncated or its header wrong");
}

static Status shortHeader(const std::string &where, const std::string &found,
                          std::string_view start) {
  std::string foreign = foreignFormat(start, where);
  if (!foreign.empty())
    return unsupported(where + ": " + foreign);
  return dataLoss(where + ": " + found +
                  ", expected a NIfTI header of 348 (NIfTI-1) or 540 "
                  "(NIfTI-2)");
}

static void noteBytesBehind(Volume &volume, const std::string &count,
                            const char *what) {
  volume.warnings.push_back(count + " behind the " + what +
                            " ignored; the voxels are complete");
}

/// 64-bit integers lose their last digits in f32 beyond 2^24. Labels never get
/// there; images do in files that were computed in the wrong type.
static void noteRounding(Volume &volume, const Layout &layout) {
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

/// `image` is the uncompressed file up to layout.end().
static Volume finish(Volume volume, std::string image, const Layout &layout) {
  if (layout.swapped)
    swapAll(image.data() + layout.offset, layout.elements,
            voxelBytes(layout.type));
  volume.voxels = Voxels(std::move(image), layout.offset, layout.type);
  volume.voxels.setScale(layout.slope, layout.intercept);
  noteRounding(volume, layout);
  return volume;
}

static StatusOr<Volume> decodePlain(std::string bytes, const std::string &where,
                                    const ImageLimits &limits) {
  Volume volume;
  Layout layout;
  if (bytes.size() < sizeof(NiftiHeader) || bytes.size() < headerBytes(bytes))
    return shortHeader(where, std::to_string(bytes.size()) + " bytes", bytes);
  SEGC_RETURN_IF_ERROR(readHeader(bytes, where, volume, layout));
  if (bytes.size() < layout.end())
    return wrongLength(where, volume, layout, std::to_string(bytes.size()));
  SEGC_RETURN_IF_ERROR(limits.check(layout.dataBytes(), where));
  if (bytes.size() > layout.end())
    noteBytesBehind(volume,
                    std::to_string(bytes.size() - layout.end()) + " bytes",
                    "voxels");
  bytes.resize(layout.end());
  return finish(std::move(volume), std::move(bytes), layout);
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

static StatusOr<Volume> decodeGzip(const std::string &bytes,
                                   const std::string &where,
                                   const ImageLimits &limits) {
  GzipReader reader(bytes);
  std::string image(sizeof(NiftiHeader), '\0');
  uint64_t got = reader.read(image.data(), image.size());
  if (got == image.size()) {
    image.resize(headerBytes(image));
    got += reader.read(image.data() + got, image.size() - got);
  }
  if (got < image.size())
    return shortHeader(where,
                       (reader.intact() ? "" : "damaged gzip, ") +
                           std::to_string(got) + " bytes unpacked",
                       std::string_view(image).substr(0, got));
  Volume volume;
  Layout layout;
  SEGC_RETURN_IF_ERROR(readHeader(image, where, volume, layout));
  if (layout.end() / maxExpansion > bytes.size())
    return wrongLength(where, volume, layout,
                       std::to_string(bytes.size()) + " compressed ones");
  SEGC_RETURN_IF_ERROR(limits.check(layout.dataBytes(), where));
  SEGC_RETURN_IF_ERROR(allocate(image, layout.end(), where));
  got += reader.read(image.data() + got, layout.end() - got);
  if (got < layout.end())
    return wrongLength(where, volume, layout,
                       std::to_string(got) +
                           (reader.intact() ? "" : " before damaged gzip"));
  SEGC_RETURN_IF_ERROR(drain(reader, layout.end(), where, limits, volume));
  return finish(std::move(volume), std::move(image), layout);
}

StatusOr<Volume> segc::decodeNifti(std::string bytes, const std::string &where,
                                   const ImageLimits &limits) {
  const bool gzip = bytes.compare(0, 2, "\x1f\x8b") == 0;
  return gzip ? decodeGzip(bytes, where, limits)
              : decodePlain(std::move(bytes), where, limits);
}

StatusOr<Volume> segc::readNifti(const std::string &path,
                                 const ImageLimits &limits) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(path, limits));
  return decodeNifti(std::move(bytes), path, limits);
}
