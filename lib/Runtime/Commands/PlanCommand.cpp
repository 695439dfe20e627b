//===- PlanCommand.cpp - Command segrun plan ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseProgress.h"
#include "PlannedMemory.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Planner.h"
#include "segc/Plan/Tasks.h"
#include "segc/Runtime/Commands/Compile.h"
#include "segc/Runtime/Commands/Outputs.h"

#include <cstdio>

using namespace segc;

static PlannedNetwork networkOf(const std::string &planner) {
  return planner == "ResEncM"   ? PlannedNetwork::ResidualM
         : planner == "ResEncL" ? PlannedNetwork::ResidualL
                                : PlannedNetwork::Plain;
}

static Status checkOptions(const PlanOptions &options) {
  const bool v2 = options.rules == "v2", example = options.rules == "example";
  const char *idle = !example && !options.task.empty()     ? "--task"
                     : v2 && !options.patch.empty()        ? "--patch"
                     : !example && options.publishedAxis   ? "--published-axis"
                     : !v2 && options.deviceMemory         ? "--device-memory"
                     : !v2 && options.planner != "default" ? "--planner"
                                                           : nullptr;
  return idle ? wrongUsage(std::string(idle) + " has no effect with --rules " +
                           options.rules + ": leave it out")
              : Status::success();
}

/// The task that the data set is, by the name in dataset.json.
static std::string taskNamed(const std::string &dataset) {
  for (const DecathlonTask &task : decathlonTasks())
    if (task.name == dataset)
      return task.id;
  return "";
}

/// Whether segc can say what the networks take.
static bool asksCompiler(const PlanOptions &options) {
  return options.rules == "v2" && options.deviceMemory && findCompiler().ok();
}

/// `memory` gets what each network takes, if segc was asked.
static StatusOr<Plan> planOf(const Fingerprint &fingerprint,
                             const PlanOptions &options,
                             std::vector<uint64_t> &memory) {
  if (asksCompiler(options))
    return planForMemory(fingerprint, networkOf(options.planner),
                         options.deviceMemory, memory);
  if (options.rules == "mlperf") {
    std::array<int64_t, 3> patch = mlperfPatch;
    if (!options.patch.empty())
      std::copy_n(options.patch.begin(), patch.size(), patch.begin());
    return planMlperf(fingerprint, patch);
  }
  if (options.rules == "v2")
    return planV2(fingerprint, networkOf(options.planner),
                  options.deviceMemory);
  ExamplePlanOptions example;
  example.task = options.task;
  if (example.task.empty() && options.patch.empty())
    example.task = taskNamed(fingerprint.dataset);
  example.patch = options.patch;
  example.publishedAxis = options.publishedAxis;
  return planExample(fingerprint, example);
}

template <typename Values>
static std::string listed(const Values &values) {
  std::string text;
  for (auto value : values)
    text += (text.empty() ? "" : " x ") + numberText(double(value));
  return text;
}

static double gibibytes(uint64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(uint64_t{1} << 30);
}

static void printPlan(const Plan &plan, size_t cases,
                      const PlanOptions &options,
                      const std::vector<uint64_t> &memory) {
  std::printf("%s: %zu cases, %zu channels, %zu %s\n", plan.dataset.c_str(),
              cases, plan.channelNames.size(), plan.outputNames().size(),
              plan.regions.empty() ? "classes" : "regions");
  for (size_t i = 0; i < plan.configurations.size(); ++i) {
    const PlanConfiguration &configuration = plan.configurations[i];
    std::printf("%-10s  patch %s, batch %lld, spacing %s mm, %zu levels",
                configuration.name.c_str(), listed(configuration.patch).c_str(),
                static_cast<long long>(configuration.batch),
                listed(configuration.spacing).c_str(),
                configuration.topology.levels());
    if (i < memory.size())
      std::printf(", %.2f GiB", gibibytes(memory[i]));
    std::printf("\n");
  }
  if (plan.rules == PlanRules::Mlperf)
    std::printf("intensities: clipped to %g..%g, less %g, over %g: those of "
                "KiTS19, whatever the data set\n",
                plan.intensities[0].lowerClip, plan.intensities[0].upperClip,
                plan.intensities[0].mean, plan.intensities[0].std);
  if (!memory.empty())
    std::printf("memory: what a training takes by segc's plans, of %.1f GiB\n",
                gibibytes(options.deviceMemory));
  else if (options.rules == "v2")
    std::printf("memory: nnU-Net v2's estimate for %.1f GiB; segc was not "
                "asked what its kernels take\n",
                gibibytes(options.deviceMemory
                              ? options.deviceMemory
                              : plannedMemory(networkOf(options.planner))));
}

CommandResult segc::runPlan(const PlanOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  SEGC_ASSIGN_OR_RETURN(TrainingCases set, listTrainingCases(options.data));
  CommandPaths paths;
  addInputs(paths, "DATA", set.files);
  paths.outputs = {{"--output", options.output, &planOutput}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_RETURN_IF_ERROR(checkOutputPlaces(paths));
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.threads)));
  FingerprintOptions fingerprinting;
  fingerprinting.rules = findPlanRules(options.rules).value_or(PlanRules::V2);
  SEGC_ASSIGN_OR_RETURN(fingerprinting.frame, parseFrame(options.orientation));
  fingerprinting.limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  fingerprinting.progress = caseProgress();
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(FingerprintResult found,
                        fingerprintOf(set, fingerprinting, *pool));
  printNotes(set.notes);
  printNotes(found.notes);
  std::vector<uint64_t> memory;
  SEGC_ASSIGN_OR_RETURN(Plan plan, planOf(found.fingerprint, options, memory));
  SEGC_RETURN_IF_ERROR(writeFileAtomically(options.output, planText(plan)));
  printPlan(plan, found.fingerprint.cases.size(), options, memory);
  return faultsResult(found.faults, set.cases.size(),
                      "the plan is made of the others");
}
