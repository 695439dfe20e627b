//===- Repair.cpp - Repaired copies of data sets --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Check/Repair.h"
#include "CaseRepair.h"
#include "IndexRepair.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"

#include <algorithm>
#include <atomic>
#include <mutex>

using namespace segc;
namespace fs = std::filesystem;

namespace {

/// What becomes of a case.
struct CaseOutcome {
  bool isKept = true;
  CaseFiles files;           ///< Of the copy, where they were changed.
  std::vector<Fault> faults; ///< With what was done.
};

class Repairer {
public:
  Repairer(std::string folder, VolumeSet set, const RepairOptions &options,
           const ImageLimits &limits, const StagingFolder &staging)
      : folder(std::move(folder)), set(std::move(set)), options(options),
        limits(limits), staging(staging), outcomes(this->set.cases.size()) {}

  Status repairCases(ThreadPool &pool, const CheckProgress &progress);
  /// Leaves out what is wrong only beside other cases, until nothing is.
  void compareCases();
  Status renumberLabels();
  Status writeIndex();
  Status copyRest(ThreadPool &pool);
  CheckReport report();

private:
  Status repairOne(size_t i);
  /// `cause` is the fault that `why` is about.
  void leaveOut(size_t i, const std::vector<Fault> &faults,
                const std::string &cause, const std::string &why);
  void finishFaults(const std::vector<Fault> &missing);
  std::string pathOf(const char *name) const {
    return (fs::path(folder) / name).string();
  }

  const std::string folder;
  VolumeSet set;
  const RepairOptions &options;
  const ImageLimits &limits;
  const StagingFolder &staging;
  std::vector<CaseOutcome> outcomes;
  IndexChanges changes;
};

} // namespace

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

void Repairer::leaveOut(size_t i, const std::vector<Fault> &faults,
                        const std::string &cause, const std::string &why) {
  CaseOutcome &outcome = outcomes[i];
  outcome.isKept = false;
  for (Fault fault : faults) {
    fault.outcome = Outcome::LeftOut;
    fault.done = fault.name == cause ? why : "because of " + cause;
    outcome.faults.push_back(std::move(fault));
  }
  // Some of its files may have been written.
  const CaseFiles &files = set.entries[i].files;
  std::error_code error;
  for (const std::string &path : files.images)
    fs::remove(staging.target(path), error);
  if (!files.label.empty())
    fs::remove(staging.target(files.label), error);
}

Status Repairer::repairOne(size_t i) {
  CaseFindings &findings = set.cases[i];
  const RepairRules rules{set.index, options, limits, staging};
  for (const Fault &fault : findings.faults)
    if (std::string why = irreparable(fault, rules); !why.empty()) {
      leaveOut(i, findings.faults, fault.name, why);
      return Status::success();
    }
  StatusOr<RepairedCase> repaired =
      repairCase(set.entries[i].files, findings, rules);
  if (!repaired.ok()) {
    if (repaired.status().code() == StatusCode::IoError)
      return repaired.status();
    leaveOut(i, findings.faults, findings.faults[0].name,
             repaired.status().message());
    return Status::success();
  }
  CaseFindings again;
  again.name = findings.name;
  checkCase(repaired->files, set.index, limits, again);
  if (!again.faults.empty()) {
    // It may be another one than those before.
    const Fault &first = findings.faults[0], &left = again.faults[0];
    leaveOut(i, findings.faults, first.name,
             left.name + " is left: " + left.what);
    return Status::success();
  }
  for (Fault fault : findings.faults) {
    fault.outcome = Outcome::Repaired;
    fault.done = repaired->done[fault.name];
    outcomes[i].faults.push_back(std::move(fault));
  }
  outcomes[i].files = std::move(repaired->files);
  findings = std::move(again);
  return Status::success();
}

