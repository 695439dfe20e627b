//===- TrainSetup.cpp - Settings of a training run ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainSetup.h"
#include "AugmentPlace.h"
#include "segc/Plan/Optimizers.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Commands/ResultsFolder.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

using namespace segc;

/// An option that says when a run evaluates, or what follows from it; empty if
/// none is given.
static std::string evaluationOption(const TrainOptions &options) {
  return options.evaluateEvery.value_or(0) > 0 ? "--evaluate-every"
         : options.skipEval > 0                ? "--skip-eval"
         : options.patience.value_or(0) > 0    ? "--patience"
         : options.targetDice.value_or(0) > 0  ? "--target-dice"
         : options.bestBy                      ? "--best-by"
                                               : "";
}

Status segc::checkEvaluation(const Run &run) {
  const std::string idle = evaluationOption(run.options);
  if (idle.empty() || !run.options.batches.empty() || run.heldOut() > 0)
    return Status::success();
  return wrongUsage(idle + " has no effect: no case is held out; give --fold "
                           "or a --train-split below 1, or leave it out");
}

Status segc::checkTrainOptions(const TrainOptions &options) {
  if (options.data.data.empty() == options.batches.empty())
    return wrongUsage("expected one of --data DIR and --batches FILE");
  if (options.epochs && options.maxSteps)
    return wrongUsage("expected one of --epochs and --max-steps");
  if (options.augment && options.augmentation)
    return wrongUsage("expected one of --augment and --augmentation");
  if (options.resume && !options.init.empty())
    return wrongUsage("--resume goes on with the run's own weights: "
                      "leave out --init or --resume");
  if (!std::is_sorted(options.milestones.begin(), options.milestones.end()))
    return wrongUsage("--lr-milestones: expected steps in ascending order");
  if (options.scheduler)
    SEGC_RETURN_IF_ERROR(parseScheduleKind(*options.scheduler).status());
  if (options.warmupSteps || !options.json.empty())
    return wrongUsage(
        std::string(options.json.empty() ? "--warmup-steps" : "--json") +
        " has no effect without --benchmark: leave it out");
  if (options.checkpointStrategy == "none" && options.saveEvery > 0)
    return wrongUsage("--save-every has no effect with --ckpt-strategy none: "
                      "leave one of them out");
  if (!options.predict.empty() && options.checkpointStrategy == "none")
    return wrongUsage("--predict needs a checkpoint: leave out it or "
                      "--ckpt-strategy none");
  if (!options.batches.empty()) {
    DataOptions data = options.data;
    data.orientation.reset(); // checkpoints record it
    std::string idle = !options.predict.empty()          ? "--predict"
                       : options.augment.value_or(false) ? "--augment"
                       : options.augmentation            ? "--augmentation"
                       : options.oversampling            ? "--oversampling"
                       : options.volumesPerBatch         ? "--volumes-per-batch"
                       : options.augmentOn               ? "--augment-on"
                       : options.loaderThreads ? "--loader-threads"
                                               : idleWithoutData(data);
    if (idle.empty())
      idle = evaluationOption(options);
    if (!idle.empty())
      return wrongUsage(idle + " has no effect on --batches: leave it out");
  }
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
  recipe.initialLearningRate = before.schedule.initialLearningRate;
  recipe.warmupEpochs = before.schedule.warmupEpochs;
  recipe.scheduler = before.schedule.kind;
  recipe.milestones = before.schedule.milestones;
  recipe.milestoneFactor = before.schedule.milestoneFactor;
  recipe.scheduleByEpochs = before.schedule.byEpochs;
  recipe.momentum = before.momentum;
  recipe.weightDecay = before.weightDecay;
  recipe.bestBy = before.bestBy;
  recipe.maxSeconds = before.maxSeconds;
  recipe.patience = before.patience;
  recipe.targetDice = before.targetDice;
  if (before.stepsPerEpoch > 0)
    recipe.stepsPerEpoch = before.stepsPerEpoch;
  recipe.epochs = 0;
  recipe.maxSteps = before.schedule.totalSteps;
  return recipe;
}

