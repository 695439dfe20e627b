//===- CollectiveEval.cpp - Reductions over ranks -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

/// Ops are evaluated for the only rank. Several run side by side where programs
/// are interpreted.
static void allReduce(AllReduceOp, Operands operands, Results results) {
  for (auto [result, operand] : llvm::zip_equal(results, operands))
    result = *operand;
}

void attachCollectiveModels(MLIRContext *context) {
  attach<AllReduceOp, allReduce>(context);
}

} // namespace segc::reference
