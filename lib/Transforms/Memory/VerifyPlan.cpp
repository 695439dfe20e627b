//===- VerifyPlan.cpp - Checks of a planned module ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"
#include "segc/Transforms/PlanVerifier.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_VERIFYPLANPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

struct VerifyPlanPass : segc::impl::VerifyPlanPassBase<VerifyPlanPass> {
  void runOnOperation() override {
    // Without a layout no model is made of it, but kernels are.
    bool isModel = getOperation()->hasAttr(layoutAttrName);
    if (isModel && failed(verifyLayout(getOperation())))
      return signalPassFailure();
    for (auto entry : getOperation().getOps<func::FuncOp>())
      if ((isModel && failed(verifyPlaces(entry))) ||
          failed(PlanVerifier(entry).verify()))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
