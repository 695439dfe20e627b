//===- AugmentPasses.td - Passes of augmentation -----------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_AUGMENTPASSES_TD
#define SEGC_TRANSFORMS_AUGMENTPASSES_TD

include "mlir/Pass/PassBase.td"

def AddAugmentEntryPass : Pass<"seg-add-augment-entry", "::mlir::ModuleOp"> {
  let summary = "Add the entry that makes image and labels of a step from crops";
  let description = [{
    Runs after seg-import-network. The entry `augment` has the ops that the rules
    (v2, example or mlperf) may draw, in the order of the host's renderer; what
    samples draw is among its inputs (Plan/AugmentEntry.h). Its outputs are the
    inputs `image` and `label` of `grad_step`. `seg.layout` names the rules, and
    so does the manifest.
  }];
  let options = [Option<"rules", "rules", "std::string", "\"v2\"", "Rules of augmentation">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::segc::seg::SegDialect"];
}

#endif // SEGC_TRANSFORMS_AUGMENTPASSES_TD
