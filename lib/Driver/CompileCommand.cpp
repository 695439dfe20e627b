//===- CompileCommand.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/CompileCommand.h"

#include "segc/Base/NumberChecks.h"
#include "segc/Target/Link.h"
#include "segc/Target/PerformanceModel.h"
#include "llvm/ADT/StringExtras.h"
#include <set>

namespace segc {

static std::vector<std::string> targetNames() {
  std::vector<std::string> names;
  for (const TargetBackend *backend : targetBackends())
    names.push_back(backend->name().str());
  return names;
}

static CLI::IsMember versionNames() {
  std::vector<std::string> names = {"native"};
  for (const TargetBackend *backend : targetBackends())
    if (backend->device() == SEGC_DEVICE_HOST)
      for (const auto &version : backend->versions())
        names.push_back(version->name);
  return CLI::IsMember(names);
}

std::vector<std::string> codeNames() {
  registerTargets();
  std::vector<std::string> names;
  for (const TargetBackend *backend : targetBackends())
    for (llvm::StringRef name :
         {backend->loweredName(), backend->assemblyName()})
      if (!findPhase(name) && !llvm::is_contained(names, name))
        names.push_back(name.str());
  return names;
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
                  "Maximum batch size (default: the batch of the network)")
      ->check(integerIn(1, 1 << 20));
  command
      .add_option("--target", options.targets,
                  "What to compile kernels for, of these: " +
                      llvm::join(targetNames(), ", ") +
                      "; cuda:sm_80 for one version, cpu,cuda for both in one "
                      "model (default: cpu)")
      ->allow_extra_args(false) // Names of ops may follow the option.
      ->delimiter(',');
  command.add_flag(
      "--count-bytes", options.countBytes,
      "Run some blocks of each kernel on an emulated GPU and count "
      "what they read and write, for --performance-model; takes "
      "minutes");
  command
      .add_option("--cpu", options.cpus,
                  "Instruction-set versions of the target cpu (default: all "
                  "x86-64 from x86-64-v3 on; the model chooses at load time)")
      ->allow_extra_args(false) // Names of ops may follow the option.
      ->delimiter(',')
      ->check(versionNames());
  command
      .add_option("--threads", options.pipeline.threads,
                  "Number of threads that the partition of kernels is "
                  "optimized for. The model runs with any number and "
                  "computes the same bits (default: the cores of this "
                  "machine for native, otherwise the average over 2 to 16)")
      ->check(CLI::Range(int64_t(1), maxThreads));
  command.add_flag("!--no-cubin", options.assemble,
                   "Do not run ptxas, which adds machine code of GPUs to PTX "
                   "and says what kernels occupy, where a CUDA toolkit is "
                   "installed");
  command
      .add_option("-O", options.optLevel,
                  "Optimization level of LLVM, -O0 to -O3 (default: -O2)")
      ->check(CLI::Range(0, 3));
}

static void addPredictions(CLI::App &command, CompileOptions &options) {
  registerTargets();
  std::set<std::string> known;
  for (const TargetBackend *backend : targetBackends())
    if (const PerformanceModel *model = backend->performanceModel())
      for (llvm::StringRef device : model->devices())
        known.insert(device.str());
  command
      .add_option(
          "--performance-model", options.devices,
          "GPUs that need not be there, of these: " + llvm::join(known, ", ") +
              "; a table says what each kernel takes on them by the "
              "performance model, and what the least is (docs/Gpu.md)")
      ->allow_extra_args(false) // Names of ops may follow the option.
      ->delimiter(',');
}

