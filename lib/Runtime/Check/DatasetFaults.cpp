//===- DatasetFaults.cpp - dataset.json and comparisons of cases ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"

#include <algorithm>

using namespace segc;

/// A spacing this many times the median, or its reciprocal, is an outlier.
static constexpr double outlierRatio = 3;

void segc::checkIndex(const DecathlonIndex &index, std::vector<Fault> &faults) {
  const auto count = static_cast<int64_t>(index.training.size());
  if (index.declaredTraining && *index.declaredTraining != count)
    faults.push_back({"num-training", "",
                      "numTraining is " +
                          std::to_string(*index.declaredTraining) + ", but " +
                          std::to_string(count) + " training cases are there",
                      "write " + std::to_string(count)});
  int64_t next = 0;
  for (const auto &[value, name] : index.labels)
    if (value != next++) {
      faults.push_back(
          {"label-gap", "",
           "labels: " + std::to_string(value) + " (" + name + ") comes where " +
               std::to_string(next - 1) + " is expected",
           "number the classes 0, 1, 2, ... in dataset.json and "
           "labels, or train with --label-map " +
               std::to_string(value) + "=" + std::to_string(next - 1)});
      break;
    }
}

static void checkDuplicates(std::vector<CaseFindings> &cases) {
  std::map<std::string, std::string> known;
  for (CaseFindings &entry : cases) {
    if (entry.contentHash.empty())
      continue;
    auto [first, isNew] = known.emplace(entry.contentHash, entry.name);
    if (!isNew)
      entry.add("duplicate",
                "has the image of case " + first->second + ", voxel by voxel",
                "leave out one of the two; across training and validation "
                "scores would be too good");
  }
}

static void checkSpacings(std::vector<CaseFindings> &cases) {
  for (size_t axis = 0; axis < 3; ++axis) {
    std::vector<double> spacings;
    for (const CaseFindings &entry : cases)
      if (entry.spacing)
        spacings.push_back((*entry.spacing)[axis]);
    if (spacings.empty())
      return;
    auto middle =
        spacings.begin() + std::distance(spacings.begin(), spacings.end()) / 2;
    std::nth_element(spacings.begin(), middle, spacings.end());
    for (CaseFindings &entry : cases) {
      if (!entry.spacing)
        continue;
      const double ratio = (*entry.spacing)[axis] / *middle;
      if (ratio <= outlierRatio && ratio >= 1 / outlierRatio)
        continue;
      char text[120];
      std::snprintf(text, sizeof(text),
                    "spacing of %.4g mm along %c, the median is %.4g mm",
                    (*entry.spacing)[axis], "xyz"[axis], *middle);
      entry.add("spacing-outlier", text,
                "compare the header with the scanner's; leave out the case if "
                "it is another kind of scan");
    }
  }
}

void segc::checkAcrossCases(const DecathlonIndex &index,
                            std::vector<CaseFindings> &cases,
                            std::vector<Fault> &faults) {
  checkDuplicates(cases);
  checkSpacings(cases);
  for (const auto &[value, name] : index.labels)
    if (std::none_of(cases.begin(), cases.end(), [&, v = value](const auto &c) {
          return c.labels.count(v) > 0;
        }))
      faults.push_back({"class-missing", "",
                        "no label has the class " + std::to_string(value) +
                            " (" + name + "): it cannot be learnt",
                        "leave the class out of dataset.json, or add cases "
                        "that have it"});
}
