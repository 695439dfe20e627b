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
#include "segc/Runtime/Train/Outputs.h"
#include "segc/Runtime/Train/Predict.h"
#include "segc/Runtime/Train/Report.h"
#include "segc/Runtime/Train/ResultsFolder.h"
#include "segc/Runtime/Train/Session.h"
#include "segc/Runtime/Train/Signals.h"
#include "segc/Runtime/Train/Trainer.h"
#include "segc/Runtime/Train/Weights.h"

#include <cstdio>

using namespace segc;

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
  if (options.warmupSteps || !options.json.empty())
    return wrongUsage(
        std::string(options.json.empty() ? "--warmup-steps" : "--json") +
        " has no effect without --benchmark: leave it out");
  if (options.checkpointStrategy == "none" && options.saveEvery > 0)
    return wrongUsage("--save-every has no effect with --ckpt-strategy none: "
                      "leave one of them out");
  if (options.evaluateEvery.value_or(0) > 0 && options.skipEval > 0)
    return wrongUsage("--skip-eval has no effect with --evaluate-every: leave "
                      "one of them out");
  if (!options.batches.empty() &&
      (options.augment.value_or(false) || options.evaluateEvery ||
       options.skipEval > 0))
    return wrongUsage(std::string(options.augment.value_or(false) ? "--augment"
                                  : options.evaluateEvery ? "--evaluate-every"
                                                          : "--skip-eval") +
                      " has no effect on --batches: leave it out");
  return options.lossScale ? parseLossScale(*options.lossScale).status()
                           : Status::success();
}

/// What holds where the user says nothing: what the run had until now, else
/// what the network's recipe says.
static Recipe startOf(const Run &run) {
  Recipe recipe = recipeOf(run.runner.manifest());
  if (!run.state.settings)
    return recipe;
  const RunSettings &before = *run.state.settings;
  recipe.learningRate = before.schedule.learningRate;
  recipe.endLearningRate = before.schedule.endLearningRate;
  recipe.firstCycleSteps = before.schedule.firstCycleSteps;
  recipe.scheduler = before.schedule.kind;
  recipe.momentum = before.momentum;
  recipe.weightDecay = before.weightDecay;
  recipe.epochs = 0;
  recipe.maxSteps = before.schedule.totalSteps;
  return recipe;
}

/// Options that the schedule does not look at.
static Status checkSchedule(const TrainOptions &options,
                            const Schedule &schedule) {
  const char *idle =
      options.endLearningRate && schedule.kind != Schedule::Kind::Poly
          ? "--end-learning-rate"
      : options.firstCycleSteps &&
              schedule.kind != Schedule::Kind::CosineAnnealing
          ? "--cosine-annealing-first-cycle-steps"
          : nullptr;
  return idle ? wrongUsage(std::string(idle) +
                           " has no effect with --scheduler " +
                           scheduleName(schedule.kind) + ": leave it out")
              : Status::success();
}