/// Options that the schedule does not look at.
static Status checkSchedule(const TrainOptions &options,
                            const Schedule &schedule) {
  if (options.initialLearningRate && schedule.warmupEpochs == 0)
    return wrongUsage("--init-learning-rate has no effect without "
                      "--lr-warmup-epochs: leave it out");
  if (schedule.kind == Schedule::Kind::Piecewise && schedule.milestones.empty())
    return wrongUsage("--scheduler piecewise needs --lr-milestones");
  const char *idle =
      options.endLearningRate && schedule.kind != Schedule::Kind::Poly
          ? "--end-learning-rate"
      : options.firstCycleSteps &&
              schedule.kind != Schedule::Kind::CosineAnnealing
          ? "--cosine-annealing-first-cycle-steps"
      : !options.milestones.empty() &&
              schedule.kind != Schedule::Kind::Piecewise
          ? "--lr-milestones"
      : options.milestoneFactor && schedule.kind != Schedule::Kind::Piecewise
          ? "--lr-factor"
          : nullptr;
  return idle ? wrongUsage(std::string(idle) +
                           " has no effect with --scheduler " +
                           scheduleName(schedule.kind) + ": leave it out")
              : Status::success();
}

Status segc::configure(Run &run) {
  const TrainOptions &options = run.options;
  const Recipe recipe = startOf(run);
  TrainerConfig &config = run.config;
  const int64_t batch = run.stepSamples();
  int64_t samples =
      run.dataset ? run.dataset->count(Split::Train) : run.source->samples();
  const int64_t stepsPerEpoch =
      options.stepsPerEpoch.value_or(recipe.stepsPerEpoch);
  config.stepsPerEpoch =
      stepsPerEpoch > 0 ? stepsPerEpoch : (samples + batch - 1) / batch;
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
  config.schedule.initialLearningRate =
      options.initialLearningRate.value_or(recipe.initialLearningRate);
  config.schedule.warmupEpochs =
      options.lrWarmupEpochs.value_or(recipe.warmupEpochs);
  config.schedule.milestones =
      options.milestones.empty() ? recipe.milestones : options.milestones;
  config.schedule.milestoneFactor =
      options.milestoneFactor.value_or(recipe.milestoneFactor);
  config.schedule.byEpochs = options.scheduleBy ? *options.scheduleBy == "epoch"
                                                : recipe.scheduleByEpochs;
  config.schedule.stepsPerEpoch = config.stepsPerEpoch;
  SEGC_RETURN_IF_ERROR(checkSchedule(options, config.schedule));
  if (config.schedule.totalSteps > maxSteps)
    return wrongUsage("--epochs " + std::to_string(epochs) + " of " +
                      std::to_string(config.stepsPerEpoch) +
                      " steps: expected at most " + std::to_string(maxSteps) +
                      " steps");
  const std::string &kind = run.runner.manifest().optimizer.kind;
  const Optimizer *optimizer = findOptimizer(kind);
  if (options.momentum && optimizer && !optimizer->usesMomentum)
    return wrongUsage("--momentum has no effect: the model's optimizer is " +
                      kind + "; leave it out");
  config.momentum =
      static_cast<float>(options.momentum.value_or(recipe.momentum));
  config.weightDecay =
      static_cast<float>(options.weightDecay.value_or(recipe.weightDecay));
  config.logEvery = options.logEvery.value_or(recipe.logEvery);
  config.evaluateEvery = options.evaluateEvery.value_or(0);
  config.evaluateEpochs = recipe.evaluateEpochs;
  config.skipEpochs = options.skipEval;
  config.saveEvery = options.saveEvery;
  if (run.isFirst())
    config.dumpGradients = options.dumpGradients;
  config.bestBy = recipe.bestBy;
  if (options.bestBy) {
    SEGC_ASSIGN_OR_RETURN(config.bestBy, parseMeasure(*options.bestBy));
  }
  config.maxSeconds = options.maxSeconds.value_or(recipe.maxSeconds);
  config.patience = options.patience.value_or(recipe.patience);
  config.targetDice = options.targetDice.value_or(recipe.targetDice);
  config.keepBest = options.checkpointStrategy == "last_and_best";
  config.accumulate = run.accumulate();
  config.ranks = run.ranks;
  config.firstEvaluates = run.heldOut() > 0 && !run.isFirst();
  if (options.checkpointStrategy != "none" && run.isFirst())
    config.checkpoints = options.results + "/checkpoints";
  return Status::success();
}