static void addStrategies(CLI::App &command, PipelineOptions &pipeline) {
  command
      .add_option("--winograd", pipeline.winograd,
                  "Largest Winograd tiles (default: f6). The relative error "
                  "of an f32 convolution is 2e-7 with off, 3e-7 with f2, "
                  "3e-6 with f4; tiles of 6 are for images of 8 bits, whose "
                  "error they double at most")
      ->check(CLI::IsMember({"off", "f2", "f4", "f6"}));
  command
      .add_option("--multiply-type,--arithmetic", pipeline.multiplyType,
                  "Types in which convolutions of 16-bit values may "
                  "multiply, in addition to f32: auto (default) allows all "
                  "that the CPU supports and that are accurate enough; bf16; "
                  "f16 (bf16 for bf16 values); fixed (block fixed point); "
                  "tf32 (of f32 values, with --precision tf32); f32 allows no "
                  "other")
      ->check(CLI::IsMember({"auto", "f32", "tf32", "bf16", "f16", "fixed"}));
  command.add_flag("--unverified-kernels", pipeline.unverifiedKernels,
                   "Allow kernels of GPUs that no device has verified, "
                   "beside those that are used otherwise (docs/Gpu.md)");
  command
      .add_option("--conv", pipeline.conv,
                  "What computes convolutions on a GPU: generated kernels "
                  "(default); cudnn, where it has the convolution; or auto, "
                  "whichever is expected to be faster. The model has generated "
                  "kernels beside each call (docs/Gpu.md)")
      ->check(CLI::IsMember({"generated", "auto", "cudnn"}));
  auto *autotune = command.add_flag("--autotune", pipeline.autotune,
                                    "Select the strategies of convolutions by "
                                    "measurements on this machine");
  command
      .add_option("--autotune-cache", pipeline.autotuneCache,
                  "Directory of measured times (default: "
                  "$XDG_CACHE_HOME/segc/autotune, ~/.cache/segc/autotune)")
      ->needs(autotune);
}

static void addPrecision(CLI::App &command, PipelineOptions &pipeline) {
  command
      .add_option("--precision", pipeline.precision,
                  "Types of values: f32 (default); f16 or bf16 store values in "
                  "16 bits where that is safe and saves time; int8 is bf16, "
                  "with products of 8-bit integers where they are faster, for "
                  "--inference; tf32 stores f32 and multiplies 10 bits "
                  "of the mantissa, on GPUs (docs/Precision.md)")
      ->check(CLI::IsMember({"f32", "tf32", "bf16", "f16", "int8"}));
  command
      .add_option(
          "--precision-lists", pipeline.precisionLists,
          "File (JSON) with the precision classes of ops, in the format of "
          "`segc precision-lists` (default: those that it prints)")
      ->check(CLI::ExistingFile);
}

static void addFusion(CLI::App &command, PipelineOptions &pipeline) {
  command.add_flag("!--no-fusion", pipeline.fusion,
                   "Compile each op to its own "
                   "kernel");
  command.add_flag("!--no-epilogues", pipeline.epilogues,
                   "Do not fuse pointwise ops into the kernels that produce "
                   "their operands");
  command.add_flag("!--no-reductions", pipeline.reductions,
                   "Do not fuse reductions into the kernels that produce "
                   "their operands");
  command.add_flag("!--no-prologues", pipeline.prologues,
                   "Do not recompute operands in the kernels that read them");
}

static void addMemory(CLI::App &command, CompileOptions &options) {
  PipelineOptions &pipeline = options.pipeline;
  command
      .add_option(
          "--device-memory", options.deviceMemory,
          "Memory of the device, such as 80GiB: a model for a GPU that takes "
          "more is refused, with what takes how much (default: any)")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
      ->check(CLI::Range(0.0, 0x1p62));
  auto *fit =
      command
          .add_option(
              "--fit-memory", pipeline.fitMemory,
              "Limit on the arena of each entry (the memory between kernels "
              "for the maximum batch, without parameters, gradients and "
              "optimizer state), such as 400MiB. Kernels are recomputed where "
              "keeping their results would exceed it (default: no limit)")
          ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true))
          // Larger values are negative numbers that CLI11 has converted.
          ->check(CLI::Range(0.0, 0x1p62));
  command
      .add_option("--recompute", pipeline.recompute,
                  "Share of an entry's modelled time, in per cent, that may "
                  "be spent on recomputation to save memory without "
                  "--fit-memory (default: 1)")
      ->check(numberIn(0, 100));
  command.add_flag("!--no-in-place", pipeline.inPlace,
                   "Give every result its own memory, never that of an "
                   "operand");
  command
      .add_flag("!--no-reuse", pipeline.reuse,
                "Give every value its own "
                "memory for the whole entry")
      ->excludes(fit);
  command.add_flag("!--no-schedule", pipeline.schedule,
                   "Keep the order of the kernels");
}

