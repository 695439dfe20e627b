//===- ImageFaults.cpp - Values of images ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Runtime/Data/GridMatch.h"

using namespace segc;

void segc::checkImageValues(const Volume &image, const std::string &path,
                            CaseFindings &findings) {
  for (int64_t channel = 0; channel < image.channels; ++channel) {
    const auto first = static_cast<size_t>(image.channel(channel).first),
               count = static_cast<size_t>(image.geometry.voxels());
    if (auto bad = image.voxels.firstNotFinite(first, count)) {
      findings.add("not-finite",
                   path + " is " + std::to_string(image.voxels[*bad]) +
                       " at voxel " + voxelText(image.geometry, *bad - first),
                   "repair the image or leave out the case");
      continue;
    }
    bool constant = true;
    for (size_t i = 1; i < count && constant; ++i)
      constant = image.voxels[first + i] == image.voxels[first];
    if (constant)
      findings.add("constant",
                   path + " is " + std::to_string(image.voxels[first]) +
                       " everywhere",
                   "export the image again or leave out the case");
  }
}
