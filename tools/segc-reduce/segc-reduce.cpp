//===- segc-reduce.cpp - Makes a failing module small ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Pipelines/Phases.h"
#include "segc/Reduce/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/Reducer/Passes.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  segc::registerAllDialects(registry);
  segc::registerAllPasses();
  segc::registerSegcReducePasses();
  mlir::registerReducerPasses();
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  return failed(mlir::mlirReduceMain(argc, argv, context));
}
