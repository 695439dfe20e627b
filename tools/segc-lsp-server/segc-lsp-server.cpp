//===- segc-lsp-server.cpp - Language server of the seg dialect -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Process.h"
#include "segc/Pipelines/Phases.h"

#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

/// The server parses what an editor holds, before anything could look at how
/// deep it is nested, and must outlive it. Memory is taken as far as it is
/// used.
static constexpr size_t serverStack = size_t{1} << 30;

int main(int argc, char **argv) {
  return segc::runProgram(
      [=] {
        mlir::DialectRegistry registry;
        mlir::registerAllDialects(registry);
        segc::registerAllDialects(registry);
        return static_cast<int>(
            failed(mlir::MlirLspServerMain(argc, argv, registry)));
      },
      serverStack);
}
