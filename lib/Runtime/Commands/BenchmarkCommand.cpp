//===- BenchmarkCommand.cpp - segrun benchmark ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentPlace.h"
#include "CacheCases.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Base/Process.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/Profile.h"
#include "segc/Runtime/Commands/Session.h"
#include "segc/Runtime/Device/Weights.h"
#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Train/BatchFeed.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <sys/resource.h>

using namespace segc;
using Clock = std::chrono::steady_clock;

namespace {
/// What a benchmark reads, if anything: one of the two.
struct BenchmarkData {
  std::unique_ptr<Dataset> dataset;
  CacheCases cached;

  std::vector<std::string> files() const {
    return cached.cache ? cached.cache->files()
           : dataset    ? dataset->files()
                        : std::vector<std::string>();
  }
};
} // namespace

static StatusOr<std::unique_ptr<BatchSource>>
openSource(const BenchmarkOptions &options, const EntrySignature &entry,
           ModelRunner &runner, BenchmarkData &data) {
  const Manifest &manifest = runner.manifest();
  AugmentRequest request = {options.augmentOn, "", ""};
  if (!holdsCache(options.data.data))
    SEGC_RETURN_IF_ERROR(augmentPlace(request, options.model, runner).status());
  LoaderOptions loader;
  loader.batch = batchSizeOf(options.model, manifest);
  if (options.data.data.empty())
    return makeSyntheticSource(entry, manifest, loader.batch);
  if (!holdsCache(options.data.data)) {
    SEGC_ASSIGN_OR_RETURN(data.dataset, openData(options.data, manifest));
    return makeLoaderSource(*data.dataset, loader);
  }
  CacheCases &cached = data.cached;
  SEGC_ASSIGN_OR_RETURN(cached, openCacheCases(options.data, manifest));
  const std::string rules = planRulesName(cached.cache->plan().rules);
  SEGC_RETURN_IF_ERROR(cached.preparePatches(rules, loader.batch));
  loader.augment = options.augmentOn.has_value();
  request.augmentation = loader.augment ? rules : "none";
  SEGC_ASSIGN_OR_RETURN(const std::string place,
                        augmentPlace(request, options.model, runner));
  if (place == "device") {
    SEGC_RETURN_IF_ERROR(cached.prepareCrops(manifest));
    SEGC_RETURN_IF_ERROR(feedTraining(runner));
  }
  followRules(cached.patches, loader);
  return cached.makeSource(loader);
}

/// Times `steps` calls behind `warmupSteps` others, in milliseconds. Waiting
/// for data is part of a step. The profiler, if there is one, sees what is
/// timed.
static StatusOr<std::vector<double>> measure(ModelRunner &runner,
                                             BatchSource &source,
                                             const BenchmarkOptions &options,
                                             const std::string &entryName,
                                             KernelProfiler *profiler) {
  Recipe recipe = recipeOf(runner.manifest());
  BatchFeed feed(runner, source);
  std::vector<double> times;
  for (int64_t i = 0; i < options.warmupSteps + options.steps; ++i) {
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while measuring");
    if (profiler && i >= options.warmupSteps) {
      runner.setObserver(profiler);
      if (!options.trace.empty() &&
          i + 1 == options.warmupSteps + options.steps)
        profiler->traceTasks(runner.workers());
      profiler->beginStep();
    }
    Clock::time_point begin = Clock::now();
    SEGC_ASSIGN_OR_RETURN(const BatchFeed::Fed fed, feed.next(entryName));
    segc_scalars scalars = {};
    scalars.learning_rate = static_cast<float>(recipe.learningRate);
    scalars.momentum = static_cast<float>(recipe.momentum);
    scalars.weight_decay = static_cast<float>(recipe.weightDecay);
    scalars.loss_scale = 1;
    scalars.step = i + 1;
    scalars.sample_offset = fed.batch.firstSample;
    SEGC_RETURN_IF_ERROR(
        feed.call(entryName, fed, scalars,
                  /*goesOn=*/i + 1 < options.warmupSteps + options.steps));
    if (i >= options.warmupSteps)
      times.push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - begin)
              .count());
  }
  return times;
}

static OrderedJson describe(const ModelRunner &runner,
                            const BenchmarkOptions &options,
                            const std::vector<double> &times, int64_t batch,
                            const std::string &entryName) {
  double meanMs = mean(times);
  double flops = runner.manifest().entry(entryName)->flopsPerSample *
                 static_cast<double>(batch);
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return {{"network", runner.manifest().network},
          {"mode", options.mode},
          {"batch_size", batch},
          {"steps", options.steps},
          {"warmup_steps", options.warmupSteps},
          {"device", runner.device().name()},
          {"threads", runner.workers()},
          {"cpu_version", runner.library().version().name},
          {"precision", runner.manifest().precision},
          {"latency_ms",
           {{"mean", meanMs},
            {"p50", percentile(times, 0.50)},
            {"p90", percentile(times, 0.90)},
            {"p95", percentile(times, 0.95)},
            {"p99", percentile(times, 0.99)}}},
          {"samples_per_second", static_cast<double>(batch) / meanMs * 1000},
          {"arena_bytes", runner.arenaBytes()},
          {"peak_rss_bytes", usage.ru_maxrss * int64_t{1024}},
          {"gflops", flops / meanMs * 1e-6}};
}

