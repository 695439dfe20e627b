//===- SegcMain.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/SegcMain.h"

#include "FailureHandlers.h"
#include "OptionEffects.h"
#include "Outputs.h"
#include "SegcManual.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Base/Process.h"
#include "segc/Driver/Calibrate.h"
#include "segc/Driver/CompileCommand.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Exchange.h"
#include "segc/Driver/Explain.h"
#include "segc/Driver/Inspect.h"
#include "segc/Driver/UsageError.h"
#include "segc/Driver/Verify/Verify.h"
#include "segc/Networks/Networks.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/PrecisionLists.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

namespace segc {

static int report(llvm::Error error) {
  if (!error)
    return 0;
  if (error.isA<ReportedError>()) {
    llvm::consumeError(std::move(error));
    return 1;
  }
  int code = error.isA<UsageError>() ? 2 : 1;
  llvm::errs() << "segc: " << llvm::toString(std::move(error)) << "\n";
  return code;
}

/// Runs `action`. Returns exit code 1 for an error, 2 for wrong usage.
template <typename Action>
static void onCommand(CLI::App *command, int &code, Action action) {
  command->callback([=, &code] { code = report(action()); });
}

static void addCompile(CLI::App &app, int &code) {
  auto options = std::make_shared<CompileOptions>();
  auto calibration = std::make_shared<CalibrationOptions>();
  CLI::App *command =
      app.add_subcommand("compile", "Compile a network into a shared object");
  addCompileOptions(*command, *options);
  addCalibrationOptions(*command, *calibration);
  command->add_option("-o,--output", options->output,
                      "Output file: a model (.so), or text with --emit");
  command
      ->add_option(
          "--emit", options->emit,
          "Stop after a phase and print it (default: none, write a model)")
      ->check(phaseNames(codeNames()));
  command->add_option("--dump-to", options->dumpTo,
                      "Directory for the IR after every phase");
  command->add_option("--remarks", options->remarks,
                      "YAML file with a remark for every decision");
  command->add_option("--report", options->report,
                      "Report of the compilation: a page (.html) or JSON");
  command->add_option("--profile", options->profiles,
                      "Measured times for the report and the remarks, from "
                      "segrun benchmark --profile; repeatable, one for each "
                      "mode");
  command
      ->add_option("--jobs", options->jobs,
                   "Threads of code generation (default: all cores)")
      ->check(integerIn(1, maxThreads));
  onCommand(command, code, [=] {
    checkOptionEffects(*command, *options);
    return calibration->data.empty()
               ? compile(*options)
               : compileCalibrated(*options, *calibration);
  });
}

static llvm::Error writeNetwork(const std::string &name,
                                const std::vector<std::string> &arguments,
                                const std::string &output) {
  CompilerContext context;
  std::string error;
  auto module = buildNetwork(&context, name, arguments, error);
  if (failed(module))
    return llvm::createStringError(error);
  std::string text;
  llvm::raw_string_ostream stream(text);
  printNetwork(**module, stream);
  return writeOutput(output, text);
}

static void addModel(CLI::App &app, int &code) {
  auto name = std::make_shared<std::string>(),
       output = std::make_shared<std::string>("-");
  const std::string names = llvm::join(networkNames(), ", ");
  CLI::App *command = app.add_subcommand(
      "model", "Write a network: " + names +
                   " [options]; `segc model NAME --help` lists them");
  command->add_option("NAME", *name, names)->required();
  command->add_option("-o,--output", *output,
                      "File to write (default: standard output)");
  command->allow_extras();
  // buildNetwork parses the network's options and --help.
  command->set_help_flag();
  command->callback([=, &code] {
    std::vector<std::string> arguments = command->remaining();
    if (llvm::is_contained(arguments, "--help") ||
        llvm::is_contained(arguments, "-h"))
      llvm::outs() << networkHelp(*name);
    else
      code = report(writeNetwork(*name, arguments, *output));
  });
}

static void addInspect(CLI::App &app, int &code) {
  auto path = std::make_shared<std::string>();
  auto asJson = std::make_shared<bool>(false);
  CLI::App *command = app.add_subcommand(
      "inspect", "Describe a model or a network: inputs, outputs, "
                 "parameters, memory");
  command->add_option("MODEL", *path, "Model (.so) or network (.mlir)")
      ->required();
  command->add_flag("--json", *asJson, "Print the manifest as JSON");
  auto load = std::make_shared<bool>(false);
  command->add_flag("--load", *load,
                    "Load a model whose manifest cannot be read from its "
                    "file, which runs its code");
  command->callback(
      [=, &code] { code = report(inspect(*path, *asJson, *load)); });
}

static void addExport(CLI::App &app, int &code) {
  auto options = std::make_shared<OnnxExportOptions>();
  CLI::App *command = app.add_subcommand(
      "export", "Write a network with its weights as an ONNX model");
  command
      ->add_option("NETWORK", options->network,
                   "Network in the seg dialect (.mlir)")
      ->required();
  command
      ->add_option("--weights", options->weights,
                   "Weights of the network, a safetensors file such as a "
                   "checkpoint's model.safetensors")
      ->required();
  command
      ->add_option("-o,--output", options->output, "File for the model (.onnx)")
      ->required();
  command->add_option("--pipeline", options->pipelineKeys,
                      "Keys to set in the pipeline, which is the model's "
                      "metadata, as JSON, such as {\"postprocess\": "
                      "\"largest\"}");
  onCommand(command, code, [=] { return exportNetwork(*options); });
}

static void addImport(CLI::App &app, int &code) {
  auto options = std::make_shared<NetworkImportOptions>();
  CLI::App *command = app.add_subcommand(
      "import", "Write an ONNX model as a network and its weights");
  command->add_option("MODEL", options->input, "Model (.onnx)")->required();
  command
      ->add_option("-o,--output", options->output,
                   "File for the network (.mlir)")
      ->required();
  command->add_option("--weights", options->weights,
                      "File for the weights (default: beside the network, "
                      "with the ending .safetensors)");
  command
      ->add_option("--patch", options->patch,
                   "Size of the image in voxels, as z,y,x, for a model that "
                   "leaves it open (default: the model's)")
      ->expected(2, 3)
      ->delimiter(',');
  onCommand(command, code, [=] { return importNetwork(*options); });
}

static void addExplain(CLI::App &app, int &code) {
  auto options = std::make_shared<CompileOptions>();
  auto ops = std::make_shared<std::vector<std::string>>();
  CLI::App *command = app.add_subcommand(
      "explain", "Explain the decisions of a compilation: fusion of each "
                 "pair of ops, precision of each op, strategies, order, "
                 "memory");
  addCompileOptions(*command, *options);
  command
      ->add_option("OP", *ops,
                   "Print only pairs whose op names contain these (producer, "
                   "user), or one entry")
      ->expected(0, 2);
  onCommand(command, code, [=] { return explain(*options, *ops); });
}

static void addVerify(CLI::App &app, int &code) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *command = app.add_subcommand(
      "verify", "Compare every kernel with the reference evaluation; a model "
                "(.so) is loaded, which runs its code");
  addCompileOptions(*command, options->compile);
  command->add_flag("--full", options->full,
                    "Compare every element (default: borders and a random "
                    "sample of large kernels)");
  CLI::Option *kernels = command->add_option(
      "--kernels", options->kernels,
      "Source of the kernels to check instead of compiling them: text of "
      "--emit kernels or llvm, or a model (.so)");
  command
      ->add_flag("--program", options->programs,
                 "Execute whole programs by the reference evaluation in "
                 "their planned memory, instead of kernels; checks order and "
                 "memory, for small networks")
      ->excludes(kernels);
  command->add_flag("--allow-skipped", options->allowSkipped,
                    "Do not fail for kernels of a version of --cpu that this "
                    "processor cannot run");
  onCommand(command, code, [=] { return verify(*options); });
}

