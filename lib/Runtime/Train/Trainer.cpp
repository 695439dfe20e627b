//===- Trainer.cpp - The training loop ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Trainer.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"
#include "segc/Runtime/Train/Weights.h"

#include <cmath>

using namespace segc;

/// Without --save-every, a crash costs at most this much work.
static constexpr std::chrono::minutes saveInterval{10};

/// The share of what was before in nnU-Net v2's moving mean.
static constexpr double smoothing = 0.9;

std::string segc::earlyEnd(const TrainerConfig &config,
                           const TrainState &state) {
  if (config.maxSeconds > 0 && state.seconds >= config.maxSeconds)
    return "--max-time";
  if (config.patience > 0 && state.evaluationsSinceBest >= config.patience)
    return "--patience";
  return "";
}

Status Trainer::run() {
  started = lastSave = lastShown = Clock::now();
  firstStep = state_.step;
  secondsBefore = state_.seconds;
  savedStep = firstStep > 0 ? firstStep : -1;
  while (!atEnd()) {
    const Clock::time_point begin = Clock::now();
    Status status = step();
    stepSeconds += std::chrono::duration<double>(Clock::now() - begin).count();
    if (status.ok())
      status = afterStep();
    if (!status.ok())
      return saveAfter(status);
    if (isAskedToStop()) {
      log.endProgress();
      SEGC_RETURN_IF_ERROR(save("last"));
      const int signal = stopSignal();
      return Status(StatusCode::Interrupted,
                    (signal ? "signal " + std::to_string(signal)
                            : std::string("a signal to another rank")) +
                        " after step " + std::to_string(state_.step) +
                        "; go on with --resume");
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
  return save("last");
}

Status Trainer::saveAfter(const Status &failure) {
  log.endProgress();
  // After these two the weights may be no good.
  bool broken = failure.code() == StatusCode::NonFinite ||
                failure.code() == StatusCode::Internal;
  if (broken || config.checkpoints.empty() || state_.step == firstStep ||
      !save("last").ok())
    return failure;
  return Status(failure.code(), failure.message() + "; step " +
                                    std::to_string(state_.step) +
                                    " is saved: go on with --resume");
}

float Trainer::result(const char *name) const {
  const auto found = results.find(name);
  return found == results.end() ? 1 : found->second[0];
}

Status Trainer::takeResults() {
  std::vector<float> values;
  const EntrySignature *signature = runner.manifest().entry("train_step");
  for (const TensorSignature &tensor : signature->outputs) {
    if (tensor.name == "finite")
      continue; // a step that was skipped shows in the loss scale
    const float *output = runner.output("train_step", tensor.name).floats();
    values.insert(values.end(), output, output + tensor.elements());
  }
  if (config.ranks) {
    values.push_back(stopSignal() ? 1.0f : 0.0f);
    // The time of one rank decides: of the others it has no part in the sum.
    values.push_back(config.ranks->isFirst() ? static_cast<float>(seconds())
                                             : 0.0f);
    SEGC_RETURN_IF_ERROR(config.ranks->average(values));
    state_.seconds = static_cast<double>(values.back()) *
                     static_cast<double>(config.ranks->size());
    stops = values[values.size() - 2] > 0;
  } else {
    state_.seconds = seconds();
  }
  const float *next = values.data();
  for (const TensorSignature &tensor : signature->outputs)
    if (tensor.name != "finite") {
      results[tensor.name].assign(next, next + tensor.elements());
      next += tensor.elements();
    }
  return Status::success();
}

bool Trainer::isAskedToStop() const {
  return config.ranks ? stops : stopSignal() != 0;
}

double Trainer::seconds() const {
  return secondsBefore +
         std::chrono::duration<double>(Clock::now() - started).count();
}

Status Trainer::runEntries(const BatchFeed::Fed &fed, segc_scalars &scalars) {
  const bool goesOn = state_.step + 1 < config.schedule.totalSteps;
  if (config.ranks)
    config.ranks->beginStep(state_.step + 1);
  SEGC_RETURN_IF_ERROR(feed.call("train_step", fed, scalars, goesOn));
  if (!config.dumpGradients.empty())
    SEGC_RETURN_IF_ERROR(writeGradients(runner, config.dumpGradients));
  config.dumpGradients.clear();
  return Status::success();
}

Status Trainer::step() {
  SEGC_ASSIGN_OR_RETURN(const BatchFeed::Fed fed, feed.next("train_step"));
  const TrainBatch &batch = fed.batch;
  segc_scalars scalars = {};
  scalars.learning_rate =
      static_cast<float>(config.schedule.at(state_.applied));
  scalars.momentum = config.momentum;
  scalars.weight_decay = config.weightDecay;
  state_.lossScale.writeTo(scalars);
  scalars.step = state_.applied + 1;
  scalars.seed = state_.seed;
  scalars.sample_offset = batch.firstSample;
  // A step that may be skipped must not leave running statistics that are no
  // numbers behind, nor one that another rank ends any of its own.
  if (state_.lossScale.maySkip() || config.ranks)
    SEGC_RETURN_IF_ERROR(keepStates());
  segc_scalars after = scalars;
  const Status ran = runEntries(fed, after);
  if (!ran.ok() && config.ranks)
    SEGC_RETURN_IF_ERROR(restoreStates());
  SEGC_RETURN_IF_ERROR(ran);
  SEGC_RETURN_IF_ERROR(takeResults());

  OutputView finite = runner.output("train_step", "finite");
  bool applied = !finite.data || finite.floats()[0] != 0;
  // Scaled gradients may overflow: that step was skipped, the next ones may use
  // a smaller scale. Without a scale to blame, training has gone wrong.
  bool skipped = !applied && state_.lossScale.maySkip();
  if (!skipped && !(applied && std::isfinite(result("loss"))))
    return explainNonFinite(fed, scalars);
  if (skipped)
    SEGC_RETURN_IF_ERROR(restoreFiniteStates());
  state_.lossScale.readFrom(after);
  state_.step += 1;
  state_.applied = after.step - 1;
  // Behind the samples of this rank are those of the next ones.
  const int64_t followers =
      config.ranks ? config.ranks->size() - config.ranks->rank() : 1;
  state_.position = batch.firstSample + followers * batch.size;
  state_.epoch = state_.step / config.stepsPerEpoch;
  if (state_.step % config.logEvery == 0 || atEnd())
    return logStep(scalars);
  showProgress(scalars, false);
  return Status::success();
}

Status Trainer::keepStates() {
  SEGC_ASSIGN_OR_RETURN(HostView states, runner.read(runner.states()));
  statesBefore.assign(states.floats(), states.floats() + states.floatCount());
  return Status::success();
}

Status Trainer::restoreStates() {
  return runner.write(runner.states(), 0, statesBefore.data(),
                      statesBefore.size() * sizeof(float));
}

Status Trainer::restoreFiniteStates() {
  SEGC_ASSIGN_OR_RETURN(HostView states, runner.read(runner.states()));
  const bool areFinite = firstNonFinite(states.floats(), states.floatCount()) ==
                         states.floatCount();
  return areFinite ? Status::success() : restoreStates();
}

Status Trainer::afterStep() {
  bool epochEnds = state_.step % config.stepsPerEpoch == 0;
  bool due = config.evaluateEvery > 0 ? state_.step % config.evaluateEvery == 0
                                      : config.evaluateEpochs && epochEnds &&
                                            state_.epoch > config.skipEpochs;
  // A run that goes on after --max-time is the run without that end: what is
  // evaluated there only is not part of it.
  const bool counts = due || state_.step >= config.schedule.totalSteps;
  if ((evaluator || config.firstEvaluates) && (counts || atEnd()) &&
      !isAskedToStop()) {
    if (evaluator)
      SEGC_RETURN_IF_ERROR(evaluate(counts));
    if (config.ranks) {
      SEGC_RETURN_IF_ERROR(config.ranks->waitForFirst(state_));
      std::vector<float> asked = {stopSignal() ? 1.0f : 0.0f};
      SEGC_RETURN_IF_ERROR(config.ranks->average(asked));
      stops = asked[0] > 0;
    }
  }
  bool save = config.saveEvery > 0 ? state_.step % config.saveEvery == 0
                                   : Clock::now() - lastSave > saveInterval;
  return save ? this->save("last") : Status::success();
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
    lastSave = Clock::now();
  }
  return Status::success();
}