Status Repairer::repairCases(ThreadPool &pool, const CheckProgress &progress) {
  // A file of two cases is not changed for one of them.
  std::map<std::string, int64_t> uses;
  std::vector<size_t> faulty;
  for (size_t i = 0; i < set.cases.size(); ++i) {
    const CaseFiles &files = outcomes[i].files = set.entries[i].files;
    for (const std::string &path : files.images)
      ++uses[path];
    if (!files.label.empty())
      ++uses[files.label];
    if (!set.cases[i].faults.empty())
      faulty.push_back(i);
  }
  std::mutex mutex;
  Status failure; // The mutex guards it.
  std::atomic<int64_t> done{0};
  const auto count = static_cast<int64_t>(faulty.size());
  pool.parallelFor(count, [&](int64_t place, uint32_t) {
    if (stopSignal())
      return;
    const size_t i = faulty[static_cast<size_t>(place)];
    const CaseFiles &files = set.entries[i].files;
    const bool isShared =
        uses[files.label] > 1 ||
        std::any_of(files.images.begin(), files.images.end(),
                    [&](const std::string &path) { return uses[path] > 1; });
    Status status;
    if (isShared)
      leaveOut(i, set.cases[i].faults, set.cases[i].faults[0].name,
               "another case has one of its files");
    else
      status = withoutExceptions([&] { return repairOne(i); });
    std::lock_guard<std::mutex> lock(mutex);
    failure = failure.ok() ? status : failure;
    progress(++done, count);
  });
  SEGC_RETURN_IF_ERROR(failure);
  if (stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while repairing");
  return Status::success();
}

void Repairer::compareCases() {
  for (bool changed = true; changed;) {
    std::vector<size_t> kept;
    std::vector<CaseFindings> cases;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (!outcomes[i].isKept)
        continue;
      kept.push_back(i);
      cases.push_back(set.cases[i]);
      cases.back().faults.clear();
    }
    checkAcrossCases(set.folds, cases);
    changed = false;
    for (size_t k = 0; k < kept.size(); ++k)
      if (!cases[k].faults.empty()) {
        leaveOut(kept[k], cases[k].faults, cases[k].faults[0].name,
                 "there is no certain repair");
        changed = true;
      }
  }
  for (size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].isKept)
      (i < set.index.training.size() ? changes.training : changes.test)
          .insert(set.entries[i].name);
}

Status Repairer::renumberLabels() {
  // Regions and an ignore label say more about the numbers than an order.
  if (!options.renumberLabels || !set.index.regions.empty() ||
      set.index.ignoreLabel)
    return Status::success();
  std::set<int64_t> used = {0};
  for (size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].isKept)
      used.insert(set.cases[i].labels.begin(), set.cases[i].labels.end());
  bool same = used.size() == set.index.labels.size();
  for (const auto &[value, name] : set.index.labels) {
    if (!used.count(value))
      continue;
    const auto number = static_cast<int64_t>(changes.numbers.size());
    changes.numbers[value] = number;
    same &= number == value;
  }
  if (same)
    changes.numbers.clear();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const std::set<int64_t> &values = set.cases[i].labels;
    if (!outcomes[i].isKept || same ||
        std::all_of(values.begin(), values.end(), [&](int64_t value) {
          return changes.numbers.at(value) == value;
        }))
      continue;
    SEGC_ASSIGN_OR_RETURN(std::string target,
                          staging.prepareTarget(set.entries[i].files.label));
    SEGC_RETURN_IF_ERROR(renumberLabel(outcomes[i].files.label, target,
                                       changes.numbers, limits));
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// The rest of the data set
//===----------------------------------------------------------------------===//

Status Repairer::writeIndex() {
  const std::string index = pathOf("dataset.json"),
                    splits = pathOf("splits_final.json");
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(index, 1u << 28));
  SEGC_RETURN_IF_ERROR(writeFileSynced(
      staging.target(index), {changedIndex(text, set.index, changes)}));
  if (set.folds.empty())
    return Status::success();
  const bool whole = changes.training.size() == set.index.training.size() &&
                     std::none_of(set.faults.begin(), set.faults.end(),
                                  [](const Fault &fault) {
                                    return fault.name.rfind("split-", 0) == 0;
                                  });
  return whole ? Status::success()
               : writeFileSynced(staging.target(splits),
                                 {changedSplits(set.folds, changes)});
}

Status Repairer::copyRest(ThreadPool &pool) {
  std::set<std::string> used, skipped;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const CaseFiles &files = set.entries[i].files;
    std::set<std::string> &paths = outcomes[i].isKept ? used : skipped;
    for (const std::string &path : files.images)
      paths.insert(fs::path(path).lexically_normal().string());
    if (!files.label.empty())
      paths.insert(fs::path(files.label).lexically_normal().string());
  }
  for (const std::string &path : used)
    skipped.erase(path);
  if (set.folds.empty()) // One that cannot be parsed.
    skipped.insert(
        fs::path(pathOf("splits_final.json")).lexically_normal().string());
  return staging.copyRest(skipped, pool);
}

