//===- Faults.h - Families of faults ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_FAULTS_H
#define SEGC_LIB_RUNTIME_CHECK_FAULTS_H

#include "segc/Runtime/Check/Check.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <set>

namespace segc {

/// What is found in one case.
struct CaseFindings {
  std::string name;
  std::vector<Fault> faults;
  std::string contentHash; ///< Of the images' voxels; empty if unreadable.
  std::optional<std::array<double, 3>>
      spacing;              ///< In the order of the axes R, A, S.
  std::set<int64_t> labels; ///< Values of the label that are in dataset.json.

  void add(const char *fault, std::string what, std::string fix) {
    faults.push_back({fault, name, std::move(what), std::move(fix)});
  }
};

/// Values of an image: NaN, infinity, one value everywhere.
void checkImageValues(const Volume &image, const std::string &path,
                      CaseFindings &findings);

/// Values of a label, held against the labels of dataset.json.
void checkLabelValues(const Volume &label, const std::string &path,
                      const std::map<int64_t, std::string> &labels,
                      CaseFindings &findings);

/// Grids of two files of a case, by the rules of training.
void checkGrids(const Volume &other, const std::string &path,
                const Volume &image, const std::string &imagePath,
                const char *what, CaseFindings &findings);

/// What contradicts itself in the header of a file.
void checkHeader(const Volume &volume, const std::string &path,
                 CaseFindings &findings);

/// What dataset.json says about itself.
void checkIndex(const DecathlonIndex &index, std::vector<Fault> &faults);

/// Faults that only the comparison of cases shows.
void checkAcrossCases(const DecathlonIndex &index,
                      std::vector<CaseFindings> &cases,
                      std::vector<Fault> &faults);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_FAULTS_H
