//===- segc-opt.cpp - mlir-opt with the seg dialect -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Pipelines/Phases.h"
#include "segc/Pipelines/SourceText.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

/// The arguments, and notes of one line where they do not ask for more: a
/// network is one op.
static std::vector<char *> withShortNotes(int argc, char **argv) {
  static char shortNotes[] = "--mlir-print-op-on-diagnostic=false";
  std::vector<char *> arguments(argv, argv + argc);
  bool asked = llvm::any_of(arguments, [](llvm::StringRef argument) {
    return argument.contains("mlir-print-op-on-diagnostic");
  });
  if (!asked)
    arguments.insert(arguments.begin() + 1, shortNotes);
  return arguments;
}

/// As MlirOptMain does it, and looks at the text first.
static LogicalResult run(int argc, char **argv, llvm::StringRef input,
                         llvm::StringRef output, DialectRegistry &registry) {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return MlirOptMain(argc, argv, input, output, registry);
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> text = openInputFile(input, &message);
  std::unique_ptr<llvm::ToolOutputFile> file =
      text ? openOutputFile(output, &message) : nullptr;
  if (!file) {
    llvm::errs() << message << "\n";
    return failure();
  }
  if (llvm::Error error = segc::checkNesting(*text)) {
    llvm::errs() << llvm::toString(std::move(error)) << "\n";
    return failure();
  }
  if (failed(MlirOptMain(file->os(), std::move(text), registry, config)))
    return failure();
  file->keep();
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registerAllExtensions(registry);
  mlir::registerAllPasses();
  segc::registerAllDialects(registry);
  segc::registerAllPasses();
  std::vector<char *> arguments = withShortNotes(argc, argv);
  auto [input, output] = registerAndParseCLIOptions(
      arguments.size(), arguments.data(),
      "segc-opt: passes on the seg dialect\n", registry);
  return asMainReturnCode(run(argc, argv, input, output, registry));
}
