//===- Nifti.cpp - NIfTI-1 volumes ----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Nifti.h"
#include "Gzip.h"
#include "NiftiTypes.h"
#include "segc/Base/Files.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;
using namespace segc::nifti;

/// Deflate cannot unpack a byte into more than this many.
static constexpr uint64_t maxExpansion = 1032;
static constexpr uint64_t maxVoxels = uint64_t{1} << 32;

//===----------------------------------------------------------------------===//
// Reading the header
//===----------------------------------------------------------------------===//

template <typename T>
static void swapBytes(T &value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  std::reverse(bytes, bytes + sizeof(T));
  std::memcpy(&value, bytes, sizeof(T));
}

template <typename T, size_t n>
static void swapBytes(T (&values)[n]) {
  for (T &value : values)
    swapBytes(value);
}

static void swapHeader(NiftiHeader &h) {
  swapBytes(h.headerSize);
  swapBytes(h.extents);
  swapBytes(h.sessionError);
  swapBytes(h.dim);
  swapBytes(h.intent);
  swapBytes(h.intentCode);
  swapBytes(h.dataTypeCode);
  swapBytes(h.bitsPerVoxel);
  swapBytes(h.sliceStart);
  swapBytes(h.pixelSize);
  swapBytes(h.voxelOffset);
  swapBytes(h.scaleSlope);
  swapBytes(h.scaleOffset);
  swapBytes(h.sliceEnd);
  swapBytes(h.displayMax);
  swapBytes(h.displayMin);
  swapBytes(h.sliceDuration);
  swapBytes(h.timeOffset);
  swapBytes(h.unused);
  swapBytes(h.qformCode);
  swapBytes(h.sformCode);
  swapBytes(h.quaternion);
  swapBytes(h.qformOffset);
  swapBytes(h.sform);
}

namespace {

/// What the header says about the rest of the file.
struct Layout {
  bool swapped = false;
  uint64_t offset = 0, elementBytes = 0, elements = 0;
  float slope = 1, intercept = 0;

  uint64_t end() const { return offset + elements * elementBytes; }
};

} // namespace

static Status readSizes(const NiftiHeader &h, const std::string &where,
                        Volume &volume, Layout &layout) {
  if (h.dim[0] < 3 || h.dim[0] > 7)
    return invalidArgument(where + ": " + std::to_string(h.dim[0]) +
                           " dimensions, expected 3 (x, y, z) or 4 (channels)");
  layout.elements = 1;
  for (int axis = 1; axis <= h.dim[0]; ++axis) {
    if (h.dim[axis] < 1 || (axis > 4 && h.dim[axis] != 1))
      return invalidArgument(where + ": size " + std::to_string(h.dim[axis]) +
                             " along dimension " + std::to_string(axis) +
                             ", expected " + (axis > 4 ? "1" : "at least 1"));
    layout.elements *= static_cast<uint64_t>(h.dim[axis]);
  }
  if (layout.elements > maxVoxels)
    return unsupported(where + ": " + std::to_string(layout.elements) +
                       " voxels, expected at most " +
                       std::to_string(maxVoxels));
  for (size_t axis = 0; axis < 3; ++axis) {
    volume.geometry.size[axis] = h.dim[axis + 1];
    double spacing = std::abs(double{h.pixelSize[axis + 1]});
    if (!std::isfinite(spacing) || spacing == 0)
      return invalidArgument(where + ": voxel spacing " +
                             std::to_string(h.pixelSize[axis + 1]) +
                             " along axis " + std::to_string(axis) +
                             ", expected a positive number");
    volume.geometry.spacing[axis] = spacing * unitMillimetres(h.units);
  }
  volume.channels = h.dim[0] >= 4 ? h.dim[4] : 1;
  return Status::success();
}

