//===- CompileCommand.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/CompileCommand.h"

#include "segc/Base/NumberChecks.h"
#include "segc/Target/TargetBackend.h"

namespace segc {

/// Targets that the runtime has a device for.
static std::vector<std::string> targetNames() {
  std::vector<std::string> names;
  for (const TargetBackend *backend : targetBackends())
    if (backend->hasRuntime())
      names.push_back(backend->name().str());
  return names;
}

static CLI::IsMember versionNames() {
  std::vector<std::string> names = {"native"};
  for (const std::string &target : targetNames())
    for (const auto &version : findTargetBackend(target)->versions())
      names.push_back(version->name);
  return CLI::IsMember(names);
}

CLI::IsMember phaseNames(std::vector<std::string> more) {
  std::vector<std::string> names;
  for (const Phase &phase : phases())
    names.push_back(phase.name.str());
  names.insert(names.end(), more.begin(), more.end());
  return CLI::IsMember(names);
}

static void addTarget(CLI::App &command, CompileOptions &options) {
  registerTargets();
  command
      .add_option("--batch", options.pipeline.batch,
                  "Largest batch (default: the network's)")
      ->check(integerIn(1, 1 << 20));
  command.add_option("--target", options.target, "Targets")
      ->check(CLI::IsMember(targetNames()));
  command
      .add_option("--cpu", options.cpus,
                  "Instruction-set versions (default: all, chosen at load)")
      ->allow_extra_args(false) // Names of ops may follow the option.
      ->delimiter(',')
      ->check(versionNames());
  command
      .add_option("--threads", options.pipeline.threads,
                  "Threads that kernels are cut for; the model runs with any "
                  "number, with the same bits (default: the cores of this "
                  "machine for native, else 2 to 16 alike)")
      ->check(CLI::Range(int64_t(1), maxThreads));
  command
      .add_option("-O", options.optLevel,
                  "Optimisation of the machine code, -O0 to -O3 (default: -O2)")
      ->check(CLI::Range(0, 3));
}

static void addStrategies(CLI::App &command, PipelineOptions &pipeline) {
  command
      .add_option("--winograd", pipeline.winograd,
                  "Largest Winograd tiles (default: f4): off is exact to "
                  "2e-7, f2 to 3e-7, f4 to 3e-6 of a convolution's result")
      ->check(CLI::IsMember({"off", "f2", "f4"}));
  command
      .add_option("--multiply-type,--arithmetic", pipeline.multiplyType,
                  "How convolutions of 16-bit values multiply, beside f32: by "
                  "all that the CPU has and that is exact enough (auto, "
                  "default), as bf16, as f16 (bf16 where values are), in block "
                  "fixed point (fixed); f32: only so")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f16", "fixed"}));
  auto *autotune =
      command.add_flag("--autotune", pipeline.autotune,
                       "Measure the strategies of convolutions on this machine");
  command
      .add_option("--autotune-cache", pipeline.autotuneCache,
                  "Directory of measured times (default: "
                  "$XDG_CACHE_HOME/segc/autotune, ~/.cache/segc/autotune)")
      ->needs(autotune);
}

static void addPrecision(CLI::App &command, PipelineOptions &pipeline) {
  command
      .add_option("--precision", pipeline.precision,
                  "f32, or f16 or bf16: 16-bit values in memory where that is "
                  "safe and saves time (docs/Precision.md)")
      ->check(CLI::IsMember({"f32", "tf32", "bf16", "f16"}));
  command
      .add_option("--precision-lists", pipeline.precisionLists,
                  "JSON file with classes of ops, in the form that `segc "
                  "precision-lists` prints")
      ->check(CLI::ExistingFile);
}

static void addFusion(CLI::App &command, PipelineOptions &pipeline) {
  command.add_flag("!--no-fusion", pipeline.fusion, "One op a kernel");
  command.add_flag("!--no-epilogues", pipeline.epilogues,
                   "Pointwise ops in kernels of their own");
  command.add_flag("!--no-reductions", pipeline.reductions,
                   "Statistics by passes over memory of their own");
  command.add_flag("!--no-prologues", pipeline.prologues,
                   "What convolutions read is written first");
}

static void addMemory(CLI::App &command, PipelineOptions &pipeline) {
  auto *fit =
      command
          .add_option(
              "--fit-memory", pipeline.fitMemory,
              "Most bytes of each entry's arena (the memory between kernels, "
              "for the largest batch; parameters, gradients and optimizer "
              "state are not in it), such as 400MiB: kernels run again where "
              "keeping their results would exceed it")
          ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
          // Larger values are negative numbers that CLI11 has converted.
          ->check(CLI::Range(0.0, 0x1p62));
  command
      .add_option("--recompute", pipeline.recompute,
                  "Per cent of an entry's modelled time that kernels may run "
                  "again for, unasked, to save memory (default: 1)")
      ->check(numberIn(0, 100));
  command.add_flag("!--no-in-place", pipeline.inPlace,
                   "Never compute in place");
  command
      .add_flag("!--no-reuse", pipeline.reuse, "Memory of its own for every value")
      ->excludes(fit);
  command.add_flag("!--no-schedule", pipeline.schedule,
                   "Kernels in the order of the program");
}

static void addPasses(CLI::App &command, CompileOptions &options) {
  command
      .add_option_function<std::vector<std::string>>(
          "--fuel",
          [&options](const std::vector<std::string> &limits) {
            for (const std::string &limit : limits)
              if (!addFuel(limit, options.fuel))
                throw CLI::ValidationError(
                    "--fuel " + limit,
                    "expected N, fusion=N, strategy=N or memory=N");
          },
          "N, or fusion=N, strategy=N, memory=N: make at most N decisions (of "
          "that kind) and name the last; may be given again")
      ->allow_extra_args(false); // Names of ops may follow.
  command
      .add_option("--from", options.from,
                  "The input is what --emit of this phase printed")
      ->check(phaseNames({}));
  command
      .add_option("--load-pass-plugin", options.plugins,
                  "Library with passes of your own, for --run-after")
      ->allow_extra_args(false);
  auto *after = command.add_option_function<std::vector<std::string>>(
      "--run-after",
      [&options](const std::vector<std::string> &insertions) {
        for (llvm::StringRef insertion : insertions) {
          auto [phase, pipeline] = insertion.split('=');
          if (!findPhase(phase) || pipeline.empty())
            throw CLI::ValidationError(
                "--run-after " + insertion.str(),
                "expected PHASE=PIPELINE, with a phase of --emit");
          options.insertedPasses.push_back({phase.str(), pipeline.str()});
        }
      },
      "PHASE=PIPELINE: passes to run after a phase");
  after->allow_extra_args(false);
}

/// Records the given options, except for the input and the versions, which the
/// model records separately.
static void record(const std::vector<CLI::Option *> &shared,
                   CompileOptions &options) {
  for (const CLI::Option *option : shared) {
    std::string name = option->get_name();
    if (option->count() == 0 ||
        llvm::is_contained({"MODEL", "--cpu", "--from"}, name))
      continue;
    if (option->get_items_expected_max() == 0) {
      options.recorded.push_back(name);
      continue;
    }
    for (const std::string &value : option->results()) {
      options.recorded.push_back(name);
      options.recorded.push_back(value);
    }
  }
}

void addCompileOptions(CLI::App &command, CompileOptions &options) {
  command
      .add_option("MODEL", options.input, "Network in the seg dialect (.mlir), or with --from the text of a "
                  "phase")
      ->required();
  addTarget(command, options);
  addStrategies(command, options.pipeline);
  addPrecision(command, options.pipeline);
  command.add_flag("!--inference", options.pipeline.training, "predict only");
  command.add_option("--weights", options.weights,
                     "Embed weights (.safetensors)");
  addFusion(command, options.pipeline);
  addMemory(command, options.pipeline);
  addPasses(command, options);
  command.parse_complete_callback([shared = command.get_options(), &options] {
    record(shared, options);
  });
}

} // namespace segc
