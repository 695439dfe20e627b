//===- plan_json_fuzzer.cpp - Arbitrary text as a plan --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: an accepted plan is written as text that is accepted and written
// the same again.
//
//===----------------------------------------------------------------------===//

#include "PlanFuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  segc::fuzz::checkPlan(segc::parsePlan(text, "plan.json"));
  return 0;
}
