//===- DicomFiles.cpp - Reading DICOM series with DCMTK -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImageFile.h"
#include "segc/Runtime/Data/DicomSeries.h"

#include <dcmtk/config/osconfig.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <filesystem>
#include <mutex>
#include <optional>

using namespace segc;
namespace fs = std::filesystem;

/// A series has a few hundred files, of several phases a few thousand.
static constexpr size_t maxFiles = 100000;
/// Values of fields beyond this stay in the file until they are asked for.
static constexpr Uint32 maxFieldBytes = 4096;

/// DCMTK's messages would stand between ours; its dictionary is a file.
static Status prepareLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DcmRLEDecoderRegistration::registerCodecs();
    DJDecoderRegistration::registerCodecs();
    DJLSDecoderRegistration::registerCodecs();
  });
  if (dcmDataDict.isDictionaryLoaded())
    return Status::success();
  return ioError("DICOM: DCMTK finds no dictionary (dicom.dic); install "
                 "DCMTK's data files or name them in DCMDICTPATH");
}

//===----------------------------------------------------------------------===//
// Headers
//===----------------------------------------------------------------------===//

namespace {
/// Takes the fields of one file.
class SliceReader {
public:
  SliceReader(DcmDataset &data, const std::string &path)
      : data(data), path(path) {}

  StatusOr<DicomSlice> read() const;

private:
  Status readPlace(DicomSlice &slice) const;
  Status readPixelType(DicomSlice &slice) const;
  std::string text(const DcmTagKey &tag) const {
    OFString value;
    data.findAndGetOFString(tag, value);
    return value.c_str();
  }
  int64_t integer(const DcmTagKey &tag, int64_t otherwise) const {
    Uint16 value = 0;
    return data.findAndGetUint16(tag, value).good() ? int64_t{value}
                                                    : otherwise;
  }
  /// Whether all numbers of the field are there and finite.
  template <size_t n>
  bool numbers(const DcmTagKey &tag, std::array<double, n> &values) const {
    for (size_t i = 0; i < n; ++i)
      if (data.findAndGetFloat64(tag, values[i], static_cast<unsigned long>(i))
              .bad() ||
          !std::isfinite(values[i]))
        return false;
    return true;
  }
  double number(const DcmTagKey &tag, double otherwise) const {
    std::array<double, 1> value;
    return numbers(tag, value) ? value[0] : otherwise;
  }
  Status refused(const std::string &what) const {
    return unsupported(path + ": " + what);
  }

  DcmDataset &data;
  const std::string &path;
};
} // namespace

Status SliceReader::readPlace(DicomSlice &slice) const {
  const char *missing =
      !numbers(DCM_ImagePositionPatient, slice.position)
          ? "ImagePositionPatient"
      : !numbers(DCM_ImageOrientationPatient, slice.orientation)
          ? "ImageOrientationPatient"
      : !numbers(DCM_PixelSpacing, slice.spacing) ? "PixelSpacing"
                                                  : nullptr;
  if (missing)
    return invalidArgument(path + ": no " + missing +
                           ", expected a slice that lies in a patient, as of "
                           "CT or MR");
  slice.thickness =
      number(DCM_SpacingBetweenSlices, number(DCM_SliceThickness, 0));
  slice.slope = number(DCM_RescaleSlope, 1);
  slice.intercept = number(DCM_RescaleIntercept, 0);
  if (slice.slope == 0)
    return invalidArgument(path + ": RescaleSlope is 0, expected another");
  if (data.tagExists(DCM_ModalityLUTSequence))
    return refused("a lookup table in place of a rescale (Modality LUT), "
                   "expected RescaleSlope and RescaleIntercept; convert the "
                   "series with `dcm2niix`");
  return Status::success();
}

