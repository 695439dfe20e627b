//===- LabelFaults.cpp - Values of labels ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "VoxelChunks.h"
#include "segc/Runtime/Data/GridMatch.h"

using namespace segc;

/// Whole values that dataset.json does not have.
static void checkUnknown(const std::set<int64_t> &unknown, bool onlyZero,
                         const std::string &path, CaseFindings &findings) {
  if (unknown.empty())
    return;
  if (onlyZero && unknown == std::set<int64_t>{255})
    findings.add("label-255", path + " has the values 0 and 255",
                 "store 1 instead of 255, or train with --label-map 255=1");
  else
    findings.add(
        "label-unknown",
        path + " has values that dataset.json does not name: " +
            listedText(unknown, [](int64_t v) { return std::to_string(v); }),
        "name them in dataset.json, or repair the label");
}

void segc::checkLabelValues(const Volume &label, const std::string &path,
                            const DecathlonIndex &index,
                            CaseFindings &findings) {
  if (label.channels != 1) {
    findings.add("label-channels",
                 path + " has " + std::to_string(label.channels) +
                     " channels, expected one of class numbers",
                 "store the number of the class of each voxel");
    return;
  }
  std::set<int64_t> unknown;
  std::optional<size_t> fractional, scaled;
  auto take = [&](float stored, size_t place) {
    const auto value = double{stored};
    const double whole = std::round(value);
    if (!isWholeLabel(value) || std::abs(whole) > 1e9) {
      fractional = fractional.value_or(place);
      return;
    }
    if (whole != value)
      scaled = scaled.value_or(place);
    const auto number = static_cast<int64_t>(whole);
    if (index.labels.count(number) || number == index.ignoreLabel)
      findings.labels.insert(number);
    else if (unknown.size() <= maxListed)
      unknown.insert(number);
  };
  // Labels are runs of one value. NaN is no run.
  float last = std::numeric_limits<float>::quiet_NaN();
  forEachChunk(label.voxels, 0, label.voxels.size(),
               [&](const float *values, size_t length, size_t place) {
                 for (size_t i = 0; i < length; ++i)
                   if (values[i] != last)
                     take(last = values[i], place + i);
               });
  std::set<int64_t> classes = findings.labels;
  if (index.ignoreLabel)
    classes.erase(*index.ignoreLabel);
  const bool onlyZero = classes == std::set<int64_t>{0};
  if (fractional)
    findings.add("label-fractional",
                 path + " is " + std::to_string(label.voxels[*fractional]) +
                     " at voxel " + voxelText(label.geometry, *fractional),
                 "resample the label again by nearest neighbour");
  if (scaled)
    findings.add("label-scaled",
                 path + " is nearly, but not a whole number at voxel " +
                     voxelText(label.geometry, *scaled),
                 "store whole numbers; training rounds them");
  checkUnknown(unknown, onlyZero, path, findings);
  if (onlyZero && unknown.empty() && !fractional && index.labels.size() > 1)
    findings.add("label-empty", path + " has background alone",
                 "leave out the case unless nothing is there to find");
}
