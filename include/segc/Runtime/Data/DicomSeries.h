//===- DicomSeries.h - DICOM series in a folder -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A CT or MR series has a file for each slice. Files are read by DCMTK, which a
// build may lack; how slices become a volume is decided here without it: by
// their position in the patient, not by their number or name
// (docs/Formats.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_DICOMSERIES_H
#define SEGC_RUNTIME_DATA_DICOMSERIES_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Volume.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// The header of a file. Positions are in millimetres towards left, posterior,
/// superior.
struct DicomSlice {
  std::string path;
  std::string series;      ///< SeriesInstanceUID
  std::string description; ///< SeriesDescription
  int64_t columns = 0, rows = 0;
  VoxelType type = VoxelType::U16; ///< Before the rescale.
  int bitsStored = 16;
  double slope = 1, intercept = 0;
  std::array<double, 3> position = {0, 0, 0}; ///< Of the first pixel.
  /// Where columns count up, then where rows do: unit vectors.
  std::array<double, 6> orientation = {1, 0, 0, 0, 1, 0};
  std::array<double, 2> spacing = {1, 1}; ///< Between rows, between columns.
  /// SpacingBetweenSlices or SliceThickness, which count for one slice alone; 0
  /// if the file has neither.
  double thickness = 0;
};

/// Sorts slices along the normal of their planes and returns size, spacing and
/// place of the volume that they make. An error names the files where they make
/// none: of several series, of different grids, at one position, with gaps, or
/// sheared by a tilted gantry.
StatusOr<VolumeHeader> arrangeSlices(std::vector<DicomSlice> &slices,
                                     const std::string &where);

/// Reads the series in a folder. Files that are no images are left out with a
/// warning. An error in a build without DCMTK.
StatusOr<Volume> readDicomSeries(const std::string &folder,
                                 const ImageLimits &limits = {});
/// The same without the pixels.
StatusOr<VolumeHeader> readDicomHeader(const std::string &folder);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_DICOMSERIES_H
