//===- segc-opt.cpp - mlir-opt with the seg dialect -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Base/Process.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Pipelines/SourceText.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/InitLLVM.h"

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

/// As MlirOptMain does it, but that the text is looked at first, and that the
/// output is written when there is one.
static LogicalResult optimize(int argc, char **argv, llvm::StringRef input,
                              llvm::StringRef output,
                              DialectRegistry &registry) {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  if (config.shouldShowDialects() || config.shouldListPasses())
    return MlirOptMain(argc, argv, input, output, registry);
  auto fail = [](const llvm::Twine &message) {
    llvm::errs() << "segc-opt: " << message << "\n";
    return failure();
  };
  if (output != "-") {
    if (segc::sameFile(input.str(), output.str()))
      return fail(output + ": is the input; name another file");
    if (segc::Status place = segc::checkOutputPlace(output.str()); !place.ok())
      return fail(place.message());
  }
  auto text = segc::readText(input);
  if (!text)
    return fail(llvm::toString(text.takeError()));
  if (output == "-")
    return MlirOptMain(llvm::outs(), std::move(*text), registry, config);
  std::string result;
  llvm::raw_string_ostream stream(result);
  if (failed(MlirOptMain(stream, std::move(*text), registry, config)))
    return failure();
  segc::Status status = segc::writeFileAtomically(output.str(), result);
  return status.ok() ? success() : fail(status.message());
}

static int run(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  segc::ignoreFileLimit();
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
  return asMainReturnCode(optimize(argc, argv, input, output, registry));
}

int main(int argc, char **argv) {
  return segc::runProgram([=] { return run(argc, argv); });
}
