//===- Trainer.cpp - The training loop ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Trainer.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Device/Weights.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"

#include <cmath>
#include <csignal>

using namespace segc;

/// Without --save-every, a crash costs at most this much work.
static constexpr double saveInterval = 600; // seconds

/// The share of what was before in nnU-Net v2's moving mean.
static constexpr double smoothing = 0.9;

std::string segc::earlyEnd(const TrainerConfig &config,
                           const TrainState &state) {
  if (config.maxSeconds > 0 && state.seconds >= config.maxSeconds)
    return "--max-time";
  if (config.patience > 0 && state.evaluationsSinceBest >= config.patience)
    return "--patience";
  if (config.targetDice > 0 && state.bestDice >= config.targetDice)
    return "--target-dice";
  return "";
}

/// What ended a run. A launcher hands its own signal to the ranks as SIGUSR1.
static std::string textOfSignal(int signal) {
  return signal == 0         ? "a signal to another rank"
         : signal == SIGUSR1 ? "a signal to the job"
                             : "signal " + std::to_string(signal);
}

Status Trainer::run() {
  started = lastShown = Clock::now();
  firstStep = state_.step;
  secondsBefore = savedSeconds = comparedSeconds = state_.seconds;
  savedStep = firstStep > 0 ? firstStep : -1;
  while (!atEnd()) {
    const Clock::time_point begin = Clock::now();
    Status status = step();
    stepSeconds += std::chrono::duration<double>(Clock::now() - begin).count();
    ++timedSteps;
    if (status.ok())
      status = afterStep();
    if (!status.ok())
      return saveAfter(status);
    if (isAskedToStop()) {
      log.endProgress();
      SEGC_RETURN_IF_ERROR(saveLast());
      return Status(StatusCode::Interrupted,
                    textOfSignal(stopSignal()) + " after step " +
                        std::to_string(state_.step) + "; go on with --resume");
    }
  }
  log.endProgress();
  if (state_.step < config.schedule.totalSteps && state_.step > firstStep) {
    const std::string option = earlyEnd(config, state_);
    SEGC_RETURN_IF_ERROR(log.metadata("ended_by", {{"option", option}}));
    log.progress("step " + std::to_string(state_.step) + " of " +
                     std::to_string(config.schedule.totalSteps) +
                     " is the last: " + option,
                 true);
    log.endProgress();
  }
  if (config.ranks && state_.step > firstStep)
    SEGC_RETURN_IF_ERROR(logCommunication());
  return saveLast();
}

Status Trainer::compareWeights() {
  comparedSeconds = state_.seconds;
  const Status same = config.ranks->checkWeights(runner);
  weightsDiffer = same.code() == StatusCode::InvalidArgument;
  return same;
}

Status Trainer::meetRanks() {
  if (!config.ranks)
    return Status::success();
  SEGC_RETURN_IF_ERROR(compareWeights());
  return config.ranks->gatherOptimizer(runner);
}

Status Trainer::saveLast() {
  if (!config.ranks)
    return save("last");
  SEGC_RETURN_IF_ERROR(meetRanks());
  return config.ranks->workAsFirst("checkpoint of step " +
                                       std::to_string(state_.step),
                                   [&] { return save("last"); });
}

Status Trainer::saveAfter(const Status &failure) {
  log.endProgress();
  // After these the weights may be no good, and other ranks do not answer.
  bool broken = failure.code() == StatusCode::NonFinite ||
                failure.code() == StatusCode::Internal || weightsDiffer ||
                (config.ranks && config.ranks->sharesOptimizer());
  if (broken || config.checkpoints.empty() || state_.step == firstStep ||
      !save("last").ok())
    return failure;
  return Status(failure.code(), failure.message() + "; step " +
                                    std::to_string(state_.step) +
                                    " is saved: go on with --resume");
}

bool Trainer::isAskedToStop() const {
  return config.ranks ? stops : stopSignal() != 0;
}

double Trainer::seconds() const {
  return secondsBefore +
         std::chrono::duration<double>(Clock::now() - started).count();
}

