//===- CudnnPlans.cpp - Choice and cache of cuDNN's plans -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnPlans.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Json.h"

#include <algorithm>

using namespace segc;
using namespace segc::cudnn;

/// A plan is a few thousand characters.
static constexpr uint64_t maxPlanBytes = 1 << 20;

StatusOr<CudnnPlans>
CudnnPlans::forDevice(std::shared_ptr<const CudnnLibrary> library, int ordinal,
                      std::string folder,
                      std::function<void(const std::string &)> warn) {
  CudnnPlans plans(std::move(library), std::move(folder), std::move(warn));
  SEGC_ASSIGN_OR_RETURN(
      plans.device,
      Descriptor::create(plans.library, DevicePropertiesDescriptor));
  SEGC_RETURN_IF_ERROR(
      plans.device.set(DeviceId, TypeOfInt32, int32_t{ordinal}));
  SEGC_RETURN_IF_ERROR(plans.finishDevice());
  return plans;
}

StatusOr<CudnnPlans>
CudnnPlans::forDescription(std::shared_ptr<const CudnnLibrary> library,
                           const std::string &json, std::string folder,
                           std::function<void(const std::string &)> warn) {
  CudnnPlans plans(std::move(library), std::move(folder), std::move(warn));
  SEGC_ASSIGN_OR_RETURN(
      plans.device,
      Descriptor::create(plans.library, DevicePropertiesDescriptor));
  SEGC_RETURN_IF_ERROR(plans.device.set(DeviceJson, json));
  SEGC_RETURN_IF_ERROR(plans.finishDevice());
  return plans;
}

Status CudnnPlans::finishDevice() {
  SEGC_RETURN_IF_ERROR(device.finalize());
  SEGC_ASSIGN_OR_RETURN(deviceText, device.text(DeviceJson));
  return Status::success();
}

