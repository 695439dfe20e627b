//===- PlanReader.cpp - Plans of segrun and of nnU-Net --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/PlanReader.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Plan/PlanFile.h"

using namespace segc;

StatusOr<Plan> segc::readPlan(const std::string &path,
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
