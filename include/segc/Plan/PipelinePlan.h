//===- PipelinePlan.h - Plan of a network's pipeline -----------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_PIPELINEPLAN_H
#define SEGC_PLAN_PIPELINEPLAN_H

#include "segc/Plan/DataPipeline.h"
#include "segc/Plan/Plan.h"

namespace segc {

/// Whether cases are prepared by a plan, and predicted in windows.
inline bool isPlanned(const DataPipeline &pipeline) {
  return pipeline.kind == "nnunet" || pipeline.kind == "kits19";
}

/// The network of `segc model` that is built by plans of such rules.
const char *networkOfRules(PlanRules rules);

/// Fails by name for a plan of other rules than the networks of a kind of
/// pipeline are made for: those of MLPerf are for "kits19", others for
/// "nnunet".
Status checkRules(PlanRules rules, const std::string &kind,
                  const std::string &where);

/// Returns the plan in the pipeline of a planned network. Others have a plan of
/// the published example, "kits19" one of MLPerf's rules, if their pipeline has
/// spacing, patch and modality; what only trainings and builders of networks
/// ask for (the filters, the median shape) is then empty.
StatusOr<Plan> planOfPipeline(const DataPipeline &pipeline, int64_t channels);

/// Returns the first thing in which cases would be prepared, or classes be
/// numbered, by a configuration of a plan otherwise than by a model's plan:
/// "KEY of VALUE, the model has VALUE". Empty if there is none. The order of
/// axes is not looked at: weights record theirs.
std::string differenceOf(const Plan &plan,
                         const PlanConfiguration &configuration,
                         const Plan &ofModel);

/// Returns the names of the labels that a model writes, by their values: those
/// of its classes, or of the regions in its plan.
StatusOr<std::vector<std::string>> labelNamesOf(const DataPipeline &pipeline);

} // namespace segc

#endif // SEGC_PLAN_PIPELINEPLAN_H