StatusOr<Plan> CudnnPlans::find(const Convolution &convolution) {
  if (folder.empty())
    return choose(convolution);
  const OrderedJson identity = {{"cudnn", library->version()},
                                {"device", deviceText},
                                {"convolution", convolution.key()}};
  const std::string key = jsonText(identity);
  const std::string path = folder + "/" + sha256(key) + ".json";
  if (pathExists(path)) {
    StatusOr<Plan> kept = load(path, key);
    if (kept.ok())
      return kept;
    warn(kept.status().message() + "; the plan is made anew");
  }
  SEGC_ASSIGN_OR_RETURN(Plan plan, choose(convolution));
  const Status status = keep(path, key, plan);
  if (!status.ok())
    warn(status.message() + "; the plan is not kept");
  return plan;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

StatusOr<Plan>
CudnnPlans::planOf(const std::function<Status(Descriptor &)> &source) const {
  Plan made;
  SEGC_ASSIGN_OR_RETURN(made.plan, Descriptor::create(library, PlanDescriptor));
  SEGC_RETURN_IF_ERROR(made.plan.set(PlanDevice, device));
  SEGC_RETURN_IF_ERROR(source(made.plan));
  SEGC_RETURN_IF_ERROR(made.plan.finalize());
  int64_t bytes = 0;
  SEGC_RETURN_IF_ERROR(
      made.plan.read(PlanWorkspaceBytes, TypeOfInt64, 1, &bytes).status());
  if (bytes < 0 || static_cast<uint64_t>(bytes) > maxWorkspace)
    return unsupported("cudnn: a plan needs a workspace of " +
                       std::to_string(bytes) + " bytes, at most " +
                       std::to_string(maxWorkspace) + " are allowed");
  made.workspaceBytes = static_cast<uint64_t>(bytes);
  return made;
}

StatusOr<std::vector<Descriptor>>
CudnnPlans::candidates(const ConvolutionGraph &graph, Heuristics mode) const {
  SEGC_ASSIGN_OR_RETURN(
      Descriptor heuristics,
      Descriptor::create(library, EngineHeuristicsDescriptor));
  SEGC_RETURN_IF_ERROR(heuristics.set(HeuristicsGraph, graph.graph));
  SEGC_RETURN_IF_ERROR(
      heuristics.set(HeuristicsMode, TypeOfHeuristicsMode, int{mode}));
  SEGC_RETURN_IF_ERROR(heuristics.set(HeuristicsDevice, device));
  SEGC_RETURN_IF_ERROR(heuristics.finalize());
  SEGC_ASSIGN_OR_RETURN(
      const int64_t count,
      heuristics.read(HeuristicsResults, TypeOfDescriptor, 0, nullptr));
  std::vector<Descriptor> configs;
  std::vector<void *> handles;
  for (int64_t i = 0; i < count; ++i) {
    SEGC_ASSIGN_OR_RETURN(Descriptor config,
                          Descriptor::create(library, EngineConfigDescriptor));
    handles.push_back(config.get());
    configs.push_back(std::move(config));
  }
  if (count > 0) {
    SEGC_ASSIGN_OR_RETURN(const int64_t got,
                          heuristics.read(HeuristicsResults, TypeOfDescriptor,
                                          count, handles.data()));
    configs.resize(static_cast<size_t>(std::min(got, count)));
  }
  return configs;
}

StatusOr<bool> CudnnPlans::isAllowed(const Descriptor &config,
                                     bool exact) const {
  SEGC_ASSIGN_OR_RETURN(Descriptor engine,
                        Descriptor::create(library, EngineDescriptor));
  void *handle = engine.get();
  SEGC_RETURN_IF_ERROR(
      config.read(ConfigEngine, TypeOfDescriptor, 1, &handle).status());
  std::array<int, 32> notes = {};
  SEGC_ASSIGN_OR_RETURN(const int64_t count,
                        engine.read(EngineNumericalNotes, TypeOfNumericalNote,
                                    notes.size(), notes.data()));
  for (int64_t i = 0; i < std::min<int64_t>(count, notes.size()); ++i)
    if (notes[i] == NoteNondeterministic ||
        (exact &&
         (notes[i] == NoteTensorCore || notes[i] == NoteDownConvertInputs)))
      return false;
  return true;
}

StatusOr<Plan> CudnnPlans::choose(const Convolution &convolution) const {
  SEGC_ASSIGN_OR_RETURN(const ConvolutionGraph graph,
                        ConvolutionGraph::build(library, convolution));
  const bool exact = convolution.type == Float && !convolution.tensorCores;
  Status last = unsupported("none is offered");
  // Heuristics list what they take for the fastest first.
  for (Heuristics mode : {HeuristicsA, HeuristicsFallback}) {
    StatusOr<std::vector<Descriptor>> configs = candidates(graph, mode);
    if (!configs.ok()) {
      last = configs.status();
      continue;
    }
    for (const Descriptor &config : *configs) {
      SEGC_ASSIGN_OR_RETURN(const bool allowed, isAllowed(config, exact));
      if (!allowed)
        continue;
      StatusOr<Plan> plan = planOf(
          [&](Descriptor &made) { return made.set(PlanConfig, config); });
      if (plan.ok())
        return plan;
      last = plan.status();
    }
  }
  return unsupported("cudnn: no deterministic plan for " + convolution.key() +
                     ": " + last.message() +
                     "; compile the model with segc, whose kernels need no "
                     "cuDNN");
}

//===----------------------------------------------------------------------===//
// Cache
//===----------------------------------------------------------------------===//

StatusOr<Plan> CudnnPlans::load(const std::string &path,
                                const std::string &key) const {
  SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(path, maxPlanBytes));
  SEGC_ASSIGN_OR_RETURN(const Json json, parseJson(text, path));
  Status status;
  JsonReader reader(json, path, status);
  const std::string keptKey = reader.string("key"),
                    kept = reader.string("plan"),
                    digest = reader.string("digest");
  SEGC_RETURN_IF_ERROR(status);
  if (keptKey != key || digest != sha256(kept))
    return dataLoss(path + ": its plan is damaged, or that of another graph");
  StatusOr<Plan> plan =
      planOf([&](Descriptor &made) { return made.set(PlanJson, kept); });
  return plan.ok() ? std::move(plan)
                   : StatusOr<Plan>(plan.status().withContext(path));
}

Status CudnnPlans::keep(const std::string &path, const std::string &key,
                        const Plan &plan) const {
  SEGC_ASSIGN_OR_RETURN(const std::string text, plan.plan.text(PlanJson));
  const OrderedJson file = {
      {"key", key}, {"digest", sha256(text)}, {"plan", text}};
  return writeFileAtomically(path, jsonText(file));
}
