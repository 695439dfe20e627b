//===- PlanFile.h - Plans as files that people edit -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_PLANFILE_H
#define SEGC_PLAN_PLANFILE_H

#include "segc/Plan/Plan.h"

#include <string_view>

namespace segc {

/// The version of the text that planText() writes.
inline constexpr int64_t planVersion = 1;

/// Formats a plan as JSON, a key a line (docs/Planning.md).
std::string planText(const Plan &plan);

/// Parses and verifies such a text. Keys that are missing, unknown or of
/// another type are errors that name them; `where` names the text.
StatusOr<Plan> parsePlan(std::string_view text, const std::string &where);

/// Parses the plans.json of nnU-Net v2 (2.4 on, plain networks and residual
/// encoders), which has no names of channels and classes. Configurations with a
/// previous stage are left out: their networks take its prediction as input.
StatusOr<Plan> parseNnunetPlans(std::string_view text, const std::string &where,
                                const std::vector<std::string> &channelNames,
                                const std::vector<std::string> &classNames);

} // namespace segc

#endif // SEGC_PLAN_PLANFILE_H
