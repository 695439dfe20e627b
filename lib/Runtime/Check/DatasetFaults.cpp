//===- DatasetFaults.cpp - Comparisons of cases ---------------------------===//
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

static bool holds(const std::vector<std::string> &names,
                  const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "; fold 0 trains on the one and validates with the other".
static std::string acrossFolds(const std::vector<NamedFold> &folds,
                               const std::string &a, const std::string &b) {
  for (size_t i = 0; i < folds.size(); ++i)
    if ((holds(folds[i].training, a) && holds(folds[i].validation, b)) ||
        (holds(folds[i].training, b) && holds(folds[i].validation, a)))
      return "; fold " + std::to_string(i) +
             " trains on the one and validates with the other";
  return "";
}

static void checkDuplicates(const std::vector<NamedFold> &folds,
                            std::vector<CaseFindings> &cases) {
  std::map<std::string, std::string> known;
  for (CaseFindings &entry : cases) {
    if (entry.contentHash.empty())
      continue;
    auto [first, isNew] = known.emplace(entry.contentHash, entry.name);
    if (!isNew)
      entry.add("duplicate",
                "has the image of case " + first->second + ", voxel by voxel" +
                    acrossFolds(folds, first->second, entry.name),
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

void segc::checkAcrossCases(const std::vector<NamedFold> &folds,
                            std::vector<CaseFindings> &cases) {
  checkDuplicates(folds, cases);
  checkSpacings(cases);
}

void segc::checkClasses(const LabelNames &labels,
                        const std::vector<CaseFindings> &cases,
                        std::vector<Fault> &faults) {
  for (const auto &[value, name] : labels)
    if (std::none_of(cases.begin(), cases.end(), [v = value](const auto &c) {
          return c.labels.count(v) > 0;
        }))
      faults.push_back({"class-missing", "",
                        "no label has the class " + std::to_string(value) +
                            " (" + name + "): it cannot be learnt",
                        "leave the class out of dataset.json, or add cases "
                        "that have it"});
}

void segc::gatherFaults(std::vector<CaseFindings> &cases, CheckReport &report) {
  for (CaseFindings &findings : cases)
    std::move(findings.faults.begin(), findings.faults.end(),
              std::back_inserter(report.faults));
}
