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
#include "NiftiTypes.h"
#include "segc/Base/Files.h"

using namespace segc;
using namespace segc::nifti;

static Status shortHeader(const std::string &where, const std::string &found,
                          std::string_view start) {
  std::string foreign = foreignFormat(start, where);
  if (!foreign.empty())
    return unsupported(where + ": " + foreign);
  return dataLoss(where + ": " + found +
                  ", expected a NIfTI header of 348 (NIfTI-1) or 540 "
                  "(NIfTI-2)");
}

static StatusOr<Volume> decodePlain(std::string bytes, const std::string &where,
                                    const ImageLimits &limits) {
  Volume volume;
  VoxelLayout layout;
  if (bytes.size() < sizeof(NiftiHeader) || bytes.size() < headerBytes(bytes))
    return shortHeader(where, std::to_string(bytes.size()) + " bytes", bytes);
  SEGC_RETURN_IF_ERROR(readHeader(bytes, where, volume, layout));
  return takeVoxels(std::move(volume), std::move(bytes), layout, where, limits);
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
  VoxelLayout layout;
  SEGC_RETURN_IF_ERROR(readHeader(image, where, volume, layout));
  return unpackVoxels(std::move(volume), reader, std::move(image), bytes.size(),
                      layout, where, limits);
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

StatusOr<VolumeHeader> segc::readNiftiHeader(const std::string &path) {
  // Enough of a packed file for the header, whatever it holds.
  constexpr size_t packedBytes = 1 << 16;
  SEGC_RETURN_IF_ERROR(fileSize(path).status());
  std::string start = readStart(path, packedBytes);
  if (start.compare(0, 2, "\x1f\x8b") == 0) {
    std::string header(nifti2HeaderBytes, '\0');
    header.resize(GzipReader(start).read(header.data(), header.size()));
    start = std::move(header);
  }
  if (start.size() < sizeof(NiftiHeader) || start.size() < headerBytes(start))
    return shortHeader(path, std::to_string(start.size()) + " bytes", start);
  VolumeHeader header;
  VoxelLayout layout;
  SEGC_RETURN_IF_ERROR(readHeader(start, path, header, layout));
  return header;
}
