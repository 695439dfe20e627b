//===- PlannedModel.h - A planned network of models -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_TRANSFORMS_PLANNEDMODEL_H
#define SEGC_UNITTESTS_TRANSFORMS_PLANNEDMODEL_H

#include "mlir/Parser/Parser.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Program/MemoryVerifier.h"
#include "segc/Transforms/Passes.h"

namespace segc {

/// The network models/<model>.mlir after the phase `plan`; the module is null
/// if that failed.
struct PlannedModel {
  CompilerContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module, programs;
  PipelineOptions options;

  PlannedModel(llvm::StringRef model, const PipelineOptions &options)
      : options(options) {
    module = mlir::parseSourceFile<mlir::ModuleOp>(
        std::string(SEGC_SOURCE_DIR "/models/") + model.str() + ".mlir",
        &context);
    mlir::PassManager manager(&context);
    for (size_t i = 0; i <= *findPhase("plan"); ++i)
      populatePhase(manager, phases()[i].name, options);
    if (module && failed(manager.run(*module)))
      module = nullptr;
  }

  mlir::func::FuncOp entry(llvm::StringRef name) {
    return module->lookupSymbol<mlir::func::FuncOp>(name);
  }
  /// Builds the program of an entry.
  exec::ProgramOp program(llvm::StringRef name) {
    if (!programs) {
      programs = module->clone();
      mlir::PassManager manager(&context);
      populatePhase(manager, "program", options);
      if (failed(manager.run(*programs)))
        return nullptr;
    }
    return programs->lookupSymbol<exec::ProgramOp>(name);
  }
  int64_t arena(llvm::StringRef name) {
    return entry(name)
        ->getAttrOfType<mlir::IntegerAttr>(arenaAttrName)
        .getInt();
  }
};

} // namespace segc

#endif // SEGC_UNITTESTS_TRANSFORMS_PLANNEDMODEL_H
