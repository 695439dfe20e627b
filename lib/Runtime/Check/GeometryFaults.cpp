//===- GeometryFaults.cpp - Grids and headers -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Data/Notes.h"

using namespace segc;

void segc::checkHeader(const Volume &volume, const std::string &path,
                       CaseFindings &findings) {
  const std::optional<std::string> shear = shearText(volume.geometry);
  for (const std::string &warning : volume.warnings) {
    if (shear && warning == *shear)
      findings.add("sheared", path + ": " + warning,
                   "resample image and label to axes at right angles");
    else
      findings.add("header", path + ": " + warning,
                   "correct the header by the scanner's export");
  }
}

void segc::checkGrids(const Volume &other, const std::string &path,
                      const Volume &image, const std::string &imagePath,
                      const char *what, CaseFindings &findings) {
  Notes notes;
  StatusOr<AxisOrder> order =
      matchGrids(other.geometry, path, image.geometry, imagePath, what, notes);
  if (!order.ok())
    findings.add("grid", order.status().message(),
                 "resample the " + std::string(what) +
                     " to the image, or correct its header");
  for (const std::string &note : notes.take())
    findings.add("grid-form", note,
                 "write the same sform and qform to both files");
}