bool segc::augments(const Run &run) {
  if (run.options.augmentation)
    return *run.options.augmentation != "none";
  const std::optional<RunSettings> &before = run.state.settings;
  return run.options.augment.value_or(before && before->augment);
}

std::string segc::patchAugmentation(const Run &run) {
  const std::optional<RunSettings> &before = run.state.settings;
  const std::string name = run.options.augmentation.value_or(
      before ? before->augmentation : std::string());
  PatchOptions chosen;
  return chooseAugmentation(name, chosen)
             ? name
             : planRulesName(run.cached.cache->plan().rules);
}

PatchPlacement segc::patchPlacement(const Run &run) {
  PatchPlacement placement = {run.options.oversampling,
                              run.options.volumesPerBatch};
  if (const std::optional<RunSettings> &before = run.state.settings) {
    if (!placement.oversampling)
      placement.oversampling = before->oversampling;
    if (!placement.volumesPerBatch)
      placement.volumesPerBatch = before->volumesPerBatch;
  }
  return placement;
}

StatusOr<std::string> segc::augmentPlaceOf(const Run &run) {
  AugmentRequest request;
  request.asked = run.options.augmentOn;
  if (run.state.settings)
    request.before = run.state.settings->augmentOn;
  if (run.cached.cache)
    request.augmentation = augments(run) ? patchAugmentation(run) : "none";
  return augmentPlace(request, run.options.model, run.runner);
}

/// What this run was asked to do, as its checkpoints carry it.
static StatusOr<RunSettings> settingsOf(const Run &run) {
  const TrainOptions &options = run.options;
  const Manifest &manifest = run.runner.manifest();
  RunSettings settings;
  settings.data = options.batches.empty() ? options.data.data : options.batches;
  SEGC_ASSIGN_OR_RETURN(settings.dataDigest, run.source->digest());
  settings.fold = options.data.fold;
  settings.foldCount = options.data.foldCount;
  settings.trainSplit = options.data.trainSplit.value_or(1.0);
  settings.legacyResize = options.data.legacyResize;
  settings.augment = augments(run);
  if (run.cached.cache)
    settings.augmentation = settings.augment ? patchAugmentation(run) : "none";
  const PatchPlacement placement = patchPlacement(run);
  settings.oversampling = placement.oversampling;
  settings.volumesPerBatch = placement.volumesPerBatch;
  settings.augmentOn = run.augmentOn;
  settings.ranks = run.part().size;
  settings.accumulate = run.config.accumulate;
  settings.precision = manifest.precision;
  settings.optimizer = manifest.optimizer.kind;
  settings.schedule = run.config.schedule;
  settings.stepsPerEpoch = options.stepsPerEpoch.value_or(
      run.state.settings ? run.state.settings->stepsPerEpoch : 0);
  settings.momentum = recordedFloat(run.config.momentum);
  settings.weightDecay = recordedFloat(run.config.weightDecay);
  settings.bestBy = run.config.bestBy;
  settings.maxSeconds = run.config.maxSeconds;
  settings.patience = run.config.patience;
  settings.targetDice = run.config.targetDice;
  return settings;
}

Status segc::takeSettings(Run &run) {
  SEGC_ASSIGN_OR_RETURN(RunSettings now, settingsOf(run));
  if (run.state.settings) {
    const std::string where = run.options.results;
    SEGC_RETURN_IF_ERROR(checkSameRun(*run.state.settings, now, where));
    for (const std::string &line : changesOf(*run.state.settings, now))
      if (run.isFirst())
        std::fprintf(stderr, "segrun: warning: %s: %s\n", where.c_str(),
                     line.c_str());
  }
  run.state.settings = std::move(now);
  return Status::success();
}