Status SliceReader::readPixelType(DicomSlice &slice) const {
  const std::string colours = text(DCM_PhotometricInterpretation);
  if (integer(DCM_SamplesPerPixel, 1) != 1 || colours != "MONOCHROME2")
    return refused("pixels of " + (colours.empty() ? "no kind" : colours) +
                   ", expected grey values (MONOCHROME2)");
  Sint32 frames = 1;
  if (data.findAndGetSint32(DCM_NumberOfFrames, frames).bad())
    frames = 1;
  if (frames != 1)
    return refused(std::to_string(frames) +
                   " slices in one file (enhanced multi-frame), expected one "
                   "a file; convert it with `dcm2niix -z y FOLDER`");
  const int64_t allocated = integer(DCM_BitsAllocated, 0);
  const int64_t stored = integer(DCM_BitsStored, allocated);
  const bool isSigned = integer(DCM_PixelRepresentation, 0) == 1;
  if ((allocated != 8 && allocated != 16 && allocated != 32) || stored < 1 ||
      stored > allocated || integer(DCM_HighBit, stored - 1) != stored - 1)
    return refused("pixels of " + std::to_string(stored) + " bits in " +
                   std::to_string(allocated) +
                   ", expected the lower ones of 8, 16 or 32");
  slice.bitsStored = static_cast<int>(stored);
  slice.type = allocated == 8    ? (isSigned ? VoxelType::I8 : VoxelType::U8)
               : allocated == 16 ? (isSigned ? VoxelType::I16 : VoxelType::U16)
                                 : (isSigned ? VoxelType::I32 : VoxelType::U32);
  return Status::success();
}

StatusOr<DicomSlice> SliceReader::read() const {
  DicomSlice slice;
  slice.path = path;
  slice.series = text(DCM_SeriesInstanceUID);
  slice.description = text(DCM_SeriesDescription);
  slice.columns = integer(DCM_Columns, 0);
  slice.rows = integer(DCM_Rows, 0);
  SEGC_RETURN_IF_ERROR(readPixelType(slice));
  SEGC_RETURN_IF_ERROR(readPlace(slice));
  return slice;
}

/// The header of a file; nothing for one that is no image.
static StatusOr<std::optional<DicomSlice>> readSlice(const std::string &path) {
  DcmFileFormat file;
  if (file.loadFileUntilTag(path.c_str(), EXS_Unknown, EGL_noChange,
                            maxFieldBytes, ERM_fileOnly, DCM_PixelData)
          .bad())
    return std::optional<DicomSlice>();
  DcmDataset &data = *file.getDataset();
  Uint16 size = 0;
  for (const DcmTagKey &tag : {DCM_Rows, DCM_Columns})
    if (data.findAndGetUint16(tag, size).bad() || size == 0)
      return std::optional<DicomSlice>();
  SEGC_ASSIGN_OR_RETURN(DicomSlice slice, SliceReader(data, path).read());
  return std::optional<DicomSlice>(std::move(slice));
}

/// The slices of a folder, and the volume that they make.
static StatusOr<VolumeHeader> readHeaders(const std::string &folder,
                                          std::vector<DicomSlice> &slices) {
  SEGC_RETURN_IF_ERROR(prepareLibrary());
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename().string()[0] != '.' &&
        fs::is_regular_file(entry->path(), error))
      paths.push_back(entry->path().string());
  if (error)
    return ioError(folder + ": cannot list the folder: " + error.message());
  if (paths.size() > maxFiles)
    return unsupported(folder + ": " + std::to_string(paths.size()) +
                       " files, expected one series of at most " +
                       std::to_string(maxFiles));
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> others;
  for (const std::string &path : paths) {
    SEGC_ASSIGN_OR_RETURN(std::optional<DicomSlice> slice, readSlice(path));
    if (slice)
      slices.push_back(std::move(*slice));
    else
      others.push_back(fs::path(path).filename().string());
  }
  if (slices.empty())
    return invalidArgument(folder + ": holds no DICOM images");
  SEGC_ASSIGN_OR_RETURN(VolumeHeader header, arrangeSlices(slices, folder));
  if (!others.empty())
    header.warnings.push_back(std::to_string(others.size()) +
                              " files are no DICOM images and left out (" +
                              others.front() +
                              (others.size() > 1 ? ", ..." : "") + ")");
  return header;
}

StatusOr<VolumeHeader> segc::readDicomHeader(const std::string &folder) {
  std::vector<DicomSlice> slices;
  return readHeaders(folder, slices);
}

//===----------------------------------------------------------------------===//
// Pixels
//===----------------------------------------------------------------------===//

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
                    maxFieldBytes, ERM_fileOnly);
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
                        readHeaders(folder, slices));
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
