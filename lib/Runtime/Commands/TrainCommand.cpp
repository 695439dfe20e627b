//===- TrainCommand.cpp - segrun train ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedJob.h"
#include "TrainRanks.h"
#include "TrainSetup.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/ResultsFolder.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Inference/EvaluateCases.h"
#include "segc/Runtime/Inference/Predict.h"
#include "segc/Runtime/Train/Report.h"

#include <csignal>
#include <cstdio>

using namespace segc;

/// The options as published logs have them: one record of step PARAMETER.
static Status logParameters(RunLog &log, const Run &run) {
  const TrainOptions &options = run.options;
  const TrainerConfig &config = run.config;
  OrderedJson parameters = {
      {"command", options.commandLine},
      {"segrun_version", versionText()},
      {"model", options.model.model},
      {"model_sha256", run.modelHash},
      {"network", run.runner.manifest().network},
      {"data", options.data.data},
      {"data_digest",
       run.state.settings ? run.state.settings->dataDigest : std::string()},
      {"fold", options.data.fold ? OrderedJson(*options.data.fold) : nullptr},
      {"fold_count",
       options.data.foldCount ? OrderedJson(*options.data.foldCount) : nullptr},
      {"train_split", options.data.trainSplit.value_or(1.0)},
      {"orientation", run.state.orientation},
      {"label_map", options.data.labelMap},
      {"seed", run.state.seed},
      {"augment", augments(run)},
      {"augmentation",
       run.state.settings ? run.state.settings->augmentation : std::string()},
      {"augment_on", run.augmentOn},
      {"oversampling", run.cached.cache
                           ? OrderedJson(run.cached.patches.oversampling)
                           : OrderedJson(nullptr)},
      {"batch_size", run.state.batchSize},
      {"ranks", run.part().size},
      {"neighbours", run.ranks ? run.ranks->neighbours() : 0},
      {"accumulate", run.accumulate()},
      {"steps", config.schedule.totalSteps},
      {"steps_per_epoch", config.stepsPerEpoch},
      {"learning_rate", config.schedule.learningRate},
      {"scheduler", scheduleName(config.schedule.kind)},
      {"lr_warmup_epochs", config.schedule.warmupEpochs},
      {"best_by", measureName(config.bestBy)},
      {"max_seconds", config.maxSeconds},
      {"patience", config.patience},
      {"target_dice", config.targetDice},
      {"momentum", recordedFloat(config.momentum)},
      {"weight_decay", recordedFloat(config.weightDecay)},
      {"optimizer", run.runner.manifest().optimizer.kind},
      {"precision", run.runner.manifest().precision},
      {"cpu_version", run.runner.library().version().name},
      {"device", run.runner.device().name()},
      {"threads", run.runner.workers()},
      {"first_step", run.state.step}};
  return log.record("PARAMETER", parameters);
}

/// A new run leaves what is in its folder to the one that wrote it; a resumed
/// one says where it goes on.
static Status beginIn(const ResultsFolder &folder, const Run &run) {
  const int64_t step = run.state.step, total = run.config.schedule.totalSteps;
  if (step > 0) {
    const std::string end =
        step < total ? earlyEnd(run.config, run.state) : "--max-steps";
    const std::string next =
        end.empty() ? ", going on" : "; for more, give a larger " + end;
    std::fprintf(stderr, "segrun: %s: step %lld of %lld is done%s\n",
                 folder.path().c_str(), static_cast<long long>(step),
                 static_cast<long long>(total), next.c_str());
    return Status::success();
  }
  SEGC_ASSIGN_OR_RETURN(std::string aside, folder.putAside(trainingResults()));
  if (!aside.empty())
    std::fprintf(stderr, "segrun: %s: what an earlier run left is now in %s\n",
                 folder.path().c_str(), aside.c_str());
  return Status::success();
}

/// Opens the log of the run, which rank 0 writes in its folder.
static StatusOr<RunLog> beginLog(const Run &run,
                                 const std::optional<ResultsFolder> &folder) {
  if (!folder)
    return RunLog::silent();
  SEGC_RETURN_IF_ERROR(beginIn(*folder, run));
  SEGC_RETURN_IF_ERROR(createDirectories(run.config.checkpoints.empty()
                                             ? folder->path()
                                             : run.config.checkpoints));
  SEGC_ASSIGN_OR_RETURN(
      RunLog log,
      RunLog::open(folder->path() + "/train.jsonl", run.state.step));
  const std::string events = folder->path() + "/tensorboard";
  if (run.options.tensorboard || (run.state.step > 0 && pathExists(events)))
    SEGC_RETURN_IF_ERROR(log.openEvents(events));
  SEGC_RETURN_IF_ERROR(logParameters(log, run));
  return log;
}

/// Identifies the model, and gives all ranks what rank 0 starts from.
static Status joinRanks(Run &run) {
  SEGC_ASSIGN_OR_RETURN(const std::string model,
                        readFile(run.runner.library().path()));
  run.modelHash = sha256(model);
  return run.ranks ? run.ranks->begin(run.runner, run.modelHash, run.state)
                   : Status::success();
}

