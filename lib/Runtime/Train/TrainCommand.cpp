//===- TrainCommand.cpp - segrun train ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Runtime/Train/Commands.h"
#include "segc/Runtime/Train/Evaluate.h"
#include "segc/Runtime/Train/Predict.h"
#include "segc/Runtime/Train/Report.h"
#include "segc/Runtime/Train/Session.h"
#include "segc/Runtime/Train/Signals.h"
#include "segc/Runtime/Train/Trainer.h"
#include "segc/Runtime/Train/Weights.h"

#include <cstdio>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

namespace {

/// The parts of a run that outlive each other in this order.
struct Run {
  const TrainOptions &options;
  ModelRunner &runner;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<BatchSource> source;
  TrainState state;
  TrainerConfig config;
};

} // namespace

/// What can be seen to be wrong before a model is opened.
static Status checkOptions(const TrainOptions &options) {
  if (options.data.data.empty() == options.batches.empty())
    return wrongUsage("expected one of --data DIR and --batches FILE");
  if (options.epochs && options.maxSteps)
    return wrongUsage("expected one of --epochs and --max-steps");
  if (options.resume && !options.init.empty())
    return wrongUsage("--resume goes on with the run's own weights: "
                      "leave out --init or --resume");
  if (options.scheduler)
    SEGC_RETURN_IF_ERROR(parseScheduleKind(*options.scheduler).status());
  return options.lossScale ? parseLossScale(*options.lossScale).status()
                           : Status::success();
}

/// Steps and rates: what the user said, else what the recipe says.
static Status configure(Run &run) {
  const TrainOptions &options = run.options;
  const Manifest &manifest = run.runner.manifest();
  Recipe recipe = recipeOf(manifest);
  TrainerConfig &config = run.config;
  int64_t batch = run.state.batchSize;
  int64_t samples =
      run.dataset ? run.dataset->count(Split::Train) : run.source->samples();
  if (samples == 0)
    return invalidArgument(options.data.data +
                           ": no training cases; see --fold, --train-split");
  config.stepsPerEpoch = (samples + batch - 1) / batch;
  int64_t epochs = options.epochs.value_or(recipe.epochs);
  config.schedule.totalSteps = options.maxSteps ? *options.maxSteps
                               : epochs > 0     ? epochs * config.stepsPerEpoch
                                                : recipe.maxSteps;
  config.schedule.kind = recipe.scheduler;
  if (options.scheduler) {
    SEGC_ASSIGN_OR_RETURN(config.schedule.kind,
                          parseScheduleKind(*options.scheduler));
  }
  config.schedule.learningRate =
      options.learningRate.value_or(recipe.learningRate);
  config.schedule.endLearningRate = options.endLearningRate.value_or(1e-5);
  config.schedule.firstCycleSteps = options.firstCycleSteps.value_or(4096);
  config.momentum =
      static_cast<float>(options.momentum.value_or(recipe.momentum));
  config.weightDecay =
      static_cast<float>(options.weightDecay.value_or(recipe.weightDecay));
  config.logEvery = options.logEvery.value_or(recipe.logEvery);
  config.evaluateEvery = options.evaluateEvery.value_or(0);
  config.evaluateEpochs = recipe.evaluateEpochs;
  config.skipEpochs = options.skipEval;
  config.saveEvery = options.saveEvery;
  config.dumpGradients = options.dumpGradients;
  config.keepBest = options.checkpointStrategy == "last_and_best";
  if (options.checkpointStrategy != "none")
    config.checkpoints = options.results + "/checkpoints";
  return Status::success();
}

/// Resuming goes on with the checkpoint's scale: it must be of the kind asked
/// for.
static Status checkLossScale(const TrainOptions &options,
                             const LossScale &scale, const std::string &where) {
  if (!options.lossScale)
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(LossScale wanted, parseLossScale(*options.lossScale));
  if (scale.dynamic ? wanted.dynamic
                    : !wanted.dynamic && wanted.scale == scale.scale)
    return Status::success();
  char number[40];
  std::snprintf(number, sizeof(number), "%g", scale.scale);
  return invalidArgument(where + ": trained with --loss-scale " +
                         (scale.dynamic ? "dynamic" : number) + ", not " +
                         *options.lossScale);
}

/// Initial weights, or those of the checkpoint to go on from.
static Status prepareState(Run &run) {
  const TrainOptions &options = run.options;
  TrainState &state = run.state;
  std::string last = options.resume
                         ? findCheckpoint(options.results + "/checkpoints/last")
                         : "";
  if (!last.empty()) {
    SEGC_ASSIGN_OR_RETURN(state, loadCheckpoint(last, run.runner));
    if (state.seed != options.data.seed)
      return invalidArgument(last + ": trained with --seed " +
                             std::to_string(state.seed) + ", not " +
                             std::to_string(options.data.seed));
    int64_t batch = batchSizeOf(options.model, run.runner.manifest());
    if (state.batchSize != batch)
      return invalidArgument(last + ": trained with --batch-size " +
                             std::to_string(state.batchSize) + ", not " +
                             std::to_string(batch));
    return checkLossScale(options, state.lossScale, last);
  }
  state.network = run.runner.manifest().network;
  state.seed = options.data.seed;
  state.batchSize = batchSizeOf(options.model, run.runner.manifest());
  if (options.lossScale) {
    SEGC_ASSIGN_OR_RETURN(state.lossScale, parseLossScale(*options.lossScale));
  } else if (run.runner.manifest().precision == "f16") {
    state.lossScale = LossScale::start();
  }
  run.runner.initialize(static_cast<uint64_t>(state.seed));
  return options.init.empty()
             ? Status::success()
             : readWeights(run.runner, options.init, MissingStates::Allow);
}

