//===- segc-reduce.cpp - Makes a failing module small ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Process.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Pipelines/SourceText.h"
#include "segc/Reduce/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Reducer/Passes.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::OptionCategory category("segc-reduce options");
static cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"),
                                  cl::cat(category));
static cl::opt<std::string> output("o", cl::desc("File of the reduced module"),
                                   cl::init("-"), cl::cat(category));

static LogicalResult fail(const llvm::Twine &message) {
  llvm::errs() << "segc-reduce: " << message << "\n";
  return failure();
}

/// As mlir-reduce does it, but that the text is looked at before it is parsed,
/// and that the output is written when there is one.
static LogicalResult reduce(const PassPipelineCLParser &passes,
                            MLIRContext &context) {
  if (output != "-") {
    if (segc::sameFile(input, output))
      return fail(output + ": is the input; name another file");
    if (segc::Status place = segc::checkOutputPlace(output); !place.ok())
      return fail(place.message());
  }
  llvm::SourceMgr sources;
  auto module = segc::parseText(context, sources, input);
  if (!module)
    return fail(llvm::toString(module.takeError()));
  PassManager manager(&context);
  auto report = [&](const llvm::Twine &message) { return fail(message); };
  if (failed(passes.addToPipeline(manager, report)) ||
      failed(manager.run(**module)))
    return failure();
  if (output == "-") {
    (*module)->print(llvm::outs());
    return success();
  }
  std::string text;
  llvm::raw_string_ostream(text) << **module;
  segc::Status status = segc::writeFileAtomically(output, text);
  return status.ok() ? success() : fail(status.message());
}

static int run(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  segc::ignoreFileLimit();
  DialectRegistry registry;
  registerAllDialects(registry);
  segc::registerAllDialects(registry);
  segc::registerAllPasses();
  segc::registerSegcReducePasses();
  registerReducerPasses();
  cl::HideUnrelatedOptions(category);
  // Afterwards, as its options are related.
  PassPipelineCLParser passes("", "Reductions to run");
  cl::ParseCommandLineOptions(argc, argv, "MLIR test case reduction tool.\n");
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  return failed(reduce(passes, context));
}

int main(int argc, char **argv) {
  return segc::runProgram([=] { return run(argc, argv); });
}
