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
  if (std::optional<Choice> known = kept(convolution, ""))
    if (known->plan)
      return std::move(*known->plan);
  SEGC_ASSIGN_OR_RETURN(std::vector<Plan> plans, list(convolution, 1));
  Choice choice;
  choice.plan = std::move(plans.front());
  keep(convolution, "", choice);
  return std::move(*choice.plan);
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

StatusOr<std::vector<Plan>> CudnnPlans::list(const Convolution &convolution,
                                             size_t most) const {
  SEGC_ASSIGN_OR_RETURN(const ConvolutionGraph graph,
                        ConvolutionGraph::build(library, convolution));
  const bool exact = convolution.type == Float && !convolution.tensorCores;
  std::vector<Plan> plans;
  Status last = unsupported("none is offered");
  // Heuristics list what they take for the fastest first.
  for (Heuristics mode : {HeuristicsA, HeuristicsFallback}) {
    if (!plans.empty())
      break;
    StatusOr<std::vector<Descriptor>> configs = candidates(graph, mode);
    if (!configs.ok()) {
      last = configs.status();
      continue;
    }
    for (const Descriptor &config : *configs) {
      if (plans.size() == most)
        break;
      SEGC_ASSIGN_OR_RETURN(const bool allowed, isAllowed(config, exact));
      if (!allowed)
        continue;
      StatusOr<Plan> plan = planOf(
          [&](Descriptor &made) { return made.set(PlanConfig, config); });
      if (plan.ok())
        plans.push_back(std::move(*plan));
      else
        last = plan.status();
    }
  }
  if (!plans.empty())
    return plans;
  return unsupported("cudnn: no deterministic plan for " + convolution.key() +
                     ": " + last.message() +
                     "; compile the model with segc, whose kernels need no "
                     "cuDNN");
}

//===----------------------------------------------------------------------===//
// Cache
//===----------------------------------------------------------------------===//

CudnnPlans::Place CudnnPlans::placeOf(const Convolution &convolution,
                                      const std::string &kernels) const {
  OrderedJson identity = {{"cudnn", library->version()},
                          {"device", deviceText},
                          {"convolution", convolution.key()}};
  if (!kernels.empty())
    identity["kernels"] = kernels;
  Place place;
  place.key = jsonText(identity);
  place.path = folder + "/" + sha256(place.key) + ".json";
  return place;
}

std::optional<CudnnPlans::Choice>
CudnnPlans::kept(const Convolution &convolution,
                 const std::string &kernels) const {
  const Place place = placeOf(convolution, kernels);
  if (folder.empty() || !pathExists(place.path))
    return std::nullopt;
  StatusOr<Choice> choice = load(place);
  if (choice.ok())
    return std::move(*choice);
  warn(choice.status().message() + "; the plan is made anew");
  return std::nullopt;
}

/// Guards the text of a plan, which is empty where kernels were chosen.
static std::string digestOf(const std::string &plan,
                            const std::string &reason) {
  return sha256(plan + reason);
}

StatusOr<CudnnPlans::Choice> CudnnPlans::load(const Place &place) const {
  const std::string &path = place.path;
  SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(path, maxPlanBytes));
  SEGC_ASSIGN_OR_RETURN(const Json json, parseJson(text, path));
  Status status;
  JsonReader reader(json, path, status);
  const std::string keptKey = reader.string("key"),
                    kept = reader.string("plan"),
                    reason = reader.string("reason"),
                    digest = reader.string("digest");
  SEGC_RETURN_IF_ERROR(status);
  if (keptKey != place.key || digest != digestOf(kept, reason))
    return dataLoss(path + ": its plan is damaged, or that of another graph");
  Choice choice;
  choice.reason = reason;
  if (kept.empty())
    return choice;
  StatusOr<Plan> plan =
      planOf([&](Descriptor &made) { return made.set(PlanJson, kept); });
  if (!plan.ok())
    return plan.status().withContext(path);
  choice.plan = std::move(*plan);
  return choice;
}

void CudnnPlans::keep(const Convolution &convolution,
                      const std::string &kernels, const Choice &choice) const {
  if (folder.empty())
    return;
  const Place place = placeOf(convolution, kernels);
  auto write = [&]() -> Status {
    std::string plan;
    if (choice.plan) {
      SEGC_ASSIGN_OR_RETURN(plan, choice.plan->plan.text(PlanJson));
    }
    const OrderedJson file = {{"key", place.key},
                              {"digest", digestOf(plan, choice.reason)},
                              {"plan", plan},
                              {"reason", choice.reason}};
    return writeFileAtomically(place.path, jsonText(file));
  };
  const Status status = write();
  if (!status.ok())
    warn(status.message() + "; the plan is not kept");
}
