//===- NiftiHeader.cpp - Reading NIfTI headers ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "NiftiLayout.h"
#include "NiftiTypes.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;
using namespace segc::nifti;

//===----------------------------------------------------------------------===//
// Byte order
//===----------------------------------------------------------------------===//

template <typename T>
static void swapBytes(T &value) {
  swapAll(reinterpret_cast<char *>(&value), 1, sizeof(T));
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

//===----------------------------------------------------------------------===//
// The two formats
//===----------------------------------------------------------------------===//

namespace {

/// The fields that are wider in NIfTI-2 than in NIfTI-1.
struct WideFields {
  int64_t dim[8];
  double pixelSize[4];
  double voxelOffset, slope, intercept;
  uint64_t dataStart; ///< Where the voxels may start at the earliest.
};

/// Takes fields of NIfTI-2 out by their place (nifti2.h).
class Nifti2Reader {
public:
  Nifti2Reader(std::string_view bytes, bool swapped)
      : bytes(bytes), swapped(swapped) {}

  template <typename T>
  T at(size_t place) const {
    T value;
    std::memcpy(&value, bytes.data() + place, sizeof(T));
    if (swapped)
      swapBytes(value);
    return value;
  }
  float f32(size_t place) const {
    return static_cast<float>(at<double>(place));
  }
  template <size_t n>
  void text(size_t place, char (&result)[n]) const {
    std::memcpy(result, bytes.data() + place, n);
  }

private:
  std::string_view bytes;
  bool swapped;
};

} // namespace

static WideFields fromNifti1(const NiftiHeader &h) {
  WideFields wide;
  std::copy(std::begin(h.dim), std::end(h.dim), wide.dim);
  std::copy_n(h.pixelSize, 4, wide.pixelSize);
  wide.voxelOffset = h.voxelOffset;
  wide.slope = h.scaleSlope;
  wide.intercept = h.scaleOffset;
  wide.dataStart = dataStart;
  return wide;
}

static WideFields fromNifti2(const Nifti2Reader &from, NiftiHeader &h) {
  WideFields wide;
  h.headerSize = sizeof(h);
  std::memcpy(h.magic, "n+1", 4);
  h.dataTypeCode = from.at<int16_t>(12);
  h.bitsPerVoxel = from.at<int16_t>(14);
  for (size_t i = 0; i < 8; ++i) {
    wide.dim[i] = from.at<int64_t>(16 + 8 * i);
    h.dim[i] = static_cast<int16_t>(
        std::clamp<int64_t>(wide.dim[i], INT16_MIN, INT16_MAX));
    h.pixelSize[i] = from.f32(104 + 8 * i);
  }
  for (size_t i = 0; i < 4; ++i)
    wide.pixelSize[i] = from.at<double>(104 + 8 * i);
  for (size_t i = 0; i < 3; ++i) {
    h.intent[i] = from.f32(80 + 8 * i);
    h.quaternion[i] = from.f32(352 + 8 * i);
    h.qformOffset[i] = from.f32(376 + 8 * i);
    for (size_t j = 0; j < 4; ++j)
      h.sform[i][j] = from.f32(400 + 32 * i + 8 * j);
  }
  wide.voxelOffset = static_cast<double>(from.at<int64_t>(168));
  wide.slope = from.at<double>(176);
  wide.intercept = from.at<double>(184);
  h.displayMax = from.f32(192);
  h.displayMin = from.f32(200);
  h.sliceDuration = from.f32(208);
  h.timeOffset = from.f32(216);
  h.sliceStart = static_cast<int16_t>(from.at<int64_t>(224));
  h.sliceEnd = static_cast<int16_t>(from.at<int64_t>(232));
  from.text(240, h.description);
  from.text(320, h.auxiliaryFile);
  h.qformCode = static_cast<int16_t>(from.at<int32_t>(344));
  h.sformCode = static_cast<int16_t>(from.at<int32_t>(348));
  h.sliceCode = static_cast<char>(from.at<int32_t>(496));
  h.units = static_cast<char>(from.at<int32_t>(500));
  h.intentCode = static_cast<int16_t>(from.at<int32_t>(504));
  from.text(508, h.intentName);
  h.dimInfo = from.at<char>(524);
  wide.dataStart = nifti2DataStart;
  return wide;
}

//===----------------------------------------------------------------------===//
// Checking the fields
//===----------------------------------------------------------------------===//

static Status readSizes(const WideFields &wide, const std::string &where,
                        VolumeHeader &volume, VoxelLayout &layout) {
  const int64_t rank = wide.dim[0];
  if (rank < 2 || rank > 7)
    return invalidArgument(
        where + ": " + std::to_string(rank) +
        " dimensions, expected 2 (x, y), 3 (x, y, z) or more "
        "(channels)");
  layout.elements = 1;
  volume.channels = 1;
  for (int axis = 1; axis <= rank; ++axis) {
    int64_t size = wide.dim[axis];
    // As niftilib has it: a further dimension of size 0 is none.
    if (axis > 3 && size == 0)
      size = 1;
    if (size < 1)
      return invalidArgument(where + ": size " + std::to_string(size) +
                             " along dimension " + std::to_string(axis) +
                             ", expected at least 1");
    if (axis > 3 && size > 1 && volume.channels > 1)
      return invalidArgument(where + ": " + std::to_string(volume.channels) +
                             " and " + std::to_string(size) +
                             " volumes along the dimensions behind z, expected "
                             "one of them to count channels");
    if (size > INT16_MAX)
      return unsupported(where + ": size " + std::to_string(size) +
                         " along dimension " + std::to_string(axis) +
                         ", expected at most 32767, the limit of the masks' "
                         "format (NIfTI-1)");
    // Four sizes of 15 bits.
    layout.elements *= static_cast<uint64_t>(size);
    if (axis > 3)
      volume.channels *= size;
  }
  for (int axis = 0; axis < 3; ++axis)
    volume.geometry.size[static_cast<size_t>(axis)] =
        axis < rank ? wide.dim[axis + 1] : 1;
  return Status::success();
}

static Status readType(const NiftiHeader &h, const std::string &where,
                       VolumeHeader &volume, VoxelLayout &layout) {
  std::optional<VoxelType> type = voxelType(h.dataTypeCode);
  if (!type) {
    const char *name = foreignTypeName(h.dataTypeCode);
    return unsupported(
        where + ": " +
        (name ? std::string(name) + " voxels (data type "
              : std::string("voxels of an unknown type (data type ")) +
        std::to_string(h.dataTypeCode) +
        "), expected one integer or real number a voxel (u8 to u64, i8 to "
        "i64, f32, f64); convert the image, for example to grey values or "
        "magnitudes");
  }
  layout.type = volume.type = *type;
  if (h.bitsPerVoxel != 0 &&
      static_cast<uint64_t>(h.bitsPerVoxel) != 8 * voxelBytes(*type))
    return dataLoss(where + ": bitpix " + std::to_string(h.bitsPerVoxel) +
                    " contradicts the data type " + voxelTypeName(*type) +
                    " (" + std::to_string(h.dataTypeCode) + "), expected " +
                    std::to_string(8 * voxelBytes(*type)));
  return Status::success();
}

static Status readPlace(const WideFields &wide, const std::string &where,
                        VoxelLayout &layout) {
  const double offset = wide.voxelOffset;
  // A whole number below 2^24 is exact in f32; real extensions are far smaller.
  if (!(offset >= double(wide.dataStart) && offset < 0x1p24) ||
      offset != std::floor(offset))
    return dataLoss(where + ": vox_offset " + std::to_string(offset) +
                    " starts the voxels inside the header, expected " +
                    std::to_string(wide.dataStart) +
                    " or more; write the file again with a tool that sets it");
  layout.offset = static_cast<uint64_t>(offset);
  // By the standard a slope of 0 means "no scaling"; NaN is used like it.
  if (wide.slope == 0 || !std::isfinite(wide.slope))
    return Status::success();
  if (!std::isfinite(wide.intercept))
    return dataLoss(where +
                    ": scl_inter is not a finite number, but scl_slope "
                    "is " +
                    std::to_string(wide.slope));
  layout.slope = wide.slope;
  layout.intercept = wide.intercept;
  return Status::success();
}

static bool isSizeOf(std::string_view start, int32_t size) {
  int32_t value, other;
  std::memcpy(&value, start.data(), sizeof(value));
  other = value;
  swapBytes(other);
  return value == size || other == size;
}

size_t segc::nifti::headerBytes(std::string_view start) {
  return isSizeOf(start, nifti2HeaderBytes) ? size_t{nifti2HeaderBytes}
                                            : sizeof(NiftiHeader);
}

/// What a file is whose first bytes are no header that we read.
static Status noHeader(std::string_view bytes, const std::string &where) {
  std::string foreign = foreignFormat(bytes, where);
  return foreign.empty()
             ? invalidArgument(where + ": not a NIfTI file: no header of 348 "
                                       "(NIfTI-1) or 540 bytes (NIfTI-2)")
             : unsupported(where + ": " + foreign);
}

bool segc::nifti::isPair(std::string_view header) {
  const bool second = isSizeOf(header, nifti2HeaderBytes);
  const std::string_view magic = header.substr(second ? 4 : 344, 4);
  return magic == std::string_view(second ? "ni2\0" : "ni1\0", 4);
}

Status segc::nifti::readHeader(std::string_view bytes, const std::string &where,
                               VolumeHeader &volume, VoxelLayout &layout) {
  NiftiHeader &h = volume.geometry.header;
  WideFields wide;
  int32_t size;
  std::memcpy(&size, bytes.data(), sizeof(size));
  if (isSizeOf(bytes, nifti2HeaderBytes)) {
    layout.swapped = size != nifti2HeaderBytes;
    const std::string_view magic = bytes.substr(4, 8);
    if (magic.substr(0, 4) !=
            std::string_view(isPair(bytes) ? "ni2" : "n+2", 4) ||
        magic.substr(4) != "\r\n\x1a\n")
      return invalidArgument(where + ": not a NIfTI-2 file: no \"n+2\" or "
                                     "\"ni2\" behind the size of the header; "
                                     "files that were sent as text are damaged "
                                     "there");
    wide = fromNifti2(Nifti2Reader(bytes, layout.swapped), h);
  } else if (isSizeOf(bytes, sizeof(h))) {
    std::memcpy(&h, bytes.data(), sizeof(h));
    layout.swapped = size != int32_t{sizeof(h)};
    if (layout.swapped)
      swapHeader(h);
    if (std::memcmp(h.magic, "n+1", 4) != 0 && !isPair(bytes))
      return unsupported(
          where + ": Analyze 7.5, whose header does not say which side of the "
                  "patient is left, expected NIfTI (.nii, .nii.gz, or .hdr and "
                  ".img); convert it with a tool that knows how it was "
                  "written, for example FSL's `fslchfiletype NIFTI_GZ`, and "
                  "compare the sides");
    wide = fromNifti1(h);
  } else {
    return noHeader(bytes, where);
  }
  if (isPair(bytes))
    wide.dataStart = 0;
  SEGC_RETURN_IF_ERROR(readSizes(wide, where, volume, layout));
  SEGC_RETURN_IF_ERROR(placeVolume(where, volume.geometry, volume.warnings));
  SEGC_RETURN_IF_ERROR(readType(h, where, volume, layout));
  return readPlace(wide, where, layout);
}