/// `bytes` holds at least the header.
static Status readHeader(std::string_view bytes, const std::string &where,
                         Volume &volume, Layout &layout) {
  NiftiHeader &h = volume.geometry.header;
  std::memcpy(&h, bytes.data(), sizeof(h));
  if (h.headerSize != int32_t{sizeof(h)}) {
    swapHeader(h);
    layout.swapped = true;
  }
  if (h.headerSize != int32_t{sizeof(h)}) {
    int32_t other = h.headerSize;
    swapBytes(other);
    if (h.headerSize == 540 || other == 540)
      return unsupported(where + ": NIfTI-2, expected NIfTI-1; convert it");
    return invalidArgument(where + ": not a NIfTI-1 file: header size " +
                           std::to_string(other) + ", expected 348");
  }
  if (std::memcmp(h.magic, "ni1", 4) == 0)
    return unsupported(where + ": a header of a .hdr/.img pair, expected one "
                               "file; convert it to .nii");
  if (std::memcmp(h.magic, "n+1", 4) != 0)
    return invalidArgument(where + ": not a NIfTI-1 file: no \"n+1\" at the "
                                   "end of the header");
  SEGC_RETURN_IF_ERROR(readSizes(h, where, volume, layout));

  layout.elementBytes = elementBytes(h.dataTypeCode);
  if (layout.elementBytes == 0)
    return unsupported(where + ": data type " + std::to_string(h.dataTypeCode) +
                       ", expected u8, i8, i16, u16, i32, u32, f32 or f64 (2, "
                       "256, 4, 512, 8, 768, 16, 64)");
  if (static_cast<uint64_t>(h.bitsPerVoxel) != 8 * layout.elementBytes)
    return dataLoss(where + ": bitpix " + std::to_string(h.bitsPerVoxel) +
                    " contradicts data type " + std::to_string(h.dataTypeCode) +
                    ", expected " + std::to_string(8 * layout.elementBytes));
  // A whole number below 2^24 is exact in f32; real extensions are far smaller.
  if (!(h.voxelOffset >= float{dataStart} && h.voxelOffset < 0x1p24f) ||
      h.voxelOffset != std::floor(h.voxelOffset))
    return dataLoss(where + ": voxels start at byte " +
                    std::to_string(h.voxelOffset) + ", expected 352 or more");
  layout.offset = static_cast<uint64_t>(h.voxelOffset);
  // By the standard a slope of 0 means "no scaling".
  if (h.scaleSlope != 0 && std::isfinite(h.scaleSlope)) {
    if (!std::isfinite(h.scaleOffset))
      return dataLoss(where + ": scl_inter is not a finite number");
    layout.slope = h.scaleSlope;
    layout.intercept = h.scaleOffset;
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Reading the voxels
//===----------------------------------------------------------------------===//

template <typename T>
static void convert(const char *source, const Layout &layout, float *result) {
  const bool scaled = layout.slope != 1 || layout.intercept != 0;
  for (uint64_t i = 0; i < layout.elements; ++i, source += sizeof(T)) {
    T value;
    std::memcpy(&value, source, sizeof(T));
    if (layout.swapped)
      swapBytes(value);
    result[i] =
        scaled ? static_cast<float>(static_cast<double>(value) * layout.slope +
                                    layout.intercept)
               : static_cast<float>(value);
  }
}

static void convertAll(const char *source, const Layout &layout, int16_t code,
                       float *result) {
  switch (code) {
  case U8:
    return convert<uint8_t>(source, layout, result);
  case I8:
    return convert<int8_t>(source, layout, result);
  case I16:
    return convert<int16_t>(source, layout, result);
  case U16:
    return convert<uint16_t>(source, layout, result);
  case I32:
    return convert<int32_t>(source, layout, result);
  case U32:
    return convert<uint32_t>(source, layout, result);
  case F32:
    return convert<float>(source, layout, result);
  case F64:
    return convert<double>(source, layout, result);
  }
}

static Status wrongLength(const std::string &where, const Volume &volume,
                          const Layout &layout, const std::string &found) {
  const auto &size = volume.geometry.size;
  return dataLoss(where + ": the header (" + std::to_string(size[0]) + "x" +
                  std::to_string(size[1]) + "x" + std::to_string(size[2]) +
                  ", " + std::to_string(volume.channels) + " channels of " +
                  std::to_string(layout.elementBytes) + " bytes) asks for " +
                  std::to_string(layout.end()) + " bytes, found " + found +
                  "; the file is truncated or its header wrong");
}

static Expected<Volume> decodePlain(std::string_view bytes,
                                    const std::string &where) {
  Volume volume;
  Layout layout;
  if (bytes.size() < sizeof(NiftiHeader))
    return dataLoss(where + ": " + std::to_string(bytes.size()) +
                    " bytes, expected a NIfTI-1 header of 348");
  SEGC_RETURN_IF_ERROR(readHeader(bytes, where, volume, layout));
  if (bytes.size() != layout.end())
    return wrongLength(where, volume, layout, std::to_string(bytes.size()));
  volume.voxels.resize(layout.elements);
  convertAll(bytes.data() + layout.offset, layout,
             volume.geometry.header.dataTypeCode, volume.voxels.data());
  return volume;
}

static Expected<Volume> decodeGzip(std::string_view bytes,
                                   const std::string &where) {
  GzipReader reader(bytes);
  std::string image(sizeof(NiftiHeader), '\0');
  uint64_t got = reader.read(image.data(), image.size());
  if (got < image.size())
    return dataLoss(where + ": " + (reader.intact() ? "" : "damaged gzip, ") +
                    std::to_string(got) +
                    " bytes unpacked, expected a NIfTI-1 header of 348");
  Volume volume;
  Layout layout;
  SEGC_RETURN_IF_ERROR(readHeader(image, where, volume, layout));
  if (layout.end() / maxExpansion > bytes.size())
    return wrongLength(where, volume, layout,
                       std::to_string(bytes.size()) + " compressed ones");
  image.resize(layout.end());
  got += reader.read(image.data() + got, layout.end() - got);
  if (got < layout.end())
    return wrongLength(where, volume, layout,
                       std::to_string(got) +
                           (reader.intact() ? "" : " before damaged gzip"));
  // Asking past the end makes zlib compare the checksum.
  char beyond;
  if (reader.read(&beyond, 1) != 0)
    return wrongLength(where, volume, layout, "more");
  if (!reader.intact())
    return dataLoss(where + ": the gzip checksum does not fit the content; "
                            "copy the file again");
  volume.voxels.resize(layout.elements);
  convertAll(image.data() + layout.offset, layout,
             volume.geometry.header.dataTypeCode, volume.voxels.data());
  return volume;
}

Expected<Volume> segc::decodeNifti(std::string_view bytes,
                                   const std::string &where) {
  bool gzip = bytes.size() >= 2 && bytes.substr(0, 2) == "\x1f\x8b";
  return gzip ? decodeGzip(bytes, where) : decodePlain(bytes, where);
}

Expected<Volume> segc::readNifti(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readFile(path));
  return decodeNifti(bytes, path);
}
