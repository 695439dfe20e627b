//===- ImageFaults.cpp - Values of images ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "VoxelChunks.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Data/GridMatch.h"

using namespace segc;

std::string segc::checkImageValues(const Volume &image, const std::string &path,
                                   CaseFindings &findings) {
  Sha256 hash;
  for (int64_t channel = 0; channel < image.channels; ++channel) {
    const auto first = static_cast<size_t>(image.channel(channel).first),
               count = static_cast<size_t>(image.geometry.voxels());
    std::optional<size_t> bad;
    bool constant = true;
    const float start = image.voxels[first];
    forEachChunk(image.voxels, first, count,
                 [&](const float *values, size_t length, size_t place) {
                   hash.update({reinterpret_cast<const char *>(values),
                                length * sizeof(float)});
                   for (size_t i = 0; i < length; ++i) {
                     constant &= values[i] == start;
                     if (!bad && !std::isfinite(values[i]))
                       bad = place + i;
                   }
                 });
    if (bad)
      findings.add("not-finite",
                   path + " is " + std::to_string(image.voxels[*bad]) +
                       " at voxel " + voxelText(image.geometry, *bad - first),
                   "repair the image or leave out the case");
    else if (constant)
      findings.add("constant",
                   path + " is " + std::to_string(start) + " everywhere",
                   "export the image again or leave out the case");
  }
  return hash.hexDigest();
}
