//===- CheckCommand.cpp - segrun check ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Check/Check.h"
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
  void operator()(int64_t done, int64_t all) {
    if (!terminal)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    if (done <= shown)
      return;
    shown = done;
    std::fprintf(stderr, "\r%lld of %lld cases%s", static_cast<long long>(done),
                 static_cast<long long>(all), done == all ? "\n" : "");
  }

private:
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  std::mutex mutex; // Guards what follows.
  int64_t shown = 0;
};
} // namespace

CommandResult segc::runCheck(const CheckOptions &options) {
  std::string folder = options.data;
  if (std::filesystem::path(folder).filename() == "dataset.json")
    folder = std::filesystem::absolute(folder).parent_path().string();
  CommandPaths paths;
  for (const char *name : {"/dataset.json", "/splits_final.json"})
    addInputs(paths, "DATA", {folder + name});
  paths.outputs = {{"--json", options.json, &checkOutput}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_RETURN_IF_ERROR(checkOutputPlaces(paths));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.threads)));
  ImageLimits limits;
  limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  catchStopSignals();
  ProgressLine line;
  SEGC_ASSIGN_OR_RETURN(CheckReport report,
                        checkDataset(folder, limits, *pool, std::ref(line)));
  if (!options.json.empty())
    SEGC_RETURN_IF_ERROR(
        writeFileAtomically(options.json, jsonText(report.toJson(), 2) + "\n"));
  std::printf("%s%lld cases, %zu faults\n", report.toText().c_str(),
              static_cast<long long>(report.cases), report.faults.size());
  if (report.faults.empty())
    return Status::success();
  return CommandResult::partial(
      dataLoss(folder + ": " + std::to_string(report.faults.size()) +
               " faults, listed on standard output; docs/Check.md explains "
               "them"));
}
