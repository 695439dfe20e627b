//===- DicomPixels.cpp - Pixels of DICOM series, read with DCMTK ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DicomFiles.h"
#include "ImageFile.h"

#include <dcmtk/config/osconfig.h>

#include <algorithm>
#include <cstring>
#include <dcmtk/dcmdata/dctk.h>

using namespace segc;

/// Bits above the stored ones may hold overlays.
template <typename T>
static void keepStoredBits(char *pixels, int64_t count, int bits) {
  constexpr int all = 8 * sizeof(T);
  for (int64_t i = 0; bits < all && i < count; ++i) {
    T value;
    std::memcpy(&value, pixels + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    using Unsigned = std::make_unsigned_t<T>;
    const auto shifted =
        static_cast<T>(static_cast<Unsigned>(value) << (all - bits));
    value = static_cast<T>(shifted >> (all - bits)); // With the sign.
    std::memcpy(pixels + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
  }
}

static void keepStoredBits(char *pixels, int64_t count,
                           const DicomSlice &slice) {
  switch (slice.type) {
  case VoxelType::U8:
    return keepStoredBits<uint8_t>(pixels, count, slice.bitsStored);
  case VoxelType::I8:
    return keepStoredBits<int8_t>(pixels, count, slice.bitsStored);
  case VoxelType::U16:
    return keepStoredBits<uint16_t>(pixels, count, slice.bitsStored);
  case VoxelType::I16:
    return keepStoredBits<int16_t>(pixels, count, slice.bitsStored);
  case VoxelType::U32:
    return keepStoredBits<uint32_t>(pixels, count, slice.bitsStored);
  default:
    return keepStoredBits<int32_t>(pixels, count, slice.bitsStored);
  }
}

/// Writes the pixels of a file to `result`.
static Status readPixels(const DicomSlice &slice, char *result) {
  DcmFileFormat file;
  const OFCondition loaded =
      file.loadFile(slice.path.c_str(), EXS_Unknown, EGL_noChange,
                    maxDicomFieldBytes, ERM_fileOnly);
  if (loaded.bad())
    return dataLoss(slice.path + ": " + loaded.text());
  DcmDataset &data = *file.getDataset();
  const E_TransferSyntax syntax = data.getOriginalXfer();
  const OFCondition unpacked =
      data.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  if (unpacked.bad())
    return unsupported(slice.path + ": pixels packed as \"" +
                       DcmXfer(syntax).getXferName() +
                       "\": " + unpacked.text() +
                       "; unpack the series, for example with gdcmconv --raw");
  const int64_t count = slice.columns * slice.rows;
  const uint64_t bytes = static_cast<uint64_t>(count) * voxelBytes(slice.type);
  const Uint16 *words = nullptr;
  const Uint8 *octets = nullptr;
  unsigned long found = 0;
  uint64_t have = 0;
  const void *pixels = nullptr;
  // Words in this machine's byte order, which is that of the file.
  if (data.findAndGetUint16Array(DCM_PixelData, words, &found).good()) {
    pixels = words;
    have = uint64_t{found} * sizeof(Uint16);
  } else if (data.findAndGetUint8Array(DCM_PixelData, octets, &found).good()) {
    pixels = octets;
    have = found;
  }
  if (!pixels || have < bytes)
    return dataLoss(slice.path + ": " + std::to_string(have) +
                    " bytes of pixels, expected " + std::to_string(bytes) +
                    "; copy the file again");
  std::memcpy(result, pixels, bytes);
  keepStoredBits(result, count, slice);
  return Status::success();
}

/// The pixels of all slices, which have one scale.
static StatusOr<Voxels> readAlike(const std::vector<DicomSlice> &slices,
                                  uint64_t sliceBytes,
                                  const std::string &where) {
  std::string bytes;
  SEGC_RETURN_IF_ERROR(allocate(bytes, sliceBytes * slices.size(), where));
  for (size_t i = 0; i < slices.size(); ++i)
    SEGC_RETURN_IF_ERROR(readPixels(slices[i], bytes.data() + i * sliceBytes));
  Voxels voxels(std::move(bytes), 0, slices.front().type);
  voxels.setScale(slices.front().slope, slices.front().intercept);
  return voxels;
}

/// The same where each slice has a scale of its own, as in PET.
static StatusOr<Voxels> readScaled(const std::vector<DicomSlice> &slices,
                                   uint64_t sliceBytes,
                                   const std::string &where) {
  const uint64_t count = sliceBytes / voxelBytes(slices.front().type);
  std::vector<float> values;
  SEGC_RETURN_IF_ERROR(allocate(values, count * slices.size(), where));
  for (size_t i = 0; i < slices.size(); ++i) {
    SEGC_ASSIGN_OR_RETURN(Voxels slice,
                          readAlike({slices[i]}, sliceBytes, where));
    slice.read(0, count, values.data() + i * count);
  }
  return Voxels(values);
}

StatusOr<Volume> segc::readDicomSeries(const std::string &folder,
                                       const ImageLimits &limits) {
  std::vector<DicomSlice> slices;
  Volume volume;
  SEGC_ASSIGN_OR_RETURN(static_cast<VolumeHeader &>(volume),
                        readDicomSlices(folder, slices));
  const DicomSlice &first = slices.front();
  const bool alike =
      std::all_of(slices.begin(), slices.end(), [&](const DicomSlice &slice) {
        return slice.slope == first.slope && slice.intercept == first.intercept;
      });
  // Rows and columns have 16 bits each.
  const uint64_t sliceBytes =
      static_cast<uint64_t>(first.columns * first.rows) *
      voxelBytes(first.type);
  SEGC_RETURN_IF_ERROR(limits.check(sliceBytes * slices.size(), folder));
  SEGC_ASSIGN_OR_RETURN(volume.voxels,
                        alike ? readAlike(slices, sliceBytes, folder)
                              : readScaled(slices, sliceBytes, folder));
  if (!alike)
    volume.type = VoxelType::F32;
  return volume;
}
