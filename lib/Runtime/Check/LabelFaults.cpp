//===- LabelFaults.cpp - Values of labels ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Runtime/Data/GridMatch.h"

using namespace segc;

/// Unknown values that a message lists.
static constexpr size_t maxListed = 8;

static std::string listed(const std::set<int64_t> &values) {
  std::string text;
  size_t count = 0;
  for (int64_t value : values)
    if (++count <= maxListed)
      text += (count > 1 ? ", " : "") + std::to_string(value);
  return count > maxListed ? text + ", ..." : text;
}

/// Whole values that dataset.json does not have.
static void checkUnknown(const std::set<int64_t> &unknown, bool onlyZero,
                         const std::string &path, CaseFindings &findings) {
  if (unknown.empty())
    return;
  if (onlyZero && unknown == std::set<int64_t>{255})
    findings.add("label-255", path + " has the values 0 and 255",
                 "store 1 instead of 255, or train with --label-map 255=1");
  else
    findings.add("label-unknown",
                 path + " has values that dataset.json does not name: " +
                     listed(unknown),
                 "name them in dataset.json, or repair the label");
}

void segc::checkLabelValues(const Volume &label, const std::string &path,
                            const std::map<int64_t, std::string> &labels,
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
  for (size_t i = 0; i < label.voxels.size(); ++i) {
    const double value = double{label.voxels[i]}, whole = std::round(value);
    if (!isWholeLabel(value) || std::abs(whole) > 1e9) {
      fractional = fractional.value_or(i);
      continue;
    }
    if (whole != value)
      scaled = scaled.value_or(i);
    const auto number = static_cast<int64_t>(whole);
    if (labels.count(number))
      findings.labels.insert(number);
    else if (unknown.size() <= maxListed)
      unknown.insert(number);
  }
  const bool onlyZero = findings.labels == std::set<int64_t>{0};
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
  if (onlyZero && unknown.empty() && !fractional && labels.size() > 1)
    findings.add("label-empty", path + " has background alone",
                 "leave out the case unless nothing is there to find");
}
