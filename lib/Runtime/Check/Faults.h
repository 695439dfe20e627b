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
#include "segc/Runtime/Data/SplitsFile.h"

#include <set>

namespace segc {

/// Names in lists that a message shows.
constexpr size_t maxListed = 8;

/// The numbers of classes and their names.
using LabelNames = std::map<int64_t, std::string>;

/// What is found in one case.
struct CaseFindings {
  std::string name;
  std::vector<Fault> faults;
  std::string contentHash; ///< Of the images' voxels; empty if unreadable.
  std::optional<std::array<double, 3>>
      spacing;              ///< In the order of the axes R, A, S.
  std::set<int64_t> labels; ///< Values of the label that have a class, and
                            ///< the ignore label.

  void add(const char *fault, std::string what, std::string fix) {
    faults.push_back({fault, name, std::move(what), std::move(fix)});
  }
};

/// A data set of volumes and what the pass over its files has found.
struct VolumeSet {
  DecathlonIndex index;
  std::vector<NamedFold> folds;              ///< Of splits_final.json.
  std::vector<DecathlonIndex::Case> entries; ///< Those of training first.
  std::vector<CaseFindings> cases;           ///< Of each entry.
  std::vector<Fault> faults;                 ///< Of the data set.
  bool isParsed = false; ///< Else `faults` says what is wrong with the index.
};

/// Reads a folder with dataset.json, every case once.
StatusOr<VolumeSet> examineVolumes(const std::string &folder,
                                   const ImageLimits &limits, ThreadPool &pool,
                                   const CheckProgress &progress);

/// Looks at one case of volumes.
void checkCase(const CaseFiles &files, const DecathlonIndex &index,
               const ImageLimits &limits, CaseFindings &findings);

/// Looks at stacks of slices; nothing if none are there.
StatusOr<std::optional<CheckReport>> checkSlices(const std::string &folder,
                                                 const ImageLimits &limits,
                                                 ThreadPool &pool,
                                                 const CheckProgress &progress);

/// Calls look(i) for the findings of each case on all threads. What it throws
/// becomes a fault of the case.
Status examineCases(std::vector<CaseFindings> &cases, ThreadPool &pool,
                    const CheckProgress &progress,
                    const std::function<void(size_t)> &look);

/// Parses dataset.json. A case that is listed twice in the same words, and how
/// the text is written, are faults; another error is returned.
StatusOr<DecathlonIndex> readIndex(const std::string &text,
                                   const std::string &where,
                                   std::vector<Fault> &faults);

/// Takes entries of the lists of cases out that repeat an earlier one; returns
/// their images.
std::vector<std::string> dropRepeatedCases(OrderedJson &json);

/// Values of an image: NaN, infinity, one value everywhere. Returns their hash.
std::string checkImageValues(const Volume &image, const std::string &path,
                             CaseFindings &findings);

/// Values of a label, held against the labels of dataset.json.
void checkLabelValues(const Volume &label, const std::string &path,
                      const DecathlonIndex &index, CaseFindings &findings);

/// Grids of two files of a case, by the rules of training.
void checkGrids(const Volume &other, const std::string &path,
                const Volume &image, const std::string &imagePath,
                const char *what, CaseFindings &findings);

/// What contradicts itself in the header of a file.
void checkHeader(const Volume &volume, const std::string &path,
                 CaseFindings &findings);

/// What dataset.json says about itself.
void checkIndex(const DecathlonIndex &index, std::vector<Fault> &faults);

/// Files that macOS lays beside images and labels.
void checkStrayFiles(const std::string &folder, std::vector<Fault> &faults);

/// Reads splits_final.json, where it is there, and holds it against the cases.
std::vector<NamedFold> checkSplits(const std::string &folder,
                                   const DecathlonIndex &index,
                                   std::vector<Fault> &faults);

/// Faults that only the comparison of cases shows.
void checkAcrossCases(const std::vector<NamedFold> &folds,
                      std::vector<CaseFindings> &cases);

/// Classes that no case has.
void checkClasses(const LabelNames &labels,
                  const std::vector<CaseFindings> &cases,
                  std::vector<Fault> &faults);

/// Adds the faults of the cases to those of the data set.
void gatherFaults(std::vector<CaseFindings> &cases, CheckReport &report);

/// "a, b, c", shortened.
template <typename Values, typename Text>
std::string listedText(const Values &values, Text text) {
  std::string result;
  size_t count = 0;
  for (const auto &value : values)
    if (++count <= maxListed)
      result += (count > 1 ? ", " : "") + text(value);
  return count > maxListed ? result + ", ..." : result;
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_FAULTS_H