/// Of the pictures; none where a run has batches instead of cases.
static std::vector<std::string> labelNamesOf(const Run &run) {
  if (run.dataset)
    return run.dataset->classNames();
  return run.cached.cache ? run.cached.cache->plan().labelNames()
                          : std::vector<std::string>();
}

/// Predicts the best, the median and the worst of the held-out cases, and adds
/// their pictures to the event file.
static Status showExamples(const Run &run, RunLog &log,
                           const Evaluation &evaluation,
                           const TrainState &state) {
  const std::string &results = run.options.results;
  const std::string overlays = results + "/overlays";
  const std::vector<ExampleCase> examples =
      exampleCases(evaluation.foregroundDiceByCase());
  SEGC_RETURN_IF_ERROR(
      run.dataset ? predictExamples(run.runner, *run.dataset, Split::Validation,
                                    run.state.batchSize, examples, results)
                  : drawCases(run.runner, *run.cached.validation, examples,
                              labelNamesOf(run), run.cached.windows(),
                              run.state.batchSize, overlays));
  for (const ExampleCase &example : examples)
    if (const StatusOr<std::string> png = readFile(
            overlayPath(overlays, evaluation.cases[example.index].name));
        png.ok())
      SEGC_RETURN_IF_ERROR(log.picture(
          state.step, std::string("overlays/") + example.rank, *png));
  return Status::success();
}

/// What a run leaves behind its last step, besides checkpoints.
static Status writeResults(Run &run, RunLog &log, const Trainer &trainer,
                           bool isWhole) {
  const std::string &results = run.options.results;
  if (trainer.state().step > 0 && trainer.state().applied == 0)
    std::fprintf(stderr,
                 "segrun: warning: none of the %lld steps changed a weight: no "
                 "scaled gradient was finite; go on with --resume, or give a "
                 "smaller --loss-scale\n",
                 static_cast<long long>(trainer.state().step));
  if (trainer.lastEvaluation())
    SEGC_RETURN_IF_ERROR(
        writeMetrics(results, *trainer.lastEvaluation(), trainer.state().step));
  if (isWhole) {
    SEGC_RETURN_IF_ERROR(
        log.metadata("training_seconds",
                     {{"unit", "s"}, {"value", trainer.state().seconds}}));
    const RunPhases::Scope phase(&run.phases, "predict examples");
    if (trainer.lastEvaluation())
      SEGC_RETURN_IF_ERROR(
          showExamples(run, log, *trainer.lastEvaluation(), trainer.state()));
  }
  SEGC_RETURN_IF_ERROR(log.metadata("phases", run.phases.toJson()));
  if (trainer.lastEvaluation())
    std::fprintf(stderr, "%s", trainer.lastEvaluation()->toText().c_str());
  return writeReport(results, run.runner.manifest().network + " training",
                     labelNamesOf(run));
}

static CommandResult train(Run &run) {
  const TrainOptions &options = run.options;
  ModelRunner &runner = run.runner;
  SEGC_RETURN_IF_ERROR(openCases(run));
  SEGC_RETURN_IF_ERROR(checkPaths(run));
  std::optional<ResultsFolder> folder;
  if (run.isFirst()) {
    SEGC_ASSIGN_OR_RETURN(folder, ResultsFolder::open(options.results));
  }
  SEGC_RETURN_IF_ERROR(prepareState(run));
  SEGC_RETURN_IF_ERROR(joinRanks(run));
  {
    const RunPhases::Scope phase(&run.phases, "load data");
    SEGC_RETURN_IF_ERROR(loadCases(run));
  }
  SEGC_RETURN_IF_ERROR(checkEvaluation(run));
  SEGC_ASSIGN_OR_RETURN(run.augmentOn, augmentPlaceOf(run));
  SEGC_RETURN_IF_ERROR(openSource(run));
  SEGC_RETURN_IF_ERROR(configure(run));
  SEGC_RETURN_IF_ERROR(takeSettings(run));
  SEGC_RETURN_IF_ERROR(checkRankSettings(run));
  SEGC_ASSIGN_OR_RETURN(RunLog log, beginLog(run, folder));
  Trainer::Evaluator evaluator;
  if (run.heldOut() > 0 && run.isFirst())
    evaluator = [&] {
      const RunPhases::Scope phase(&run.phases, "validate");
      return run.dataset
                 ? evaluateSplit(runner, *run.dataset, Split::Validation,
                                 run.state.batchSize)
                 : evaluateCases(runner, *run.cached.validation,
                                 run.cached.cache->plan(), run.cached.windows(),
                                 run.state.batchSize);
    };
  catchStopSignals();
  if (run.ranks)
    catchStopSignal(SIGUSR1); // startRanks()
  run.config.phases = &run.phases;
  Trainer trainer(runner, *run.source, log, run.config, run.state, evaluator);
  Status status;
  {
    const RunPhases::Scope phase(&run.phases, "train");
    status = trainer.run();
  }
  if (run.dataset && run.isFirst())
    printNotes(*run.dataset);
  bool interrupted = status.code() == StatusCode::Interrupted;
  if (!status.ok() && !interrupted)
    return status;
  const auto write = [&] {
    return writeResults(run, log, trainer, !interrupted);
  };
  SEGC_RETURN_IF_ERROR(run.ranks ? run.ranks->workAsFirst("results", write)
                                 : write());
  return status;
}

