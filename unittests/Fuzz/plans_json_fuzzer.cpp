//===- plans_json_fuzzer.cpp - Arbitrary text as plans of nnU-Net ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: what is accepted is a plan that our own file can hold.
//
//===----------------------------------------------------------------------===//

#include "PlanFuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  segc::fuzz::checkPlan(segc::parseNnunetPlans(
      text, "plans.json", {"MRI"}, {"background", "anterior", "posterior"}));
  return 0;
}