/// Whether two names are of one folder, which need not be there.
static bool isSamePlace(const std::string &a, const std::string &b) {
  std::error_code error;
  const auto place = [&](const std::string &path) {
    return std::filesystem::weakly_canonical(path, error);
  };
  return !a.empty() && place(a) == place(b) && !error;
}

Status segc::checkPaths(const Run &run) {
  const TrainOptions &options = run.options;
  const std::string &results = options.results;
  for (const std::string &taken : {results, results + "/predictions"})
    if (isSamePlace(options.predict, taken))
      return wrongUsage("--predict " + options.predict +
                        ": the training writes there, too; give another "
                        "folder, such as " +
                        results + "/masks");
  CommandPaths paths;
  paths.inputs = {{"--model", options.model.model},
                  {"--batches", options.batches},
                  {"--init", options.init}};
  paths.outputs = {
      {"--dump-gradients", options.dumpGradients, &gradientsOutput}};
  paths.places = {{"--results", results}};
  if (!options.predict.empty())
    paths.places.push_back({"--predict", options.predict});
  for (const char *name : trainingResults())
    paths.outputs.push_back({"--results", results + "/" + name});
  if (run.dataset) {
    addInputs(paths, "--data", run.dataset->files());
    paths.folders = {{"--results", results},
                     {"--results", results + "/predictions"},
                     {"--results", results + "/overlays"}};
    if (!options.predict.empty()) {
      paths.folders.push_back({"--predict", options.predict});
      paths.folders.push_back({"--predict", options.predict + "/overlays"});
    }
  }
  if (run.cached.cache)
    addInputs(paths, "--data", run.cached.cache->files());
  return checkOutputs(paths);
}

void segc::warnOfIdleOptions(const TrainOptions &options) {
  const std::pair<bool, const char *> given[] = {
      {options.resume, "--resume"},
      {options.tensorboard, "--tensorboard"},
      {!options.init.empty(), "--init"},
      {!options.batches.empty(), "--batches"},
      {!options.dumpGradients.empty(), "--dump-gradients"},
      {!options.predict.empty(), "--predict"},
      {options.augment.has_value(), "--augment"},
      {options.augmentation.has_value(), "--augmentation"},
      {options.oversampling.has_value(), "--oversampling"},
      {options.volumesPerBatch.has_value(), "--volumes-per-batch"},
      {options.augmentOn.has_value(), "--augment-on"},
      {options.loaderThreads.has_value(), "--loader-threads"},
      {options.accumulate.has_value(), "--accumulate"},
      {options.epochs.has_value(), "--epochs"},
      {options.stepsPerEpoch.has_value(), "--steps-per-epoch"},
      {options.learningRate.has_value(), "--learning-rate"},
      {options.momentum.has_value(), "--momentum"},
      {options.weightDecay.has_value(), "--weight-decay"},
      {options.lossScale.has_value(), "--loss-scale"},
      {options.scheduler.has_value(), "--scheduler"},
      {options.lrWarmupEpochs.has_value(), "--lr-warmup-epochs"},
      {!options.milestones.empty(), "--lr-milestones"},
      {options.milestoneFactor.has_value(), "--lr-factor"},
      {options.scheduleBy.has_value(), "--schedule-by"},
      {options.maxSeconds.has_value(), "--max-time"},
      {options.patience.has_value(), "--patience"},
      {options.targetDice.has_value(), "--target-dice"},
      {options.bestBy.has_value(), "--best-by"},
      {options.evaluateEvery.has_value(), "--evaluate-every"},
      {options.skipEval > 0, "--skip-eval"},
      {options.saveEvery > 0, "--save-every"},
      {options.logEvery.has_value(), "--log-every"}};
  for (const auto &[idle, name] : given)
    if (idle)
      std::fprintf(stderr,
                   "segrun: warning: %s has no effect with "
                   "--benchmark\n",
                   name);
}
