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
  return pipeline.kind == "nnunet";
}

/// Returns the plan in the pipeline of a planned network. Others have a plan of
/// the published example if their pipeline has spacing, patch and modality, as
/// those of Decathlon tasks do; what only trainings and builders of networks
/// ask for (the filters, the median shape) is then empty.
StatusOr<Plan> planOfPipeline(const DataPipeline &pipeline, int64_t channels);

/// Returns the names of the labels that a model writes, by their values: those
/// of its classes, or of the regions in its plan.
StatusOr<std::vector<std::string>> labelNamesOf(const DataPipeline &pipeline);

} // namespace segc

#endif // SEGC_PLAN_PIPELINEPLAN_H
