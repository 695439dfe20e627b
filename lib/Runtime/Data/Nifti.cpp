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

/// The header of a file that has its voxels too.
static Status readWhole(std::string_view header, const std::string &where,
                        VolumeHeader &volume, VoxelLayout &layout) {
  if (isPair(header))
    return unsupported(where + ": the header of a pair by its content, NIfTI "
                               "in one file by its name; give it the ending "
                               ".hdr, beside its voxels in .img");
  return readHeader(header, where, volume, layout);
}

static StatusOr<Volume> decodePlain(std::string bytes, const std::string &where,
                                    const ImageLimits &limits) {
  Volume volume;
  VoxelLayout layout;
  if (bytes.size() < sizeof(NiftiHeader) || bytes.size() < headerBytes(bytes))
    return shortHeader(where, std::to_string(bytes.size()) + " bytes", bytes);
  SEGC_RETURN_IF_ERROR(readWhole(bytes, where, volume, layout));
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
  SEGC_RETURN_IF_ERROR(readWhole(image, where, volume, layout));
  return unpackVoxels(std::move(volume), reader, std::move(image), bytes.size(),
                      layout, where, limits);
}

static bool isGzip(std::string_view bytes) {
  return bytes.substr(0, 2) == "\x1f\x8b";
}

StatusOr<Volume> segc::decodeNifti(std::string bytes, const std::string &where,
                                   const ImageLimits &limits) {
  return isGzip(bytes) ? decodeGzip(bytes, where, limits)
                       : decodePlain(std::move(bytes), where, limits);
}

//===----------------------------------------------------------------------===//
// Headers and pairs
//===----------------------------------------------------------------------===//

std::optional<PairFiles> segc::nifti::pairOf(const std::string &path) {
  static constexpr const char *headers[] = {".hdr", ".HDR", ".hdr.gz"};
  static constexpr const char *voxels[] = {".img", ".IMG", ".img.gz"};
  for (std::string_view ending : {".hdr", ".img", ".hdr.gz", ".img.gz"}) {
    if (!hasEnding(path, ending))
      continue;
    const std::string stem = path.substr(0, path.size() - ending.size());
    const bool named = ending[1] == 'h';
    std::string other;
    for (const char *candidate : named ? voxels : headers)
      if (other.empty() && pathExists(stem + candidate))
        other = stem + candidate;
    if (other.empty())
      other = stem + (named ? voxels : headers)[0];
    return named ? PairFiles{path, other} : PairFiles{other, path};
  }
  return std::nullopt;
}

/// The bytes of the header at the start of a file, which may be packed.
static StatusOr<std::string> headerAt(std::string start,
                                      const std::string &where) {
  if (isGzip(start)) {
    std::string header(nifti2HeaderBytes, '\0');
    header.resize(GzipReader(start).read(header.data(), header.size()));
    start = std::move(header);
  }
  if (start.size() < sizeof(NiftiHeader) || start.size() < headerBytes(start))
    return shortHeader(where, std::to_string(start.size()) + " bytes", start);
  return start;
}

StatusOr<Volume> segc::decodeNiftiPair(const std::string &header,
                                       std::string voxels,
                                       const std::string &where,
                                       const std::string &voxelsWhere,
                                       const ImageLimits &limits) {
  SEGC_ASSIGN_OR_RETURN(std::string start, headerAt(header, where));
  Volume volume;
  VoxelLayout layout;
  SEGC_RETURN_IF_ERROR(readHeader(start, where, volume, layout));
  if (!isGzip(voxels))
    return takeVoxels(std::move(volume), std::move(voxels), layout, voxelsWhere,
                      limits);
  GzipReader reader(voxels);
  return unpackVoxels(std::move(volume), reader, "", voxels.size(), layout,
                      voxelsWhere, limits);
}

/// Enough of a packed file for the header, whatever it holds.
static constexpr size_t packedHeaderBytes = 1 << 16;

StatusOr<Volume> segc::readNifti(const std::string &path,
                                 const ImageLimits &limits) {
  const std::optional<PairFiles> pair = pairOf(path);
  if (pair) {
    SEGC_RETURN_IF_ERROR(fileSize(pair->header).status());
    const std::string start = readStart(pair->header, packedHeaderBytes);
    SEGC_ASSIGN_OR_RETURN(std::string header, headerAt(start, pair->header));
    // Analyze is refused before its voxels are looked for; some programs give a
    // whole file the name of a header.
    if (isPair(header)) {
      SEGC_ASSIGN_OR_RETURN(std::string voxels,
                            readImageFile(pair->voxels, limits));
      return decodeNiftiPair(header, std::move(voxels), pair->header,
                             pair->voxels, limits);
    }
  }
  const std::string &file = pair ? pair->header : path;
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(file, limits));
  return decodeNifti(std::move(bytes), file, limits);
}

StatusOr<VolumeHeader> segc::readNiftiHeader(const std::string &path) {
  const std::optional<PairFiles> pair = pairOf(path);
  const std::string &file = pair ? pair->header : path;
  SEGC_RETURN_IF_ERROR(fileSize(file).status());
  SEGC_ASSIGN_OR_RETURN(std::string start,
                        headerAt(readStart(file, packedHeaderBytes), file));
  VolumeHeader header;
  VoxelLayout layout;
  if (pair)
    SEGC_RETURN_IF_ERROR(readHeader(start, file, header, layout));
  else
    SEGC_RETURN_IF_ERROR(readWhole(start, file, header, layout));
  return header;
}
