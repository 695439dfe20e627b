//===- Formulas.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Formulas.h"

#include "segc/Codegen/Common/FormulaInterfaces.cpp.inc"

using namespace mlir;

void segc::registerFormulas(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    attachChannelSumFormulas(context);
    attachBinaryCrossEntropyFormulas(context);
    attachCrossEntropyFormulas(context);
    attachDiceFormulas(context);
    attachNormFormulas(context);
    attachOptimizerFormulas(context);
  });
}
