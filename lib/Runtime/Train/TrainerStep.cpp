//===- TrainerStep.cpp - A step of the training loop ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Signals.h"
#include "segc/Runtime/Device/Weights.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"
#include "segc/Runtime/Train/Trainer.h"

#include <cmath>

using namespace segc;

float Trainer::result(const char *name) const {
  const auto found = results.find(name);
  return found == results.end() ? 1 : found->second[0];
}

void Trainer::addOutputs(const std::string &entry) {
  const EntrySignature *signature = runner.manifest().entry("train_step");
  std::vector<float> values;
  for (const TensorSignature &tensor : signature->outputs) {
    if (tensor.name == "finite")
      continue; // a step that was skipped shows in the loss scale
    const float *output = runner.output(entry, tensor.name).floats();
    values.insert(values.end(), output, output + tensor.elements());
  }
  if (outputSums.empty())
    outputSums = std::move(values);
  else
    for (size_t i = 0; i < values.size(); ++i)
      outputSums[i] += values[i];
}

Status Trainer::takeResults() {
  std::vector<float> values = std::move(outputSums);
  outputSums.clear();
  for (float &value : values)
    value /= static_cast<float>(config.accumulate);
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
  for (const TensorSignature &tensor :
       runner.manifest().entry("train_step")->outputs)
    if (tensor.name != "finite") {
      results[tensor.name].assign(next, next + tensor.elements());
      next += tensor.elements();
    }
  return Status::success();
}

StatusOr<Trainer::Part> Trainer::nextPart(const std::string &entry) {
  Part part = {};
  SEGC_ASSIGN_OR_RETURN(part.fed, feed.next(entry));
  segc_scalars &scalars = part.scalars;
  scalars.learning_rate =
      static_cast<float>(config.schedule.at(state_.applied));
  scalars.momentum = config.momentum;
  scalars.weight_decay = config.weightDecay;
  state_.lossScale.writeTo(scalars);
  scalars.step = state_.applied + 1;
  scalars.seed = state_.seed;
  scalars.sample_offset = part.fed.batch.firstSample;
  const std::vector<std::string> &names = part.fed.batch.names;
  caseNames.insert(caseNames.end(), names.begin(), names.end());
  return part;
}

Status Trainer::checkPart(const Part &part) {
  const float loss = runner.output("grad_step", "loss").floats()[0];
  if (state_.lossScale.maySkip() || std::isfinite(loss))
    return Status::success();
  results["loss"] = {loss};
  return explainNonFinite(part);
}

/// Names what follows for the ranks, statistics of a batch included.
void Trainer::beginPart(int64_t part) {
  if (config.ranks)
    config.ranks->beginPart({state_.step + 1, part, config.accumulate});
}

StatusOr<Trainer::Part> Trainer::runParts(segc_scalars &after) {
  caseNames.clear();
  accumulator.clear();
  for (int64_t i = 1; i < config.accumulate; ++i) {
    beginPart(i);
    SEGC_ASSIGN_OR_RETURN(const Part part, nextPart("grad_step"));
    segc_scalars scalars = part.scalars;
    SEGC_RETURN_IF_ERROR(
        feed.call("grad_step", part.fed, scalars, /*goesOn=*/true));
    addOutputs("grad_step");
    SEGC_RETURN_IF_ERROR(checkPart(part));
    SEGC_RETURN_IF_ERROR(accumulator.add());
  }
  const bool halves = config.accumulate > 1 && !config.ranks;
  SEGC_ASSIGN_OR_RETURN(Part last,
                        nextPart(halves ? "grad_step" : "train_step"));
  after = last.scalars;
  SEGC_RETURN_IF_ERROR(runLastPart(last, after));
  addOutputs(halves ? "grad_step" : "train_step");
  if (!config.dumpGradients.empty())
    SEGC_RETURN_IF_ERROR(writeGradients(runner, config.dumpGradients));
  config.dumpGradients.clear();
  return last;
}

Status Trainer::runLastPart(const Part &part, segc_scalars &after) {
  const bool goesOn = state_.step + 1 < config.schedule.totalSteps;
  beginPart(config.accumulate);
  if (config.accumulate == 1)
    return feed.call("train_step", part.fed, after, goesOn);
  if (config.ranks) {
    runner.setCollectives(&accumulator);
    const Status status = feed.call("train_step", part.fed, after, goesOn);
    runner.setCollectives(&config.ranks->ofPrograms());
    return status;
  }
  // The two halves of train_step, and what passes between them.
  SEGC_RETURN_IF_ERROR(feed.call("grad_step", part.fed, after, goesOn));
  SEGC_RETURN_IF_ERROR(accumulator.finish());
  return runner.call("apply_step", {}, part.fed.batch.size, after);
}

Status Trainer::step() {
  // A step that may be skipped must not leave running statistics that are no
  // numbers behind, nor one that another rank ends any of its own.
  if (state_.lossScale.maySkip() || config.ranks)
    SEGC_RETURN_IF_ERROR(keepStates());
  segc_scalars after = {};
  const StatusOr<Part> ran = runParts(after);
  if (!ran.ok() && config.ranks)
    SEGC_RETURN_IF_ERROR(restoreStates());
  SEGC_RETURN_IF_ERROR(ran.status());
  const TrainBatch &batch = ran->fed.batch;
  SEGC_RETURN_IF_ERROR(takeResults());

  OutputView finite = runner.output(
      config.accumulate > 1 && !config.ranks ? "apply_step" : "train_step",
      "finite");
  bool applied = !finite.data || finite.floats()[0] != 0;
  // Scaled gradients may overflow: that step was skipped, the next ones may use
  // a smaller scale. Without a scale to blame, training has gone wrong.
  bool skipped = !applied && state_.lossScale.maySkip();
  if (!skipped && !(applied && std::isfinite(result("loss"))))
    return explainNonFinite(*ran);
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
    return logStep(ran->scalars);
  showProgress(ran->scalars, false);
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