/// The root mean square of each output of the last call: models that compute
/// the same agree in them.
static OrderedJson outputSizes(const ModelRunner &runner,
                               const EntrySignature &entry,
                               const std::string &entryName) {
  OrderedJson sizes = OrderedJson::object();
  for (const TensorSignature &output : entry.outputs) {
    const float *values = runner.output(entryName, output.name).floats();
    if (!values || output.type != ElementType::F32)
      continue;
    double squares = 0;
    for (int64_t i = 0; i < output.elements(); ++i)
      squares += static_cast<double>(values[i]) * values[i];
    sizes[output.name] =
        std::sqrt(squares / static_cast<double>(output.elements()));
  }
  return sizes;
}

static Status writeProfiles(const BenchmarkOptions &options,
                            const KernelProfiler &profiler,
                            const OrderedJson &benchmark) {
  if (!options.profile.empty())
    SEGC_RETURN_IF_ERROR(writeFileAtomically(
        options.profile, jsonText(profileJson(profiler, benchmark), 1) + "\n"));
  if (options.trace.empty())
    return Status::success();
  return writeFileAtomically(options.trace,
                             jsonText(traceJson(profiler), 1) + "\n");
}

/// No result may replace what is read, or another one.
static Status checkPaths(const BenchmarkOptions &options,
                         const BenchmarkData &data) {
  CommandPaths paths;
  paths.inputs = {{"--model", options.model.model}};
  addInputs(paths, "--data", data.files());
  paths.outputs = {{"--json", options.json, &benchmarkOutput},
                   {"--profile", options.profile, &profileOutput},
                   {"--trace", options.trace, &traceOutput},
                   {"--dump-outputs", options.dumpOutputs, &valuesOutput}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  return checkOutputPlaces(paths);
}

CommandResult segc::runBenchmark(const BenchmarkOptions &options) {
  if (const std::string idle = idleWithoutData(options.data);
      options.data.data.empty() && !idle.empty())
    return wrongUsage(idle + " has no effect without --data: leave it out");
  bool training = options.mode == "train";
  if (options.augmentOn && !training)
    return wrongUsage("--augment-on has no effect without --mode train: leave "
                      "it out");
  std::string entryName = training ? "train_step" : "predict";
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(options.model, {training}));
  ModelRunner &runner = model.runner;
  const Manifest &manifest = runner.manifest();
  const EntrySignature *entry = manifest.entry(entryName);
  if (!entry)
    return unsupported(runner.library().path() +
                       ": compiled without the entry " + entryName);
  SEGC_RETURN_IF_ERROR(
      runner.initialize(static_cast<uint64_t>(options.data.seed)));
  BenchmarkData data;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<BatchSource> source,
                        openSource(options, *entry, runner, data));
  SEGC_RETURN_IF_ERROR(checkPaths(options, data));
  KernelProfiler profiler;
  bool profiling = !options.profile.empty() || !options.trace.empty();
  catchStopSignals();
  SEGC_ASSIGN_OR_RETURN(std::vector<double> times,
                        measure(runner, *source, options, entryName,
                                profiling ? &profiler : nullptr));
  OrderedJson json = describe(runner, options, times,
                              batchSizeOf(options.model, manifest), entryName);
  json["output_rms"] = outputSizes(runner, *entry, entryName);
  if (profiling)
    SEGC_RETURN_IF_ERROR(writeProfiles(options, profiler, json));
  if (!options.dumpOutputs.empty())
    SEGC_RETURN_IF_ERROR(writeOutputs(runner, entryName, options.dumpOutputs));
  if (options.json.empty()) {
    std::printf("%s\n", jsonText(json, 2).c_str());
    return Status::success();
  }
  if (hasStandardOutput())
    std::printf("%s %s, batch %lld: mean %.2f ms, p50 %.2f, p99 %.2f, %.2f "
                "samples/s\n",
                manifest.network.c_str(), options.mode.c_str(),
                json["batch_size"].get<long long>(),
                json["latency_ms"]["mean"].get<double>(),
                json["latency_ms"]["p50"].get<double>(),
                json["latency_ms"]["p99"].get<double>(),
                json["samples_per_second"].get<double>());
  return writeFileAtomically(options.json, jsonText(json, 2) + "\n");
}
