//===- PlanFuzzer.h - What any parsed plan keeps ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_FUZZ_PLANFUZZER_H
#define SEGC_UNITTESTS_FUZZ_PLANFUZZER_H

#include "segc/Plan/PlanFile.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace segc::fuzz {

/// Stops the process if a plan's text is not that of the same plan.
inline void checkPlan(const StatusOr<Plan> &plan) {
  if (!plan)
    return;
  const std::string text = planText(*plan);
  const StatusOr<Plan> again = parsePlan(text, "again");
  if (!again || planText(*again) != text)
    __builtin_trap();
}

} // namespace segc::fuzz

#endif // SEGC_UNITTESTS_FUZZ_PLANFUZZER_H
