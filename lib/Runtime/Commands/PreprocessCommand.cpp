//===- PreprocessCommand.cpp - Command segrun preprocess ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseProgress.h"
#include "CommandCases.h"
#include "SharedJob.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Prepare/CacheWriter.h"
#include "segc/Runtime/Prepare/PlanReader.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

using namespace segc;

static Status checkPlanFits(const Plan &plan, const TrainingCases &set,
                            const std::string &path) {
  const DatasetDescription &data = set.description;
  auto other = [&](const std::string &what, size_t ours, size_t theirs) {
    return invalidArgument(path + ": " + std::to_string(ours) + " " + what +
                           ", the data set has " + std::to_string(theirs) +
                           "; plan it again with `segrun plan`");
  };
  if (plan.channelNames.size() != data.channelNames.size())
    return other("channels", plan.channelNames.size(),
                 data.channelNames.size());
  if (!set.hasUnnamedClasses() &&
      plan.classNames.size() != data.classNames.size())
    return other("classes", plan.classNames.size(), data.classNames.size());
  if (!set.hasUnnamedClasses())
    for (size_t i = 0; i < plan.classNames.size(); ++i) {
      const auto found = std::find(data.classNames.begin(),
                                   data.classNames.end(), plan.classNames[i]);
      const auto number = static_cast<size_t>(found - data.classNames.begin());
      if (found != data.classNames.end() && number != i)
        return invalidArgument(
            path + ": class " + std::to_string(i) + " is \"" +
            plan.classNames[i] + "\", which is class " +
            std::to_string(number) +
            " of the data set; plan it again with `segrun plan`");
    }
  if (plan.regions != data.regions ||
      plan.regionsClassOrder != data.regionsClassOrder ||
      plan.ignoreLabel != data.ignoreLabel)
    return invalidArgument(path + ": its regions or its ignore label are not "
                                  "those of the data set; plan it again with "
                                  "`segrun plan`");
  return Status::success();
}

/// A folder beside the cache that only this job has.
static std::string partialFolder(const std::string &output, const Job *job) {
  constexpr size_t digits = 16;
  // Of "cache/" it would lie inside.
  const std::filesystem::path folder(output);
  const std::string target =
      (folder.has_filename() ? folder : folder.parent_path()).string();
  return target + ".partial-" +
         (job ? sha256(job->id).substr(0, digits) : std::to_string(::getpid()));
}

static Json toJson(const CachedCase &entry) {
  return {entry.filesHash, jsonText(entry.origin, -1), entry.bytes};
}

static CachedCase cachedCaseOf(const CaseRecord &record) {
  CachedCase entry;
  entry.fault = record.status;
  // A case that ended its ranks has no value.
  if (record.value.is_null())
    return entry;
  entry.filesHash = record.value.at(0).get<std::string>();
  entry.origin =
      OrderedJson::parse(record.value.at(1).get_ref<const std::string &>());
  entry.bytes = record.value.at(2).get<uint64_t>();
  return entry;
}

/// Makes the cache of what all processes have recorded, and says so.
static CommandResult finishCache(const PreprocessOptions &options,
                                 const TrainingCases &set,
                                 const PlanConfiguration &configuration,
                                 CacheWriter &writer, CommandCases &cases) {
  std::vector<CachedCase> entries;
  for (const CaseRecord &record : cases.records())
    entries.push_back(cachedCaseOf(record));
  SEGC_ASSIGN_OR_RETURN(const CacheResult result, writer.finish(entries));
  printNotes(set.notes);
  cases.printNotes();
  if (result.wasThere)
    std::printf("%s: is there already, of the same plan and files\n",
                options.output.c_str());
  else
    std::printf("%s: %lld cases of %s, %.1f MiB\n", options.output.c_str(),
                static_cast<long long>(result.cases),
                configuration.name.c_str(),
                static_cast<double>(result.bytes) / double(1 << 20));
  return faultsResult(result.faults, set.cases.size(),
                      "the cache holds the others");
}

/// Prepares cases as the only process or as one of the ranks of a job.
static CommandResult preprocess(const PreprocessOptions &options,
                                const Job *job) {
  SEGC_ASSIGN_OR_RETURN(TrainingCases set, listTrainingCases(options.data));
  CommandPaths paths;
  paths.inputs = {{"--plan", options.plan}};
  addInputs(paths, "DATA", set.files);
  paths.places = {{"--output", options.output}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_ASSIGN_OR_RETURN(Plan plan, readPlan(options.plan, set.description));
  SEGC_RETURN_IF_ERROR(checkPlanFits(plan, set, options.plan));
  SEGC_ASSIGN_OR_RETURN(const PlanConfiguration *configuration,
                        chooseConfiguration(plan, options.configuration));
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<ThreadPool> pool,
                        ThreadPool::create(static_cast<unsigned>(
                            threadsOf(options.threads, job))));
  CacheOptions cache;
  cache.folder = options.output;
  cache.partial = partialFolder(options.output, job);
  cache.limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  if (!job)
    cache.progress = caseProgress();
  SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<CacheWriter> writer,
                        CacheWriter::create(set, plan, *configuration, cache));
  catchStopSignals();
  CommandCases::Work work;
  work.folder = cache.partial;
  for (const CaseFiles &files : set.cases)
    work.names.push_back(files.name);
  work.undo = [&] { writer->discard(); };
  work.files = {{"--plan", options.plan}};
  SEGC_ASSIGN_OR_RETURN(
      const std::unique_ptr<CommandCases> cases,
      CommandCases::open(job, std::move(work), writer->notes()));
  const Status status =
      writer->run(*cases, *pool, [&](int64_t index, const CachedCase &entry) {
        cases->setValue(index, toJson(entry));
      });
  if (std::optional<CommandResult> result = cases->leave(status))
    return *result;
  return cases->close(
      finishCache(options, set, *configuration, *writer, *cases));
}

CommandResult segc::runPreprocess(const PreprocessOptions &options) {
  return runShared(options.ranks,
                   [&](const Job *job) { return preprocess(options, job); });
}
