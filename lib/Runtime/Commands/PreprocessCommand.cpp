//===- PreprocessCommand.cpp - Command segrun preprocess ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseProgress.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Prepare/PreparedCache.h"

#include <algorithm>
#include <cstdio>

using namespace segc;

/// A plan of segrun, or the plans.json of nnU-Net v2, which takes its names
/// from the data set.
static StatusOr<Plan> readPlan(const std::string &path,
                               const DatasetDescription &data) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, path));
  if (!json.is_object() || !json.contains("plans_name"))
    return parsePlan(text, path);
  SEGC_ASSIGN_OR_RETURN(
      Plan plan,
      parseNnunetPlans(text, path, data.channelNames, data.classNames));
  plan.regions = data.regions;
  plan.regionsClassOrder = data.regionsClassOrder;
  plan.ignoreLabel = data.ignoreLabel;
  return plan;
}

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

CommandResult segc::runPreprocess(const PreprocessOptions &options) {
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
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.threads)));
  CacheOptions cache;
  cache.folder = options.output;
  cache.limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  cache.progress = caseProgress();
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(CacheResult result,
                        writeCache(set, plan, *configuration, cache, *pool));
  printNotes(set.notes);
  printNotes(result.notes);
  if (result.wasThere)
    std::printf("%s: is there already, of the same plan and files\n",
                options.output.c_str());
  else
    std::printf("%s: %lld cases of %s, %.1f MiB\n", options.output.c_str(),
                static_cast<long long>(result.cases),
                configuration->name.c_str(),
                static_cast<double>(result.bytes) / double(1 << 20));
  return faultsResult(result.faults, set.cases.size(),
                      "the cache holds the others");
}