static void addPrecisionLists(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "precision-lists",
      "Print the precision classes of all ops, as a file for "
      "--precision-lists");
  command->callback([] {
    CompilerContext context;
    llvm::outs() << defaultPrecisionLists(&context);
  });
}

/// Flushes the standard output. A failure becomes an error here, as LLVM would
/// abort at exit.
static int flushOutput(int code) {
  llvm::outs().flush();
  std::error_code error = llvm::outs().error();
  llvm::outs().clear_error();
  if (!error)
    return code;
  return report(llvm::createStringError(
      error, "cannot write to the standard output: " + error.message()));
}

/// Lists the targets with their versions.
static std::string targetList() {
  registerTargets();
  std::string text;
  for (const TargetBackend *backend : targetBackends()) {
    text += (text.empty() ? "" : "; ") + backend->name().str() + " ";
    llvm::raw_string_ostream out(text);
    llvm::interleaveComma(backend->versions(), out,
                          [&](const auto &each) { out << each->name; });
  }
  return text;
}

static int runSegc(int argc, char **argv) {
  installFailureHandlers();
  CLI::App app("Compiles medical-image segmentation networks");
  app.set_version_flag("--version", "segc " SEGC_VERSION
                                    " (LLVM " LLVM_VERSION_STRING
                                    ", targets: " +
                                        targetList() + ")");
  app.require_subcommand(1);
  int code = 0;
  addCompile(app, code);
  addModel(app, code);
  addInspect(app, code);
  addExport(app, code);
  addImport(app, code);
  addExplain(app, code);
  addVerify(app, code);
  addPrecisionLists(app);
  addSegcManual(app);
  if (Status status = checkArguments(argc, argv); !status.ok()) {
    llvm::errs() << "segc: " << status.message() << "\n";
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    std::ostringstream help, message;
    code = app.exit(error, help, message) == 0 ? 0 : 2;
    llvm::outs() << help.str();
    llvm::errs() << message.str();
  }
  return flushOutput(code);
}

int segcMain(int argc, char **argv) {
  return runProgram([=] { return runSegc(argc, argv); });
}

} // namespace segc
