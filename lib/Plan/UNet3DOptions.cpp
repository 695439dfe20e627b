//===- UNet3DOptions.cpp - The 3-D U-Net of a plan ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/NetworkOptions.h"
#include "segc/Plan/PipelinePlan.h"

using namespace segc;

StatusOr<UNet3DOptions>
UNet3DOptions::forPlan(const Plan &plan, const std::string &configuration) {
  SEGC_RETURN_IF_ERROR(checkRules(plan.rules, "kits19", "plan"));
  SEGC_ASSIGN_OR_RETURN(const PlanConfiguration *chosen,
                        chooseConfiguration(plan, configuration));
  UNet3DOptions options;
  options.patch = chosen->patch;
  // The bottleneck, whose filters are those of the last level, is not listed.
  options.filters.assign(chosen->filters.begin(), chosen->filters.end() - 1);
  options.classes = static_cast<int64_t>(plan.classNames.size());
  options.channels = static_cast<int64_t>(plan.channelNames.size());
  options.batch = chosen->batch;
  options.plan = plan;
  options.plan->configurations = {*chosen};
  return options;
}
