//===- DicomMissing.cpp - DICOM in a build without DCMTK ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/DicomSeries.h"

using namespace segc;

static Status missing(const std::string &folder) {
  return unsupported(folder +
                     ": a DICOM series, but this segrun was built without "
                     "DCMTK; install it (Debian: libdcmtk-dev), run cmake and "
                     "build again, or convert the series, for example with "
                     "`dcm2niix -z y FOLDER`");
}

StatusOr<Volume> segc::readDicomSeries(const std::string &folder,
                                       const ImageLimits &) {
  return missing(folder);
}

StatusOr<VolumeHeader> segc::readDicomHeader(const std::string &folder) {
  return missing(folder);
}
