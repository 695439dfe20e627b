//===- CompiledPrograms.h - Programs of small networks ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_PROGRAM_COMPILEDPROGRAMS_H
#define SEGC_UNITTESTS_PROGRAM_COMPILEDPROGRAMS_H

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Networks/Networks.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Program/Programs.h"
#include "segc/Reference/Programs.h"
#include "segc/Reference/Reference.h"
#include "gtest/gtest.h"

namespace segc::test {

/// A small network after the phase `fusion`, and its programs.
class Programs {
public:
  /// A V-Net.
  explicit Programs(const PipelineOptions &options,
                    const std::vector<std::string> &network = {
                        "--width", "4", "--input-shape", "8", "8", "8",
                        "--downscale-blocks", "1", "1", "--upscale-blocks",
                        "1"}) {
    loadDialects();
    std::string error;
    auto built = buildNetwork(&context, "vnet", network, error);
    EXPECT_TRUE(succeeded(built)) << error;
    compile(std::move(*built), options);
  }
  /// The network of a text.
  Programs(const PipelineOptions &options, llvm::StringRef text) {
    loadDialects();
    compile(mlir::parseSourceString<mlir::ModuleOp>(text, &context), options);
  }

  /// Returns the difference of a program to its ops; empty if there is none.
  std::string check() {
    for (auto program : module->getOps<exec::ProgramOp>())
      if (program.getSymName() != "prepare") {
        auto entry =
            entries->lookupSymbol<mlir::func::FuncOp>(program.getSymName());
        auto fault = reference::checkProgram(program, entry, /*classes=*/3);
        if (failed(fault) || !fault->empty())
          return program.getSymName().str() + ": " +
                 (failed(fault) ? "an error" : *fault);
      }
    return "";
  }

  exec::ProgramOp program(llvm::StringRef name) {
    return findProgram(*module, name);
  }

  CompilerContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> entries, module;

private:
  void loadDialects() {
    mlir::DialectRegistry registry;
    reference::registerReferenceModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  void compile(mlir::OwningOpRef<mlir::ModuleOp> network,
               const PipelineOptions &options) {
    ASSERT_TRUE(network);
    entries = std::move(network);
    run(*entries, "seg", "fusion", options);
    module = entries->clone();
    run(*module, "plan", "program", options);
  }

  static void run(mlir::ModuleOp module, llvm::StringRef first,
                  llvm::StringRef last, const PipelineOptions &options) {
    mlir::PassManager manager(module.getContext());
    for (size_t i = *findPhase(first); i <= *findPhase(last); ++i)
      populatePhase(manager, phases()[i].name, options);
    EXPECT_TRUE(succeeded(manager.run(module)));
  }
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_PROGRAM_COMPILEDPROGRAMS_H