/// Steps and rates: what the user said, else what startOf says.
static Status configure(Run &run) {
  const TrainOptions &options = run.options;
  const Manifest &manifest = run.runner.manifest();
  const Recipe recipe = startOf(run);
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
  config.schedule.endLearningRate =
      options.endLearningRate.value_or(recipe.endLearningRate);
  config.schedule.firstCycleSteps =
      options.firstCycleSteps.value_or(recipe.firstCycleSteps);
  SEGC_RETURN_IF_ERROR(checkSchedule(options, config.schedule));
  if (config.schedule.totalSteps > mostSteps)
    return wrongUsage("--epochs " + std::to_string(epochs) + " of " +
                      std::to_string(config.stepsPerEpoch) +
                      " steps: expected at most " + std::to_string(mostSteps) +
                      " steps");
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

/// The checkpoint to go on from, if there is one.
static std::string checkpointOf(const TrainOptions &options) {
  return options.resume
             ? findCheckpoint(options.results + "/checkpoints/last")
             : "";
}

/// In which order the axes of volumes reach the network: as until now, else as
/// asked for, else as the model says. Empty where there are no volumes.
static Expected<std::string> orientationOf(const Run &run) {
  const std::optional<std::string> &asked = run.options.data.orientation;
  SEGC_ASSIGN_OR_RETURN(std::optional<AxisFrame> frame,
                        frameOf(run.runner.manifest().pipeline));
  if (!frame)
    return std::string();
  const std::string last = checkpointOf(run.options);
  if (last.empty())
    return asked.value_or(frameName(*frame));
  SEGC_ASSIGN_OR_RETURN(TrainState state, readTrainState(last));
  const std::string before = state.orientation.empty()
                                 ? frameName(AxisFrame::File)
                                 : state.orientation;
  if (asked && *asked != before)
    return invalidArgument(last + ": trained with --orientation " + before +
                           ", not " + *asked);
  return before;
}

/// Initial weights, or those of the checkpoint to go on from.
static Status prepareState(Run &run) {
  const TrainOptions &options = run.options;
  TrainState &state = run.state;
  SEGC_ASSIGN_OR_RETURN(std::string orientation, orientationOf(run));
  const std::string last = checkpointOf(options);
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
    state.orientation = orientation;
    return checkLossScale(options, state.lossScale, last);
  }
  state.orientation = orientation;
  state.network = run.runner.manifest().network;
  state.seed = options.data.seed;
  state.batchSize = batchSizeOf(options.model, run.runner.manifest());
  if (options.lossScale) {
    SEGC_ASSIGN_OR_RETURN(state.lossScale, parseLossScale(*options.lossScale));
  } else if (run.runner.manifest().precision == "f16") {
    state.lossScale = LossScale::start();
  }
  run.runner.initialize(static_cast<uint64_t>(state.seed));
  if (options.init.empty())
    return Status::success();
  std::string initial;
  SEGC_RETURN_IF_ERROR(readWeights(run.runner, options.init,
                                   MissingStates::Allow, &initial));
  if (!initial.empty() && !orientation.empty() && initial != orientation)
    std::fprintf(stderr,
                 "segrun: warning: %s: trained on volumes in the order \"%s\", "
                 "this run takes them in the order \"%s\"\n",
                 options.init.c_str(), initial.c_str(), orientation.c_str());
  return Status::success();
}

static Status openCases(Run &run) {
  const TrainOptions &options = run.options;
  if (options.data.data.empty())
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(std::string orientation, orientationOf(run));
  std::optional<AxisFrame> frame;
  if (!orientation.empty()) {
    SEGC_ASSIGN_OR_RETURN(frame, parseFrame(orientation));
  }
  SEGC_ASSIGN_OR_RETURN(
      run.dataset, openData(options.data, run.runner.manifest(), frame));
  return Status::success();
}

/// Reads all cases: what is wrong with any is said before the first step.
static Status loadCases(const Run &run) {
  if (!run.dataset)
    return Status::success();
  Status training = run.dataset->load(Split::Train);
  Status validation = run.dataset->load(Split::Validation);
  printNotes(*run.dataset);
  if (!training.ok() && !validation.ok())
    return Status(training.code(),
                  training.message() + "\n" + validation.message());
  SEGC_RETURN_IF_ERROR(training);
  SEGC_RETURN_IF_ERROR(validation);
  return checkHeldOut(*run.dataset);
}

