//===- Check.cpp - The pass over a data set -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Check/Check.h"
#include "Faults.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"

#include <atomic>
#include <filesystem>

using namespace segc;

/// Reads a file of a case; a fault if it cannot be read.
static std::optional<Volume> readFileOf(const std::string &path,
                                        const ImageLimits &limits,
                                        CaseFindings &findings) {
  if (!pathExists(path)) {
    findings.add("missing", path + " is missing",
                 "add the file or take the case out of dataset.json");
    return std::nullopt;
  }
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

static void checkCase(const CaseFiles &files, const DecathlonIndex &index,
                      const ImageLimits &limits, CaseFindings &findings) {
  std::vector<Volume> images;
  for (const std::string &path : files.images) {
    std::optional<Volume> image = readFileOf(path, limits, findings);
    if (!image)
      return;
    checkImageValues(*image, path, findings);
    const std::vector<float> values = image->voxels.floats();
    findings.contentHash +=
        sha256({reinterpret_cast<const char *>(values.data()),
                values.size() * sizeof(float)});
    images.push_back(std::move(*image));
    if (images.size() > 1)
      checkGrids(images.back(), path, images[0], files.images[0], "channel",
                 findings);
  }
  checkChannels(images, index, findings);
  const VolumeGeometry &grid = images[0].geometry;
  findings.spacing = orderToRas(grid).permuted(grid.spacing);
  if (files.label.empty())
    return;
  std::optional<Volume> label = readFileOf(files.label, limits, findings);
  if (!label)
    return;
  checkGrids(*label, files.label, images[0], files.images[0], "label",
             findings);
  checkLabelValues(*label, files.label, index.labels, findings);
}

/// Finds the files of all cases, those of training first.
static std::vector<DecathlonIndex::Case> allCases(const std::string &folder,
                                                  const DecathlonIndex &index,
                                                  std::vector<Fault> &faults) {
  std::vector<DecathlonIndex::Case> cases;
  const auto channels =
      std::max<int64_t>(1, static_cast<int64_t>(index.modalities.size()));
  for (const auto *list : {&index.training, &index.test})
    for (const DecathlonIndex::Case &entry : *list) {
      StatusOr<CaseFiles> files = caseFiles(folder, entry, {}, channels);
      if (!files.ok()) {
        faults.push_back({"channels", entry.name, files.status().message(),
                          "name the channels in dataset.json, or repair the "
                          "case"});
        continue;
      }
      cases.push_back(entry);
      cases.back().files = std::move(*files);
    }
  return cases;
}

StatusOr<CheckReport>
segc::checkDataset(const std::string &folder, const ImageLimits &limits,
                   ThreadPool &pool,
                   const std::function<void(int64_t, int64_t)> &progress) {
  const std::string where =
      (std::filesystem::path(folder) / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(where, 1u << 28));
  CheckReport report;
  StatusOr<DecathlonIndex> index = parseDecathlonIndex(text, where);
  if (index.ok() && !index->listsCases)
    if (Status status = listNnunetCases(folder, *index); !status.ok())
      index = status;
  if (!index.ok()) {
    report.faults.push_back({"dataset-json", "", index.status().message(),
                             "correct dataset.json; no case was read"});
    return report;
  }
  checkIndex(*index, report.faults);
  const std::vector<DecathlonIndex::Case> entries =
      allCases(folder, *index, report.faults);
  const auto count = static_cast<int64_t>(entries.size());
  report.cases =
      static_cast<int64_t>(index->training.size() + index->test.size());
  std::vector<CaseFindings> cases(entries.size());
  std::atomic<int64_t> done{0};
  pool.parallelFor(count, [&](int64_t i, uint32_t) {
    CaseFindings &findings = cases[static_cast<size_t>(i)];
    const CaseFiles &files = entries[static_cast<size_t>(i)].files;
    findings.name = entries[static_cast<size_t>(i)].name;
    if (stopSignal())
      return;
    Status status = withoutExceptions([&]() -> Status {
      checkCase(files, *index, limits, findings);
      return Status::success();
    });
    if (!status.ok())
      findings.add("unreadable", status.message(), "check with fewer threads");
    progress(++done, count);
  });
  if (stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while checking");
  checkAcrossCases(*index, cases, report.faults);
  for (CaseFindings &findings : cases)
    std::move(findings.faults.begin(), findings.faults.end(),
              std::back_inserter(report.faults));
  return report;
}
