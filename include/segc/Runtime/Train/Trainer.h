//===- Trainer.h - The training loop ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_TRAINER_H
#define SEGC_RUNTIME_TRAIN_TRAINER_H

#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Train/BatchFeed.h"
#include "segc/Runtime/Train/DataParallel.h"
#include "segc/Runtime/Train/GradientAccumulator.h"
#include "segc/Runtime/Train/Log.h"
#include "segc/Runtime/Train/RunPhases.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace segc {

struct TrainerConfig {
  Schedule schedule; ///< Its totalSteps is the length of the run.
  float momentum = 0, weightDecay = 0;
  int64_t stepsPerEpoch = 1;
  int64_t accumulate = 1; ///< Batches of a step, whose gradients are averaged.
  int64_t logEvery = 10;
  int64_t evaluateEvery = 0;  ///< steps; 0: see evaluateEpochs
  bool evaluateEpochs = true; ///< at the end of each epoch
  int64_t skipEpochs = 0;     ///< none of either in these
  int64_t saveEvery = 0;      ///< steps; 0: at evaluations and in time
  std::string checkpoints;    ///< folder of last/ and best/; empty: none
  bool keepBest = true;
  BestMeasure bestBy = BestMeasure::Dice;
  double maxSeconds = 0;       ///< of training, over all runs; 0: no limit
  int64_t patience = 0;        ///< evaluations without a new best; 0: no limit
  double targetDice = 0;       ///< of the best evaluation; 0: none
  std::string dumpGradients;   ///< safetensors file of the first step's
  RunPhases *phases = nullptr; ///< takes the time of checkpoints
  /// Of a training by several ranks, of which the first one saves.
  DataParallel *ranks = nullptr;
  bool firstEvaluates = false; ///< Rank 0 evaluates, and this one waits.
};

/// Returns the option that ends a run before its last step; empty if none does.
std::string earlyEnd(const TrainerConfig &config, const TrainState &state);

/// Runs steps until the schedule ends, its time or patience is over, a signal
/// arrives, or values are not finite. It owns only the state of the run.
class Trainer {
public:
  using Evaluator = std::function<StatusOr<Evaluation>()>;

  Trainer(ModelRunner &runner, BatchSource &batches, RunLog &log,
          TrainerConfig config, TrainState state, Evaluator evaluator)
      : runner(runner), batches(batches), feed(runner, batches), log(log),
        config(std::move(config)), state_(std::move(state)),
        evaluator(std::move(evaluator)),
        accumulator(runner, this->config.accumulate,
                    this->config.ranks ? &this->config.ranks->ofPrograms()
                                       : nullptr) {}

  /// Returns Interrupted after a signal; the checkpoint is then written.
  Status run();

  const TrainState &state() const { return state_; }
  const std::optional<Evaluation> &lastEvaluation() const { return evaluation; }

private:
  Status step();
  /// A batch of a step, with the scalars of its calls.
  struct Part {
    BatchFeed::Fed fed;
    segc_scalars scalars;
  };
  void beginPart(int64_t part);
  StatusOr<Part> nextPart(const std::string &entry);
  /// Runs the parts of a step. Returns the last one, with its scalars as they
  /// were before its calls; `after` has them behind the step.
  StatusOr<Part> runParts(segc_scalars &after);
  /// Calls the entries of the last part.
  Status runLastPart(const Part &part, segc_scalars &after);
  /// Fails if the loss of a part that is not the last one is not finite.
  Status checkPart(const Part &part);
  /// Adds the outputs of `entry` to those of the step.
  void addOutputs(const std::string &entry);
  Status keepStates();
  /// Restores the states of keepStates().
  Status restoreStates();
  /// Does so if one is not finite now.
  Status restoreFiniteStates();
  Status afterStep();
  /// Evaluates; `counts` for the best checkpoint.
  Status evaluate(bool counts);
  /// Finds ranks whose weights differ. All ranks call it at the same steps.
  Status compareWeights();
  /// Before a checkpoint: compares the weights of the ranks. Where they share
  /// the states of the optimizer, the first one gets all of them, to save. All
  /// ranks call it at the same steps.
  Status meetRanks();
  /// Saves the checkpoint `last`. Ranks wait for the one that writes it,
  /// however long a disk takes: all of them call it at the same steps.
  Status saveLast();
  Status save(const std::string &name);
  /// Saves a checkpoint after a failure and returns the failure with its path.
  Status saveAfter(const Status &failure);
  Status logStep(const segc_scalars &scalars);
  /// Samples of a step, of all parts and ranks.
  int64_t stepSamples() const;
  /// Says which part of the steps of this run ranks have waited for others.
  Status logCommunication();
  void showProgress(const segc_scalars &scalars, bool important);
  Status explainNonFinite(const Part &part);
  /// Takes the outputs of the step, their mean over its parts and ranks.
  Status takeResults();
  float result(const char *name) const;
  /// By a signal, to any of the ranks.
  bool isAskedToStop() const;
  /// Of training, over all runs.
  double seconds() const;
  bool atEnd() const {
    return state_.step >= config.schedule.totalSteps ||
           !earlyEnd(config, state_).empty();
  }
  /// Returns the value that a best checkpoint is best by, and adds what it is
  /// made of to the record.
  double measure(const Evaluation &found, OrderedJson &record);

  using Clock = std::chrono::steady_clock;

  ModelRunner &runner;
  BatchSource &batches;
  BatchFeed feed;
  RunLog &log;
  TrainerConfig config;
  TrainState state_;
  Evaluator evaluator;
  std::optional<Evaluation> evaluation;
  std::vector<float> statesBefore; ///< of the last step that may be undone
  GradientAccumulator accumulator;
  /// Sums of outputs of the parts of a step, but for "finite".
  std::vector<float> outputSums;
  std::vector<std::string> caseNames; ///< of the step
  /// Outputs of the last step, but for "finite", by their names.
  std::map<std::string, std::vector<float>> results;
  bool stops = false;         ///< A signal has reached one of the ranks.
  bool weightsDiffer = false; ///< Between ranks: they are not to be saved.
  Clock::time_point started, lastShown;
  int64_t firstStep = 0;
  int64_t savedStep = -1;
  double savedSeconds = 0;    ///< of the state, at the last checkpoint
  double comparedSeconds = 0; ///< The same, when ranks last compared weights.
  double secondsBefore = 0, stepSeconds = 0;
  int64_t timedSteps = 0; ///< Those of stepSeconds.
  /// Both at the last record.
  double recordedSeconds = 0;
  int64_t recordedSteps = 0;
  LoaderTimes loaderTimes;         ///< at the last record
  CollectiveTimes collectiveTimes; ///< at the last record
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_TRAINER_H