/// As asked for, else as the run did until now.
static bool augments(const Run &run) {
  const std::optional<RunSettings> &before = run.state.settings;
  return run.options.augment.value_or(before && before->augment);
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
  loader.augment = augments(run);
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
      {"orientation", run.state.orientation},
      {"label_map", options.data.labelMap},
      {"seed", run.state.seed},
      {"augment", augments(run)},
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

/// What this run was asked to do, as its checkpoints carry it.
static Expected<RunSettings> settingsOf(const Run &run) {
  const TrainOptions &options = run.options;
  const Manifest &manifest = run.runner.manifest();
  RunSettings settings;
  settings.data = options.batches.empty() ? options.data.data : options.batches;
  SEGC_ASSIGN_OR_RETURN(settings.dataDigest, run.source->digest());
  settings.fold = options.data.fold;
  settings.trainSplit = options.data.trainSplit.value_or(1.0);
  settings.legacyResize = options.data.legacyResize;
  settings.augment = augments(run);
  settings.precision = manifest.precision;
  settings.optimizer = manifest.optimizer.kind;
  settings.schedule = run.config.schedule;
  settings.momentum = recordedFloat(run.config.momentum);
  settings.weightDecay = recordedFloat(run.config.weightDecay);
  return settings;
}

/// Holds what is asked for against what the run had until now, and makes it the
/// run's.
static Status takeSettings(Run &run) {
  SEGC_ASSIGN_OR_RETURN(RunSettings now, settingsOf(run));
  if (run.state.settings) {
    const std::string where = run.options.results;
    SEGC_RETURN_IF_ERROR(checkSameRun(*run.state.settings, now, where));
    for (const std::string &line : changesOf(*run.state.settings, now))
      std::fprintf(stderr, "segrun: warning: %s: %s\n", where.c_str(),
                   line.c_str());
  }
  run.state.settings = std::move(now);
  return Status::success();
}

/// A new run leaves what is in its folder to the one that wrote it; a resumed
/// one says where it goes on.
static Status beginIn(const ResultsFolder &folder, const Run &run) {
  const int64_t step = run.state.step, total = run.config.schedule.totalSteps;
  if (step > 0) {
    std::fprintf(stderr, "segrun: %s: step %lld of %lld is done%s\n",
                 folder.path().c_str(), static_cast<long long>(step),
                 static_cast<long long>(total),
                 step < total ? ", going on"
                              : "; for more, give a larger --max-steps");
    return Status::success();
  }
  SEGC_ASSIGN_OR_RETURN(std::string aside, folder.putAside(trainingResults()));
  if (!aside.empty())
    std::fprintf(stderr, "segrun: %s: what an earlier run left is now in %s\n",
                 folder.path().c_str(), aside.c_str());
  return Status::success();
}

/// No output of a training may replace what it reads.
static Status checkPaths(const Run &run) {
  const TrainOptions &options = run.options;
  const std::string &results = options.results;
  CommandPaths paths;
  paths.inputs = {{"--model", options.model.model},
                  {"--batches", options.batches},
                  {"--init", options.init}};
  paths.outputs = {{"--dump-gradients", options.dumpGradients}};
  for (const char *name : trainingResults())
    paths.outputs.push_back({"--results", results + "/" + name});
  if (run.dataset) {
    addInputs(paths, "--data", run.dataset->files());
    paths.folders = {{"--results", results},
                     {"--results", results + "/predictions"},
                     {"--results", results + "/overlays"}};
  }
  return checkOutputs(paths);
}

static CommandResult train(Run &run) {
  const TrainOptions &options = run.options;
  ModelRunner &runner = run.runner;
  SEGC_RETURN_IF_ERROR(openCases(run));
  SEGC_RETURN_IF_ERROR(checkPaths(run));
  SEGC_ASSIGN_OR_RETURN(ResultsFolder folder,
                        ResultsFolder::open(options.results));
  SEGC_RETURN_IF_ERROR(prepareState(run));
  SEGC_RETURN_IF_ERROR(loadCases(run));
  SEGC_RETURN_IF_ERROR(openSource(run));
  SEGC_RETURN_IF_ERROR(configure(run));
  SEGC_RETURN_IF_ERROR(takeSettings(run));
  SEGC_RETURN_IF_ERROR(beginIn(folder, run));
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
  if (run.dataset)
    printNotes(*run.dataset);
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

/// The scripts of the published examples leave such options in.
static void warnOfIdleOptions(const TrainOptions &options) {
  const std::pair<bool, const char *> given[] = {
      {options.resume, "--resume"},
      {!options.init.empty(), "--init"},
      {!options.batches.empty(), "--batches"},
      {!options.dumpGradients.empty(), "--dump-gradients"},
      {options.augment.has_value(), "--augment"},
      {options.epochs.has_value(), "--epochs"},
      {options.learningRate.has_value(), "--learning-rate"},
      {options.momentum.has_value(), "--momentum"},
      {options.weightDecay.has_value(), "--weight-decay"},
      {options.lossScale.has_value(), "--loss-scale"},
      {options.scheduler.has_value(), "--scheduler"},
      {options.evaluateEvery.has_value(), "--evaluate-every"},
      {options.skipEval > 0, "--skip-eval"},
      {options.saveEvery > 0, "--save-every"}};
  for (const auto &[idle, name] : given)
    if (idle)
      std::fprintf(stderr,
                   "segrun: warning: %s has no effect with "
                   "--benchmark\n",
                   name);
}

CommandResult segc::runTrain(const TrainOptions &options) {
  if (options.benchmark) {
    warnOfIdleOptions(options);
    BenchmarkOptions benchmark;
    benchmark.model = options.model;
    benchmark.data = options.data;
    benchmark.mode = "train";
    benchmark.warmupSteps = options.warmupSteps.value_or(10);
    benchmark.steps = options.maxSteps.value_or(50);
    benchmark.json = options.json;
    return runBenchmark(benchmark);
  }
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(options.model, /*training=*/true));
  Run run = {options, model.runner, {}, {}, {}, {}};
  return train(run);
}
