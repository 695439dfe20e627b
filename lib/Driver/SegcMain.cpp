//===- SegcMain.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/SegcMain.h"

#include "segc/Base/Files.h"
#include "segc/Base/NumberChecks.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Explain.h"
#include "segc/Driver/Inspect.h"
#include "segc/Driver/Verify.h"
#include "segc/Networks/Networks.h"
#include "segc/Target/CpuStrategyContext.h"
#include "segc/Transforms/PrecisionLists.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>

namespace segc {

static int report(llvm::Error error) {
  if (!error)
    return 0;
  llvm::errs() << "segc: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}

static CLI::IsMember cpuNames() {
  std::vector<std::string> names = {"native"};
  for (llvm::StringRef name : cpuTargetNames())
    names.push_back(name.str());
  return CLI::IsMember(names);
}

static CLI::IsMember phaseNames(std::vector<std::string> more) {
  std::vector<std::string> names;
  for (const Phase &phase : phases())
    names.push_back(phase.name.str());
  names.insert(names.end(), more.begin(), more.end());
  return CLI::IsMember(names);
}

static void addPrecision(CLI::App &command, PipelineOptions &options) {
  command
      .add_option("--precision", options.precision,
                  "f32, or f16 or bf16: 16-bit values in memory where that is "
                  "safe and saves time (docs/Precision.md)")
      ->check(CLI::IsMember({"f32", "tf32", "bf16", "f16"}));
  command
      .add_option("--precision-lists", options.precisionLists,
                  "JSON file with classes of ops, in the form that `segc "
                  "precision-lists` prints")
      ->check(CLI::ExistingFile);
}

static void addCompile(CLI::App &app, int &code) {
  auto options = std::make_shared<CompileOptions>();
  auto inference = std::make_shared<bool>(false),
       noFusion = std::make_shared<bool>(false);
  auto noInPlace = std::make_shared<bool>(false),
       noReuse = std::make_shared<bool>(false),
       noSchedule = std::make_shared<bool>(false);
  auto insertions = std::make_shared<std::vector<std::string>>();
  auto fuel = std::make_shared<std::string>(),
       target = std::make_shared<std::string>("cpu");
  CLI::App *command =
      app.add_subcommand("compile", "Compile a network into a shared object");
  command
      ->add_option("MODEL", options->input,
                   "Network in the seg dialect (.mlir)")
      ->required();
  command->add_option("-o,--output", options->output,
                      "Model to write (.so), or text with --emit");
  command
      ->add_option("--batch", options->pipeline.batch,
                   "Largest batch (default: the network's)")
      ->check(integerIn(1, 1 << 20));
  command->add_option("--target", *target, "Targets")
      ->check(CLI::IsMember({"cpu"}));
  command
      ->add_option("--cpu", options->cpus,
                   "Instruction-set versions (default: all, chosen at load)")
      ->delimiter(',')
      ->check(cpuNames());
  command
      ->add_option("--threads", options->pipeline.threads,
                   "Threads that kernels are cut for; the model runs with any "
                   "number, with the same bits (default: the cores of this "
                   "machine for native, else 2 to 16 alike)")
      ->check(CLI::Range(int64_t(1), mostThreads));
  command
      ->add_option("--winograd", options->pipeline.winograd,
                   "Largest Winograd tiles (default: f4): off is exact to "
                   "2e-7, f2 to 3e-7, f4 to 3e-6 of a convolution's result")
      ->check(CLI::IsMember({"off", "f2", "f4"}));
  command
      ->add_option("--arithmetic", options->pipeline.arithmetic,
                   "Products of convolutions that read 16-bit values: those "
                   "of 16 bits that the CPU has (f16, default; only bf16 "
                   "where values are bf16), of bf16 at most, or f32")
      ->check(CLI::IsMember({"f16", "bf16", "f32"}));
  auto *autotune = command->add_flag(
      "--autotune", options->pipeline.autotune,
      "Measure the strategies of convolutions on this machine");
  command
      ->add_option("--autotune-cache", options->pipeline.autotuneCache,
                   "Directory of measured times (default: "
                   "$XDG_CACHE_HOME/segc/autotune, ~/.cache/segc/autotune)")
      ->needs(autotune);
  addPrecision(*command, options->pipeline);
  command->add_flag("--inference", *inference, "predict only");
  command->add_option("--weights", options->weights,
                      "Embed weights (.safetensors)");
  command
      ->add_option("--emit", options->emit, "Stop after a phase and print it")
      ->check(phaseNames({"asm"}));
  command
      ->add_option("--from", options->from,
                   "The input is what --emit of this phase printed")
      ->check(phaseNames({}));
  command->add_option("--dump-to", options->dumpTo,
                      "Directory for the module after every phase");
  command->add_option("--remarks", options->remarks,
                      "YAML file with a remark for every decision");
  CLI::Option *page =
      command->add_option("--report", options->report,
                          "File for what was decided: a page (.html), or JSON");
  command
      ->add_option("--profile", options->profiles,
                   "Measured times for the report, from segrun benchmark "
                   "--profile; may be given again for another mode")
      ->needs(page);
  command
      ->add_option(
          "-O", options->optLevel,
          "Optimisation of the machine code, -O0 to -O3 (default: -O2)")
      ->check(CLI::Range(0, 3));
  command->add_option("--jobs", options->jobs,
                      "Threads of code generation (default: all cores)");
  command->add_flag("--no-fusion", *noFusion, "One op a kernel");
  command->add_flag("!--no-epilogues", options->pipeline.epilogues,
                    "Pointwise ops in kernels of their own");
  command->add_flag("!--no-reductions", options->pipeline.reductions,
                    "Statistics by passes over memory of their own");
  command->add_flag("!--no-prologues", options->pipeline.prologues,
                    "What convolutions read is written first");
  command->add_option("--fuel", *fuel, "fusion=N: fuse at most N pairs");
  auto *fit =
      command
          ->add_option(
              "--fit-memory", options->pipeline.fitMemory,
              "Most bytes of each entry's arena (the memory between kernels, "
              "for the largest batch; parameters, gradients and optimizer "
              "state are not in it), such as 400MiB: kernels run again where "
              "keeping their results would exceed it")
          ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
          // Beyond it lie what were negative numbers.
          ->check(CLI::Range(0.0, 0x1p62));
  command
      ->add_option("--recompute", options->pipeline.recompute,
                   "Per cent of an entry's modelled time that kernels may run "
                   "again for, unasked, to save memory (default: 1)")
      ->check(CLI::Range(0.0, 100.0));
  command->add_flag("--no-in-place", *noInPlace, "Never compute in place");
  command->add_flag("--no-reuse", *noReuse, "Memory of its own for every value")
      ->excludes(fit);
  command->add_flag("--no-schedule", *noSchedule,
                    "Kernels in the order of the program");
  command->add_option("--load-pass-plugin", options->plugins,
                      "Library with passes of your own, for --run-after");
  command->add_option("--run-after", *insertions,
                      "PHASE=PIPELINE: passes to run after a phase");
  command->callback([=, &code] {
    for (llvm::StringRef insertion : *insertions) {
      auto [phase, pipeline] = insertion.split('=');
      if (!findPhase(phase) || pipeline.empty()) {
        llvm::errs() << "segc: --run-after " << insertion
                     << ": expected PHASE=PIPELINE, with a phase of --emit\n";
        code = 2;
        return;
      }
      options->insertedPasses.push_back({phase.str(), pipeline.str()});
    }
    options->pipeline.training = !*inference;
    // Only constant weights can be folded into.
    options->pipeline.foldNorms = *inference && !options->weights.empty();
    options->pipeline.fusion = !*noFusion;
    options->pipeline.inPlace = !*noInPlace;
    options->pipeline.reuse = !*noReuse;
    options->pipeline.schedule = !*noSchedule;
    options->pipeline.memoryTable =
        !options->report.empty() || !options->remarks.empty();
    if (options->pipeline.autotuneCache.empty())
      options->pipeline.autotuneCache = userCacheDirectory() + "/autotune";
    llvm::StringRef limit(*fuel);
    if (!fuel->empty() && (!limit.consume_front("fusion=") ||
                           limit.getAsInteger(10, options->pipeline.fuel))) {
      llvm::errs() << "segc: --fuel " << *fuel << ": expected fusion=N\n";
      code = 2;
      return;
    }
    code = report(compile(*options));
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
  std::error_code failure;
  llvm::ToolOutputFile file(output, failure, llvm::sys::fs::OF_None);
  if (failure)
    return llvm::createStringError(failure, "cannot write " + output + ": " +
                                                failure.message());
  printNetwork(**module, file.os());
  file.keep();
  return llvm::Error::success();
}

static void addModel(CLI::App &app, int &code) {
  auto name = std::make_shared<std::string>(),
       output = std::make_shared<std::string>("-");
  CLI::App *command = app.add_subcommand(
      "model", "Write a network: unet2d, vnet or nnunet [options]; `segc model "
               "NAME --help` lists them");
  command->add_option("NAME", *name, "unet2d, vnet or nnunet")->required();
  command->add_option("-o,--output", *output,
                      "File to write (default: standard output)");
  command->allow_extras();
  // The network's own options, and its --help, are those of buildNetwork.
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
      "inspect", "Print what a model or a network says of itself");
  command->add_option("MODEL", *path, ".so or .mlir")->required();
  command->add_flag("--json", *asJson, "The manifest as JSON");
  command->callback([=, &code] { code = report(inspect(*path, *asJson)); });
}

static void addExplain(CLI::App &app, int &code) {
  auto path = std::make_shared<std::string>();
  auto ops = std::make_shared<std::vector<std::string>>();
  auto pipeline = std::make_shared<PipelineOptions>();
  CLI::App *command = app.add_subcommand(
      "explain", "Say of every pair of ops why it is, or is not, fused, and of "
                 "every op why it is, or is not, of 16 bits");
  command->add_option("MODEL", *path, "Network (.mlir)")->required();
  command
      ->add_option("OP", *ops,
                   "Only pairs whose op names contain these (producer, user)")
      ->expected(0, 2);
  addPrecision(*command, *pipeline);
  command->callback(
      [=, &code] { code = report(explain(*path, *ops, *pipeline)); });
}

static void addVerify(CLI::App &app, int &code) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *command = app.add_subcommand(
      "verify", "Run every kernel against the reference evaluation");
  command->add_option("MODEL", options->input, "Network (.mlir)")->required();
  command
      ->add_option("--cpu", options->cpu,
                   "Instruction-set version (default: native)")
      ->check(cpuNames());
  command->add_option("--batch", options->batch, "Samples (default: 1)")
      ->check(integerIn(1, 1 << 20));
  addPrecision(*command, options->pipeline);
  command->add_flag("--full", options->full,
                    "Kernels of any size (default: up to 2e9 operations)");
  command->callback([=, &code] { code = report(verify(*options)); });
}

static void addPrecisionLists(CLI::App &app) {
  CLI::App *command = app.add_subcommand(
      "precision-lists",
      "Print the ops' classes for --precision, to be edited");
  command->callback([] {
    CompilerContext context;
    llvm::outs() << defaultPrecisionLists(&context);
  });
}

int segcMain(int argc, char **argv) {
  CLI::App app("segc: compiler for medical segmentation networks");
  app.set_version_flag("--version",
                       "segc " SEGC_VERSION " (LLVM " LLVM_VERSION_STRING
                       ", targets: cpu x86-64-v3, x86-64-v4)");
  app.require_subcommand(1);
  int code = 0;
  addCompile(app, code);
  addModel(app, code);
  addInspect(app, code);
  addExplain(app, code);
  addVerify(app, code);
  addPrecisionLists(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return code;
}

} // namespace segc
