//===- Configuration.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Configuration.h"

namespace segc::random_networks {

std::vector<std::string> runnableCpus(MultiplyTypeSet types) {
  registerTargets();
  const TargetBackend &backend = *findTargetBackend("");
  std::vector<std::string> names;
  for (const auto &version : backend.versions())
    if (backend.missingFeature(*version).empty() &&
        (version->multiplyTypes & types) == types)
      names.push_back(version->name);
  return names;
}

/// Makes the configuration one of an emulated GPU, whose threads run in any
/// order.
static void emulate(Configuration &configuration, Draws &draws) {
  CompileOptions &compile = configuration.compile;
  const TargetBackend &backend = *findTargetBackend("cuda-emulated");
  std::vector<std::string> versions;
  for (const auto &version : backend.versions())
    versions.push_back(version->name);
  compile.cpus.clear();
  compile.targets = {backend.name().str() + ":" +
                     draws.pick<std::string>(versions)};
  // It has neither Winograd tiles nor products of other types.
  compile.pipeline.winograd = "off";
  if (compile.pipeline.multiplyType != "f32")
    compile.pipeline.multiplyType = "auto";
  configuration.device =
      "emulated:" + std::to_string(draws.below(backend.interleavings()));
}

Configuration drawConfiguration(uint64_t seed, int64_t networkBatch,
                                bool emulated) {
  Draws draws(seed, Purpose::Configuration);
  Configuration result;
  CompileOptions &compile = result.compile;
  PipelineOptions &options = compile.pipeline;
  std::vector<std::string> cpus = runnableCpus();
  std::string cpu = draws.pick<std::string>(cpus);
  options.precision = Turn(seed).precision;
  if (options.precision != "f32") {
    // Processors without these instructions multiply in f32.
    if (draws.percent(80))
      cpu = cpus.back();
    options.multiplyType =
        draws.percent(50)
            ? "auto"
            : draws.pick<std::string>({"f16", "fixed", "bf16", "f32"});
  }
  compile.cpus = {cpu};
  options.training = !draws.percent(8);
  options.winograd = draws.pick<std::string>({"f4", "f4", "f4", "f2", "off"});
  if (draws.percent(12))
    options.fusion = false;
  options.epilogues = !draws.percent(8);
  options.reductions = !draws.percent(8);
  options.prologues = !draws.percent(8);
  options.inPlace = !draws.percent(10);
  options.reuse = !draws.percent(8);
  options.schedule = !draws.percent(8);
  options.recompute = draws.pick({1.0, 1.0, 1.0, 0.0, 30.0});
  if (draws.percent(15))
    compile.fuel["fusion"] = draws.between(0, 40);
  options.threads = draws.pick<int64_t>({1, 2, 2, 3, 8, 16});
  compile.optLevel = draws.pick<unsigned>({1, 1, 2, 0});
  if (emulated)
    emulate(result, draws);
  if (Turn(seed).isQuantized) {
    // Small tiles of 16 bits would be taken for most layers.
    if (draws.percent(50))
      options.winograd = "off";
    quantizeProducts(compile);
  }
  if (draws.percent(75))
    varyStrategies(compile, draws.below(1000), /*every=*/false);
  result.threads = static_cast<unsigned>(draws.between(1, 3));
  result.batch =
      draws.percent(75) ? networkBatch : draws.between(1, networkBatch);
  if (Turn(seed).isQuantized)
    result.batch = networkBatch; // On which it depends what is quantized.
  if (Turn(seed).grouped && options.reuse)
    result.memoryShare = draws.uniform(0.6, 0.95);
  return result;
}

static std::string targetSpec(const CompileOptions &options) {
  return options.targets.empty() ? "cpu:" + options.cpus.front()
                                 : options.targets.front();
}

/// The options of passes that select strategies.
static std::string strategyOptions(const CompileOptions &options) {
  const PipelineOptions &pipeline = options.pipeline;
  return "{target=" + targetSpec(options) + " winograd=" + pipeline.winograd +
         " multiply-type=" + pipeline.multiplyType +
         " threads=" + std::to_string(pipeline.threads);
}

void varyStrategies(CompileOptions &options, uint64_t seed, bool every) {
  options.insertedPasses.push_back(
      {"fusion", "seg-vary-strategy" + strategyOptions(options) + " seed=" +
                     std::to_string(seed) + (every ? " every=true}" : "}")});
}

static constexpr llvm::StringLiteral quantization =
    "func.func(seg-quantize-products";

bool isQuantization(llvm::StringRef passes) {
  return passes.starts_with(quantization);
}

void quantizeProducts(CompileOptions &options) {
  options.pipeline.training = false;
  options.fuel.clear(); // The reference fuses all, on which it depends, too.
  options.insertedPasses.push_back(
      {"fusion", quantization.str() + strategyOptions(options) + "})"});
}

std::string commandLine(const CompileOptions &options) {
  const PipelineOptions &pipeline = options.pipeline;
  std::string line =
      (options.targets.empty() ? "--cpu " + options.cpus.front()
                               : "--target " + options.targets.front()) +
      " --precision " + pipeline.precision + " --winograd " +
      pipeline.winograd + " --threads " + std::to_string(pipeline.threads) +
      " -O" + std::to_string(options.optLevel);
  if (pipeline.precision != "f32")
    line += " --multiply-type " + pipeline.multiplyType;
  const std::pair<bool, const char *> switches[] = {
      {pipeline.training, "--inference"},
      {pipeline.fusion, "--no-fusion"},
      {pipeline.epilogues, "--no-epilogues"},
      {pipeline.reductions, "--no-reductions"},
      {pipeline.prologues, "--no-prologues"},
      {pipeline.inPlace, "--no-in-place"},
      {pipeline.reuse, "--no-reuse"},
      {pipeline.schedule, "--no-schedule"}};
  for (auto [on, name] : switches)
    if (!on)
      line += std::string(" ") + name;
  if (pipeline.recompute != 1)
    line += " --recompute " + std::to_string(int(pipeline.recompute));
  if (pipeline.fitMemory >= 0)
    line += " --fit-memory " + std::to_string(pipeline.fitMemory);
  for (const auto &[kind, limit] : options.fuel)
    line += " --fuel " + kind + "=" + std::to_string(limit);
  for (const auto &[phase, passes] : options.insertedPasses)
    line += " --run-after '" + phase + "=" + passes + "'";
  return line;
}

} // namespace segc::random_networks
