//===- VolumeSet.cpp - The pass over a data set of volumes ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Base/Files.h"

#include <filesystem>

using namespace segc;

//===----------------------------------------------------------------------===//
// One case
//===----------------------------------------------------------------------===//

/// Whether all files of a case are there. Each that is not is a fault.
static bool checkFiles(const CaseFiles &files, CaseFindings &findings) {
  if (!files.status.ok()) {
    findings.add("channel-files", files.status.message(),
                 "name the channels in dataset.json, or repair the case");
    return false;
  }
  bool complete = true;
  std::vector<std::string> paths = files.images;
  if (!files.label.empty())
    paths.push_back(files.label);
  for (const std::string &path : paths) {
    if (pathExists(path))
      continue;
    complete = false;
    findings.add("missing", path + " is missing",
                 "add the file or take the case out of dataset.json");
  }
  return complete;
}

/// Reads a file of a case; a fault if it cannot be read.
static std::optional<Volume> readFileOf(const std::string &path,
                                        const ImageLimits &limits,
                                        CaseFindings &findings) {
  StatusOr<Volume> volume = volumeFormatOf(path).read(path, limits);
  if (!volume.ok()) {
    findings.add("unreadable", volume.status().message(),
                 "copy or export the file again");
    return std::nullopt;
  }
  checkHeader(*volume, path, findings);
  return std::move(*volume);
}

static void checkChannels(const std::vector<Volume> &images,
                          const DecathlonIndex &index, CaseFindings &findings) {
  int64_t found = 0;
  for (const Volume &image : images)
    found += image.channels;
  const auto named = static_cast<int64_t>(index.modalities.size());
  if (named != 0 && found != named)
    findings.add("channels",
                 std::to_string(found) + " channels, but dataset.json names " +
                     std::to_string(named),
                 "name the channels in dataset.json, or repair the case");
}

void segc::checkCase(const CaseFiles &files, const DecathlonIndex &index,
                     const ImageLimits &limits, CaseFindings &findings) {
  if (!checkFiles(files, findings))
    return;
  std::vector<Volume> images;
  for (const std::string &path : files.images) {
    std::optional<Volume> image = readFileOf(path, limits, findings);
    if (!image)
      return;
    findings.contentHash += checkImageValues(*image, path, findings);
    images.push_back(std::move(*image));
    if (images.size() > 1) {
      checkGrids(images.back(), path, images[0], files.images[0], "channel",
                 findings);
      images.back().voxels = {};
    }
  }
  checkChannels(images, index, findings);
  const VolumeGeometry &grid = images[0].geometry;
  findings.spacing = orderToRas(grid).permuted(grid.spacing);
  images[0].voxels = {};
  if (files.label.empty())
    return;
  std::optional<Volume> label = readFileOf(files.label, limits, findings);
  if (!label)
    return;
  checkGrids(*label, files.label, images[0], files.images[0], "label",
             findings);
  checkLabelValues(*label, files.label, index, findings);
}

//===----------------------------------------------------------------------===//
// All cases
//===----------------------------------------------------------------------===//

/// The files of all cases, those of training first. Where they cannot be told,
/// `status` says why.
static std::vector<DecathlonIndex::Case> allCases(const std::string &folder,
                                                  const DecathlonIndex &index) {
  std::vector<DecathlonIndex::Case> cases;
  const auto channels =
      std::max<int64_t>(1, static_cast<int64_t>(index.modalities.size()));
  for (const auto *list : {&index.training, &index.test})
    for (const DecathlonIndex::Case &entry : *list) {
      cases.push_back(entry);
      StatusOr<CaseFiles> files = caseFiles(folder, entry, {channels, {}, ""});
      if (files.ok())
        cases.back().files = std::move(*files);
      else
        cases.back().files.status = files.status();
    }
  return cases;
}

StatusOr<VolumeSet> segc::examineVolumes(const std::string &folder,
                                         const ImageLimits &limits,
                                         ThreadPool &pool,
                                         const CheckProgress &progress) {
  const std::string where =
      (std::filesystem::path(folder) / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(where, 1u << 28));
  VolumeSet set;
  StatusOr<DecathlonIndex> index = readIndex(text, where, set.faults);
  if (index.ok() && !index->listsCases)
    if (Status status = listNnunetCases(folder, *index); !status.ok())
      index = status;
  if (!index.ok()) {
    set.faults.push_back({"dataset-json", "", index.status().message(),
                          "correct dataset.json; no case was read"});
    return set;
  }
  set.isParsed = true;
  set.index = std::move(*index);
  checkIndex(set.index, set.faults);
  checkStrayFiles(folder, set.faults);
  set.folds = checkSplits(folder, set.index, set.faults);
  set.entries = allCases(folder, set.index);
  set.cases.resize(set.entries.size());
  for (size_t i = 0; i < set.cases.size(); ++i)
    set.cases[i].name = set.entries[i].name;
  SEGC_RETURN_IF_ERROR(examineCases(set.cases, pool, progress, [&](size_t i) {
    checkCase(set.entries[i].files, set.index, limits, set.cases[i]);
  }));
  return set;
}