/// What becomes of the faults of the data set.
void Repairer::finishFaults(const std::vector<Fault> &missing) {
  const std::map<std::string, std::string> done = {
      {"json-form", "written as UTF-8 with LF"},
      {"listed-twice", "listed once"},
      {"num-training",
       "numTraining is " + std::to_string(changes.training.size())},
      {"stray-file", "not copied"},
      {"splits-json", "not copied"},
      {"split-unknown", "taken out of splits_final.json"},
      {"split-both", "taken out of what the fold trains on"}};
  set.faults.insert(set.faults.end(), missing.begin(), missing.end());
  for (Fault &fault : set.faults) {
    auto known = done.find(fault.name);
    fault.outcome = Outcome::Repaired;
    if (known != done.end()) {
      fault.done = known->second;
    } else if (fault.name == "region-label") {
      fault.outcome = Outcome::Remains;
      fault.done = "which of the region's labels shows it is for you to say";
    } else if (!changes.numbers.empty()) {
      fault.done = fault.name == "label-gap"
                       ? "the classes are numbered from 0 to " +
                             std::to_string(changes.numbers.size() - 1)
                       : "the class is dropped";
    } else {
      fault.outcome = Outcome::Remains;
      fault.done = set.index.regions.empty() && !set.index.ignoreLabel
                       ? "--renumber-labels numbers the classes that labels "
                         "have"
                       : "with regions or an ignore label number them by hand";
    }
  }
}

CheckReport Repairer::report() {
  std::vector<CaseFindings> kept;
  for (size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].isKept)
      kept.push_back(set.cases[i]);
  std::vector<Fault> missing;
  checkClasses(set.index.labels, kept, missing);
  finishFaults(missing);
  CheckReport report;
  report.cases = static_cast<int64_t>(set.cases.size());
  report.kept = static_cast<int64_t>(kept.size());
  report.faults = std::move(set.faults);
  for (CaseOutcome &outcome : outcomes)
    std::move(outcome.faults.begin(), outcome.faults.end(),
              std::back_inserter(report.faults));
  return report;
}

//===----------------------------------------------------------------------===//
// The copy
//===----------------------------------------------------------------------===//

Status segc::checkRepairPlace(const std::string &folder,
                              const std::string &output) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(output, error)))
    return wrongUsage("--fix " + output +
                      ": exists; a copy goes to a folder of its own, give "
                      "another name");
  const fs::path data = fs::weakly_canonical(fs::absolute(folder), error),
                 place = fs::weakly_canonical(fs::absolute(output), error),
                 behind = place.lexically_relative(data);
  if (!behind.empty() && *behind.begin() != "..")
    return wrongUsage("--fix " + output + ": lies in the data set " + folder +
                      "; give a folder beside it");
  return checkOutputPlace(output).withContext("--fix");
}

static Status nothingLeft(const std::string &folder,
                          const CheckReport &report) {
  std::string list;
  for (const Fault &fault : report.faults)
    if (fault.outcome == Outcome::LeftOut)
      list += "\n  " + fault.caseName + ": " + fault.name + ", " + fault.what +
              "; " + fault.done;
  return invalidArgument(folder +
                         ": no case is left, so nothing was copied:" + list);
}

StatusOr<CheckReport>
segc::repairDataset(const std::string &folder, const std::string &output,
                    const RepairOptions &options, const ImageLimits &limits,
                    ThreadPool &pool, const CheckProgress &checked,
                    const CheckProgress &repaired) {
  SEGC_RETURN_IF_ERROR(checkRepairPlace(folder, output));
  if (!pathExists((fs::path(folder) / "dataset.json").string()))
    return notFound(folder + ": no dataset.json; --fix repairs data sets of "
                             "volumes");
  SEGC_ASSIGN_OR_RETURN(VolumeSet set,
                        examineVolumes(folder, limits, pool, checked));
  if (!set.isParsed)
    return invalidArgument(set.faults.back().what +
                           "; correct dataset.json first, nothing was copied");
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<StagingFolder> staging,
                        StagingFolder::create(folder, output));
  Repairer repairer(folder, std::move(set), options, limits, *staging);
  SEGC_RETURN_IF_ERROR(repairer.repairCases(pool, repaired));
  repairer.compareCases();
  SEGC_RETURN_IF_ERROR(repairer.renumberLabels());
  SEGC_RETURN_IF_ERROR(repairer.writeIndex());
  SEGC_RETURN_IF_ERROR(repairer.copyRest(pool));
  CheckReport report = repairer.report();
  if (report.kept == 0)
    return nothingLeft(folder, report);
  SEGC_RETURN_IF_ERROR(staging->publish());
  return report;
}
