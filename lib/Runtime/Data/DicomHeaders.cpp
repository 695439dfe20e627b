//===- DicomHeaders.cpp - Headers of DICOM files, read with DCMTK ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DicomFiles.h"

#include <dcmtk/config/osconfig.h>

#include <algorithm>
#include <cmath>
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
  Status refuseFrames() const;
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

/// An enhanced file holds all slices, with their places in groups of its own
/// kind, even where there is one.
Status SliceReader::refuseFrames() const {
  Sint32 frames = 1;
  if (data.findAndGetSint32(DCM_NumberOfFrames, frames).bad())
    frames = 1;
  const bool enhanced = data.tagExists(DCM_PerFrameFunctionalGroupsSequence) ||
                        data.tagExists(DCM_SharedFunctionalGroupsSequence);
  if (frames == 1 && !enhanced)
    return Status::success();
  return refused(std::to_string(frames) + (frames == 1 ? " slice" : " slices") +
                 " in one file (enhanced multi-frame DICOM), expected a file "
                 "for each slice, without functional groups; convert it with "
                 "`dcm2niix -z y FOLDER`");
}

Status SliceReader::readPixelType(DicomSlice &slice) const {
  const std::string colours = text(DCM_PhotometricInterpretation);
  if (integer(DCM_SamplesPerPixel, 1) != 1 || colours != "MONOCHROME2")
    return refused("pixels of " + (colours.empty() ? "no kind" : colours) +
                   ", expected grey values (MONOCHROME2)");
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
  SEGC_RETURN_IF_ERROR(refuseFrames());
  SEGC_RETURN_IF_ERROR(readPixelType(slice));
  SEGC_RETURN_IF_ERROR(readPlace(slice));
  return slice;
}

/// The header of a file; nothing for one that is no image.
static StatusOr<std::optional<DicomSlice>> readSlice(const std::string &path) {
  DcmFileFormat file;
  if (file.loadFileUntilTag(path.c_str(), EXS_Unknown, EGL_noChange,
                            maxDicomFieldBytes, ERM_fileOnly, DCM_PixelData)
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

StatusOr<VolumeHeader> segc::readDicomSlices(const std::string &folder,
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
  return readDicomSlices(folder, slices);
}
