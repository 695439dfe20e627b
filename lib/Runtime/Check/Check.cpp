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
#include "segc/Base/Signals.h"

#include <atomic>
#include <filesystem>

using namespace segc;

Status segc::examineCases(std::vector<CaseFindings> &cases, ThreadPool &pool,
                          const CheckProgress &progress,
                          const std::function<void(size_t)> &look) {
  const auto count = static_cast<int64_t>(cases.size());
  std::atomic<int64_t> done{0};
  pool.parallelFor(count, [&](int64_t i, uint32_t) {
    if (stopSignal())
      return;
    const auto number = static_cast<size_t>(i);
    Status status = withoutExceptions([&]() -> Status {
      look(number);
      return Status::success();
    });
    if (!status.ok())
      cases[number].add("unreadable", status.message(),
                        "check with fewer threads");
    progress(++done, count);
  });
  if (stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while checking");
  return Status::success();
}

StatusOr<CheckReport> segc::checkDataset(const std::string &folder,
                                         const ImageLimits &limits,
                                         ThreadPool &pool,
                                         const CheckProgress &progress) {
  if (!pathExists((std::filesystem::path(folder) / "dataset.json").string())) {
    SEGC_ASSIGN_OR_RETURN(std::optional<CheckReport> slices,
                          checkSlices(folder, limits, pool, progress));
    if (slices)
      return std::move(*slices);
    return notFound(folder +
                    ": neither dataset.json nor train-volume.tif nor "
                    "slices (" +
                    sliceEndings() +
                    ") lie there or in its folder images; expected a data "
                    "set");
  }
  SEGC_ASSIGN_OR_RETURN(VolumeSet set,
                        examineVolumes(folder, limits, pool, progress));
  CheckReport report;
  report.faults = std::move(set.faults);
  if (!set.isParsed)
    return report;
  report.cases = static_cast<int64_t>(set.entries.size());
  checkAcrossCases(set.folds, set.cases);
  checkClasses(set.index.labels, set.cases, report.faults);
  gatherFaults(set.cases, report);
  return report;
}
