//===- CheckCommand.cpp - segrun check ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Check/Repair.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"

#include <cstdio>
#include <filesystem>
#include <mutex>
#include <unistd.h>

using namespace segc;

namespace {
/// A line on a terminal that counts. Threads finish in any order.
class ProgressLine {
public:
  explicit ProgressLine(const char *what) : what(what) {}
  void operator()(int64_t done, int64_t all) {
    if (!terminal)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    if (done <= shown)
      return;
    shown = done;
    std::fprintf(stderr, "\r%lld of %lld %s%s", static_cast<long long>(done),
                 static_cast<long long>(all), what, done == all ? "\n" : "");
  }

private:
  const char *what;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  std::mutex mutex; // Guards what follows.
  int64_t shown = 0;
};
} // namespace

static RepairOptions repairsOf(const CheckOptions &options) {
  RepairOptions repairs;
  repairs.renumberLabels = options.renumberLabels;
  if (options.replaceNonFinite)
    repairs.nonFinite = static_cast<float>(*options.replaceNonFinite);
  return repairs;
}

/// The last line of the table.
static std::string summaryOf(const CheckReport &report,
                             const CheckOptions &options) {
  std::string counts = std::to_string(report.cases) + " cases, " +
                       std::to_string(report.faults.size()) + " faults";
  if (options.fix.empty())
    return counts;
  return counts + ", " + std::to_string(report.count(Outcome::Repaired)) +
         " of them repaired; " + std::to_string(report.kept) +
         " cases written to " + options.fix;
}

CommandResult segc::runCheck(const CheckOptions &options) {
  std::string folder = options.data;
  if (std::filesystem::path(folder).filename() == "dataset.json")
    folder = std::filesystem::absolute(folder).parent_path().string();
  CommandPaths paths;
  for (const char *name : {"/dataset.json", "/splits_final.json"})
    addInputs(paths, "DATA", {folder + name});
  paths.outputs = {{"--json", options.json, &checkOutput}};
  if (!options.fix.empty()) {
    SEGC_RETURN_IF_ERROR(checkRepairPlace(folder, options.fix));
    paths.places = {{"--fix", options.fix}};
  } else if (options.renumberLabels || options.replaceNonFinite) {
    return wrongUsage(std::string(options.renumberLabels
                                      ? "--renumber-labels"
                                      : "--replace-non-finite") +
                      " has no effect without --fix, which writes a copy");
  }
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_RETURN_IF_ERROR(checkOutputPlaces(paths));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.threads)));
  ImageLimits limits;
  limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  catchStopSignals();
  ProgressLine checked("cases checked"), repaired("faulty cases repaired");
  SEGC_ASSIGN_OR_RETURN(
      CheckReport report,
      options.fix.empty()
          ? checkDataset(folder, limits, *pool, std::ref(checked))
          : repairDataset(folder, options.fix, repairsOf(options), limits,
                          *pool, std::ref(checked), std::ref(repaired)));
  if (!options.json.empty())
    SEGC_RETURN_IF_ERROR(
        writeFileAtomically(options.json, jsonText(report.toJson(), 2) + "\n"));
  std::printf("%s%s\n", report.toText().c_str(),
              summaryOf(report, options).c_str());
  const int64_t left = report.count(Outcome::Proposed) +
                       report.count(Outcome::LeftOut) +
                       report.count(Outcome::Remains);
  if (left == 0)
    return Status::success();
  const bool one = left == 1;
  return CommandResult::partial(dataLoss(
      folder + ": " + std::to_string(left) + (one ? " fault" : " faults") +
      (options.fix.empty() ? ""
       : one               ? " that is not repaired"
                           : " that are not repaired") +
      ", listed on standard output; docs/Check.md explains " +
      (one ? "it" : "them")));
}