/// The training of this process, alone or as one of several ranks, whose model
/// is opened by `ofModel`.
static CommandResult trainAs(const TrainOptions &options,
                             const ModelOptions &ofModel,
                             TrainingRanks *others) {
  RunPhases phases;
  RunnerOptions ofRunner;
  ofRunner.training = true;
  SEGC_ASSIGN_OR_RETURN(const int64_t accumulate, accumulateOf(options));
  ofRunner.accumulates = accumulate > 1;
  ofRunner.exchanges = others != nullptr;
  ofRunner.sharesGradients =
      others != nullptr && options.sharedMemory.value_or("on") == "on";
  if (others) {
    ofRunner.rank = others->rank();
    ofRunner.ranks = others->size();
  }
  SEGC_ASSIGN_OR_RETURN(LoadedModel model,
                        openModel(ofModel, ofRunner, &phases));
  DataParallel *ranks = nullptr;
  if (others) {
    SEGC_ASSIGN_OR_RETURN(ranks, others->join(model.runner.sharedDevice()));
  }
  Run run = {options, model.runner,      {},    {}, {}, {}, {},
             {},      std::move(phases), ranks, {}};
  return train(run);
}

CommandResult segc::trainAlone(const TrainOptions &options) {
  SEGC_RETURN_IF_ERROR(checkTrainOptions(options));
  return trainAs(options, options.model, nullptr);
}

/// What only ranks need.
static Status checkWithoutRanks(const TrainOptions &options) {
  const char *idle = !options.messages.empty() ? "--messages"
                     : !options.nccl.empty()   ? "--nccl"
                     : options.timeout         ? "--collective-timeout"
                     : options.sharedMemory    ? "--shared-memory"
                     : options.maxRestarts     ? "--max-restarts"
                                               : nullptr;
  return idle ? wrongUsage(std::string(idle) +
                           " has no effect in one process: leave it out")
              : Status::success();
}

/// The training of this process or of the ranks that it starts.
static CommandResult trainAsAsked(const TrainOptions &options,
                                  const std::optional<Job> &job) {
  const int64_t wanted = options.ranks.value_or(1);
  if (options.benchmark && (job || wanted > 1))
    return wrongUsage("--benchmark measures one process; start one");
  if (job && options.maxRestarts)
    return wrongUsage("--max-restarts has no effect here: " + job->launcher +
                      " has started the ranks; leave it out, and start them "
                      "again with --resume");
  if (!job && wanted == 1)
    SEGC_RETURN_IF_ERROR(checkWithoutRanks(options));
  if (options.benchmark) {
    warnOfIdleOptions(options);
    BenchmarkOptions benchmark;
    benchmark.model = options.model;
    if (!options.data.data.empty())
      benchmark.data = options.data;
    benchmark.data.seed = options.data.seed;
    benchmark.mode = "train";
    benchmark.warmupSteps = options.warmupSteps.value_or(10);
    benchmark.steps = options.maxSteps.value_or(50);
    benchmark.json = options.json;
    return runBenchmark(benchmark);
  }
  if (!job && wanted == 1)
    return trainAlone(options);
  SEGC_RETURN_IF_ERROR(checkTrainOptions(options));
  if (!job)
    return startRanks(wanted, options);
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Communicator> ranks,
                        connectTraining(*job, options));
  // It outlives what uses it: endRank() ends all processes after an error.
  TrainingRanks others(options, *ranks);
  const auto train = [&]() -> CommandResult {
    const RankWatch watch(*ranks, surroundingsOf(*job));
    SEGC_ASSIGN_OR_RETURN(const ModelOptions ofModel,
                          placeOfRank(options.model, &*job));
    return trainAs(options, ofModel, &others);
  };
  return endRank(*job, *ranks, train());
}

/// Predicts the test cases by what the training has left. Ranks share them.
static CommandResult predictTestCases(const TrainOptions &options) {
  PredictOptions predict;
  predict.model = options.model;
  predict.data = options.data;
  predict.inputs = {options.data.data};
  predict.checkpoint = options.results;
  predict.output = options.predict;
  return runPredict(predict);
}

CommandResult segc::runTrain(const TrainOptions &options) {
  const std::optional<Job> job = jobOfEnvironment();
  CommandResult result = trainAsAsked(options, job);
  // Ranks that this process has started predict by themselves.
  const bool startsRanks = !job && options.ranks.value_or(1) > 1;
  return options.predict.empty() || options.benchmark || startsRanks ||
                 result.exitCode != 0
             ? result
             : predictTestCases(options);
}