static void addCommunication(CLI::App &command, PipelineOptions &pipeline) {
  command
      .add_option("--ranks", pipeline.ranks,
                  "Number of ranks that the averages of gradients are "
                  "scheduled for (default: 8). The model trains with any "
                  "number")
      ->check(integerIn(1, 1 << 20));
  command
      .add_option(
          "--link", pipeline.link,
          "What connects these ranks: " + llvm::join(linkNames(), ", ") +
              ", or microseconds and gigabytes a second, such as "
              "30:1.2 (default: ethernet-10g, between GPUs nvlink)")
      ->check([](const std::string &text) {
        llvm::Expected<Link> link = parseLink(text, 1);
        return link ? std::string() : llvm::toString(link.takeError());
      });
  command
      .add_option("--reduce-type", pipeline.reduceType,
                  "Type that gradients have between ranks: f32 (default), or "
                  "bf16 or f16, which are half the bytes. Sums are f32")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
  command.add_flag(
      "--shard-optimizer", pipeline.shardOptimizer,
      "Share the states of the optimizer, and the update, between ranks "
      "(ZeRO-1; on a CPU)");
  command.add_flag("--sync-batch", pipeline.syncBatch,
                   "Take what is of a whole batch over the batches of all "
                   "ranks: statistics of batch norm, batch-reduced Dice, "
                   "weights of cross-entropy");
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
          "Make at most N decisions, with N, or of a kind, with fusion=N, "
          "strategy=N or memory=N, and print the last one; repeatable")
      ->allow_extra_args(false); // Names of ops may follow.
  command
      .add_option("--from", options.from,
                  "Phase that the input has passed: it is the output of --emit "
                  "PHASE (default: none, a network)")
      ->check(phaseNames({}));
  command
      .add_option("--load-pass-plugin", options.plugins,
                  "Plugin (shared library) with passes for --run-after")
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
      "Run a pass pipeline after a phase, as PHASE=PIPELINE; repeatable");
  after->allow_extra_args(false);
}

/// Records the given options, except for the input and the versions, which the
/// model records separately.
static void record(const std::vector<CLI::Option *> &shared,
                   CompileOptions &options) {
  for (const CLI::Option *option : shared) {
    std::string name = option->get_name();
    if (option->count() == 0 ||
        llvm::is_contained({"MODEL", "--target", "--cpu", "--from",
                            "--performance-model", "--count-bytes",
                            "--pipeline"},
                           name))
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
      .add_option(
          "MODEL", options.input,
          "Network in the seg dialect (.mlir), or with --from the text of a "
          "phase")
      ->required();
  addTarget(command, options);
  addPredictions(command, options);
  addStrategies(command, options.pipeline);
  addPrecision(command, options.pipeline);
  auto *inference =
      command.add_flag("!--inference", options.pipeline.training,
                       "Compile the entry predict alone, without training");
  command
      .add_flag(
          "--features", options.pipeline.features,
          "Give the features in front of the 1x1 head, which segrun applies "
          "after it has averaged windows, instead of probabilities")
      ->needs(inference);
  command
      .add_option_function<std::string>(
          "--augmentation",
          [&options](const std::string &rules) {
            options.insertedPasses.push_back(
                {"entries", "seg-add-augment-entry{rules=" + rules + "}"});
          },
          "Train on crops that the model augments by these rules: adds the "
          "entry augment (default: none)")
      ->check(CLI::IsMember({"v2", "example", "mlperf"}))
      ->excludes(inference);
  command.add_option("--weights", options.weights,
                     "File of weights to embed (.safetensors; default: none)");
  command.add_option("--pipeline", options.pipelineKeys,
                     "Keys to set in the pipeline of the model, as JSON, such "
                     "as {\"postprocess\": \"largest\"}");
  addFusion(command, options.pipeline);
  addMemory(command, options);
  addCommunication(command, options.pipeline);
  addPasses(command, options);
  command.parse_complete_callback(
      [shared = command.get_options(), &options] { record(shared, options); });
}

} // namespace segc