Status Trainer::afterStep() {
  bool epochEnds = state_.step % config.stepsPerEpoch == 0;
  const bool atInterval = config.evaluateEvery > 0
                              ? state_.step % config.evaluateEvery == 0
                              : config.evaluateEpochs && epochEnds;
  const bool due = atInterval && (state_.step - 1) / config.stepsPerEpoch >=
                                     config.skipEpochs;
  // A run that goes on after --max-time is the run without that end: what is
  // evaluated there only is not part of it.
  const bool counts = due || state_.step >= config.schedule.totalSteps;
  if ((evaluator || config.firstEvaluates) && (counts || atEnd()) &&
      !isAskedToStop()) {
    SEGC_RETURN_IF_ERROR(meetRanks());
    if (!config.ranks) {
      SEGC_RETURN_IF_ERROR(evaluate(counts));
    } else {
      SEGC_RETURN_IF_ERROR(config.ranks->workAsFirst(
          "evaluation after step " + std::to_string(state_.step),
          [&] { return evaluate(counts); }));
      SEGC_RETURN_IF_ERROR(config.ranks->shareState(state_));
      savedSeconds = state_.seconds;
      std::vector<float> asked = {stopSignal() ? 1.0f : 0.0f};
      SEGC_RETURN_IF_ERROR(config.ranks->average(asked));
      stops = asked[0] > 0;
    }
  }
  bool save = config.saveEvery > 0
                  ? state_.step % config.saveEvery == 0
                  : state_.seconds - savedSeconds > saveInterval;
  if (save) {
    savedSeconds = state_.seconds;
    return saveLast();
  }
  // The time is that of rank 0 on all. A rank that diverges is found within the
  // deadline, however rare checkpoints are.
  const bool isDue = config.ranks && state_.seconds - comparedSeconds >
                                         config.ranks->timeLimit().count() / 2;
  return isDue ? compareWeights() : Status::success();
}

double Trainer::measure(const Evaluation &found, OrderedJson &record) {
  if (config.bestBy == BestMeasure::Dice)
    return found.meanForegroundDice();
  const double pooled = found.pooledForegroundDice();
  if (!std::isnan(pooled))
    state_.smoothedDice =
        state_.smoothedDice
            ? smoothing * *state_.smoothedDice + (1 - smoothing) * pooled
            : pooled;
  record["eval_pseudo_dice"] = pooled;
  const double smoothed = state_.smoothedDice.value_or(std::nan(""));
  record["eval_smoothed_dice"] = smoothed;
  return smoothed;
}

Status Trainer::evaluate(bool counts) {
  StatusOr<Evaluation> found = evaluator();
  // A signal during the evaluation: the loop saves and ends.
  if (!found.ok() && found.status().code() == StatusCode::Interrupted)
    return Status::success();
  SEGC_RETURN_IF_ERROR(found.status());
  const Evaluation &current = evaluation.emplace(std::move(*found));
  OrderedJson record = current.toRecord();
  bool better = false;
  if (counts) {
    const double value = measure(current, record);
    better = value > state_.bestDice;
    ++state_.evaluationsSinceBest;
    if (better) {
      state_.bestDice = value;
      state_.bestStep = state_.step;
      state_.evaluationsSinceBest = 0;
      record["time_to_train"] = state_.seconds;
    }
  }
  SEGC_RETURN_IF_ERROR(log.record(state_.step, record));
  const double dice = current.meanForegroundDice();
  char foreground[40], text[160];
  std::snprintf(foreground, sizeof(foreground),
                std::isnan(dice) ? "absent" : "%.4f", dice);
  std::snprintf(text, sizeof(text),
                "step %lld: evaluated %zu cases, hard Dice %.4f (foreground "
                "%s)%s",
                static_cast<long long>(state_.step), current.cases.size(),
                current.meanDice(), foreground,
                better ? ", the best so far" : "");
  log.endProgress();
  log.progress(text, true);
  log.endProgress();
  if (better && config.keepBest)
    SEGC_RETURN_IF_ERROR(save("best"));
  return config.saveEvery > 0 ? Status::success() : save("last");
}

Status Trainer::save(const std::string &name) {
  if (config.checkpoints.empty() ||
      (name == "last" && savedStep == state_.step))
    return Status::success();
  const RunPhases::Scope phase(config.phases, "save checkpoints");
  SEGC_RETURN_IF_ERROR(
      saveCheckpoint(config.checkpoints + "/" + name, runner, state_));
  if (name == "last") {
    savedStep = state_.step;
    savedSeconds = state_.seconds;
  }
  return Status::success();
}
