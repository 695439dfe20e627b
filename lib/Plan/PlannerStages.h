//===- PlannerStages.h - What all planners share ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PLAN_PLANNERSTAGES_H
#define SEGC_LIB_PLAN_PLANNERSTAGES_H

#include "segc/Plan/Planner.h"

namespace segc {

/// A plan without configurations.
Plan planFor(const Fingerprint &fingerprint, PlanRules rules);

/// A percentile over the cases of the spacing along one axis.
double spacingPercentile(const Fingerprint &fingerprint, size_t axis,
                         double percent);
std::array<double, 3> medianSpacing(const Fingerprint &fingerprint);

/// The median of the cases on the grid of `spacing`, rounded down; planes stay
/// as they are.
std::vector<double> flooredMedianShape(const Fingerprint &fingerprint,
                                       const std::vector<double> &spacing);

/// What the rules of MLPerf ask of a plan beyond the common checks: volumes of
/// classes, and the benchmark's network but for its filters.
Status verifyMlperf(const Plan &plan);

/// Chooses the normalisation of each channel by its name.
void setNormalization(const Fingerprint &fingerprint,
                      PlanConfiguration &configuration);

} // namespace segc

#endif // SEGC_LIB_PLAN_PLANNERSTAGES_H