static Status openSource(Run &run) {
  const TrainOptions &options = run.options;
  if (!options.batches.empty()) {
    SEGC_ASSIGN_OR_RETURN(run.source, makeFixedSource(options.batches,
                                                      run.runner.manifest(),
                                                      run.state.step));
    return Status::success();
  }
  LoaderOptions loader;
  loader.batch = run.state.batchSize;
  loader.seed = static_cast<uint64_t>(options.data.seed);
  loader.augment = options.augment;
  loader.firstStep = static_cast<uint64_t>(run.state.step);
  SEGC_ASSIGN_OR_RETURN(run.source, makeLoaderSource(*run.dataset, loader));
  return Status::success();
}

/// The options as published logs have them: one record of step PARAMETER.
static Status logParameters(RunLog &log, const Run &run) {
  const TrainOptions &options = run.options;
  const TrainerConfig &config = run.config;
  OrderedJson parameters = {
      {"model", options.model.model},
      {"network", run.runner.manifest().network},
      {"data", options.data.data},
      {"fold", options.data.fold ? OrderedJson(*options.data.fold) : nullptr},
      {"train_split", options.data.trainSplit.value_or(1.0)},
      {"seed", run.state.seed},
      {"augment", options.augment},
      {"batch_size", run.state.batchSize},
      {"steps", config.schedule.totalSteps},
      {"steps_per_epoch", config.stepsPerEpoch},
      {"learning_rate", config.schedule.learningRate},
      {"scheduler", scheduleName(config.schedule.kind)},
      {"momentum", recordedFloat(config.momentum)},
      {"weight_decay", recordedFloat(config.weightDecay)},
      {"optimizer", run.runner.manifest().optimizer.kind},
      {"precision", run.runner.manifest().precision},
      {"cpu_version", run.runner.library().version().cpu},
      {"threads", run.runner.workers()},
      {"first_step", run.state.step}};
  return log.record("PARAMETER", parameters);
}

/// A new run must not end with the best checkpoint of another one.
static Status putAside(const std::string &checkpoints) {
  if (!fs::exists(checkpoints))
    return Status::success();
  std::error_code error;
  fs::remove_all(checkpoints + ".old", error);
  fs::rename(checkpoints, checkpoints + ".old", error);
  return error ? ioError(checkpoints +
                         ": cannot put aside the checkpoints of "
                         "an earlier run: " +
                         error.message())
               : Status::success();
}

static CommandResult train(Run &run) {
  const TrainOptions &options = run.options;
  ModelRunner &runner = run.runner;
  SEGC_RETURN_IF_ERROR(prepareState(run));
  SEGC_RETURN_IF_ERROR(openSource(run));
  SEGC_RETURN_IF_ERROR(configure(run));
  if (run.state.step == 0)
    SEGC_RETURN_IF_ERROR(putAside(options.results + "/checkpoints"));
  SEGC_RETURN_IF_ERROR(createDirectories(run.config.checkpoints.empty()
                                             ? options.results
                                             : run.config.checkpoints));
  SEGC_ASSIGN_OR_RETURN(
      RunLog log,
      RunLog::open(options.results + "/train.jsonl", run.state.step));
  SEGC_RETURN_IF_ERROR(logParameters(log, run));
  Trainer::Evaluator evaluator;
  if (run.dataset && run.dataset->count(Split::Validation) > 0)
    evaluator = [&] {
      return evaluateSplit(runner, *run.dataset, Split::Validation,
                           run.state.batchSize);
    };
  catchStopSignals();
  Trainer trainer(runner, *run.source, log, run.config, run.state, evaluator);
  Status status = trainer.run();
  bool interrupted = status.code() == StatusCode::Interrupted;
  if (!status.ok() && !interrupted)
    return status;
  if (trainer.lastEvaluation())
    SEGC_RETURN_IF_ERROR(writeMetrics(
        options.results, *trainer.lastEvaluation(), trainer.state().step));
  if (!interrupted) {
    SEGC_RETURN_IF_ERROR(
        log.metadata("training_seconds",
                     {{"unit", "s"}, {"value", trainer.state().seconds}}));
    if (evaluator)
      SEGC_RETURN_IF_ERROR(
          predictExamples(runner, *run.dataset, Split::Validation,
                          run.state.batchSize, options.results));
  }
  SEGC_RETURN_IF_ERROR(
      writeReport(options.results, runner.manifest().network + " training"));
  return status;
}

CommandResult segc::runTrain(const TrainOptions &options) {
  if (options.benchmark) {
    BenchmarkOptions benchmark;
    benchmark.model = options.model;
    benchmark.data = options.data;
    benchmark.mode = "train";
    benchmark.warmupSteps = options.warmupSteps;
    benchmark.steps = options.maxSteps.value_or(50);
    benchmark.json = options.json;
    return runBenchmark(benchmark);
  }
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(options.model, /*training=*/true));
  Run run = {options, model.runner, {}, {}, {}, {}};
  if (!options.data.data.empty()) {
    SEGC_ASSIGN_OR_RETURN(run.dataset,
                          openData(options.data, model.runner.manifest()));
  }
  return train(run);
}
