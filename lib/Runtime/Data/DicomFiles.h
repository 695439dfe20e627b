//===- DicomFiles.h - What the readers of DICOM share -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_DICOMFILES_H
#define SEGC_LIB_RUNTIME_DATA_DICOMFILES_H

#include "segc/Runtime/Data/DicomSeries.h"

namespace segc {

/// Values of fields beyond this stay in the file until they are asked for.
inline constexpr uint32_t maxDicomFieldBytes = 4096;

/// Reads the slices of a folder without their pixels, and returns the volume
/// that they make. DCMTK can unpack pixels from then on.
StatusOr<VolumeHeader> readDicomSlices(const std::string &folder,
                                       std::vector<DicomSlice> &slices);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_DICOMFILES_H
