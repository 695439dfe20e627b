//===- TrainerMessages.cpp - What the training loop says ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/FiniteOutputs.h"
#include "segc/Runtime/Train/Trainer.h"

#include <cmath>

using namespace segc;

static constexpr std::chrono::milliseconds showInterval{200};

int64_t Trainer::stepSamples() const {
  return state_.batchSize * config.accumulate *
         (config.ranks ? config.ranks->size() : 1);
}

Status Trainer::logStep(const segc_scalars &scalars) {
  OrderedJson data;
  const EntrySignature *signature = runner.manifest().entry("train_step");
  for (const TensorSignature &tensor : signature->outputs) {
    const auto found = results.find(tensor.name);
    if (found == results.end())
      continue;
    const std::vector<float> &values = found->second;
    std::string name =
        "train_" + (tensor.name == "loss" ? "total_loss" : tensor.name);
    if (values.size() == 1) {
      data[name] = recordedFloat(values[0]);
      continue;
    }
    OrderedJson &list = data[name] = OrderedJson::array();
    for (float value : values)
      list.push_back(recordedFloat(value));
  }
  data["learning_rate"] = recordedFloat(scalars.learning_rate);
  // Of the steps before this one, whose time is not known yet: evaluations and
  // checkpoints do not count.
  if (timedSteps > recordedSteps) {
    data["samples_per_second"] =
        static_cast<double>((timedSteps - recordedSteps) * stepSamples()) /
        (stepSeconds - recordedSeconds);
    recordedSteps = timedSteps;
    recordedSeconds = stepSeconds;
  }
  if (const std::optional<LoaderTimes> now = batches.times()) {
    data["loader_waited"] = now->waited - loaderTimes.waited;
    data["loader_worked"] = now->worked - loaderTimes.worked;
    loaderTimes = *now;
  }
  if (config.ranks) {
    const CollectiveTimes now = config.ranks->times();
    data["communication_waited"] = now.waited - collectiveTimes.waited;
    data["communication_worked"] = now.worked - collectiveTimes.worked;
    collectiveTimes = now;
  }
  if (state_.lossScale.dynamic)
    data["loss_scale"] = state_.lossScale.scale;
  showProgress(scalars, true);
  return log.record(state_.step, data);
}

Status Trainer::logCommunication() {
  const CollectiveTimes times = config.ranks->times();
  char text[160];
  std::snprintf(text, sizeof(text),
                "rank %lld waited for others %.2f %% of the time of its steps, "
                "and moved data %.2f %% of it beside them",
                static_cast<long long>(config.ranks->rank()),
                100 * times.waited / stepSeconds,
                100 * times.worked / stepSeconds);
  log.progress(text, true);
  log.endProgress();
  return log.metadata("communication", {{"unit", "s"},
                                        {"steps", stepSeconds},
                                        {"waited", times.waited},
                                        {"worked", times.worked}});
}

void Trainer::showProgress(const segc_scalars &scalars, bool important) {
  Clock::time_point now = Clock::now();
  if (!important && now - lastShown < showInterval)
    return;
  lastShown = now;
  double seconds = std::chrono::duration<double>(now - started).count();
  int64_t done = state_.step - firstStep;
  double perStep = seconds / static_cast<double>(std::max<int64_t>(1, done));
  int64_t total = config.schedule.totalSteps;
  char text[200];
  std::snprintf(
      text, sizeof(text),
      "step %lld/%lld  epoch %lld  loss %.5f  lr %.3g  %.2f "
      "samples/s  ETA %s",
      static_cast<long long>(state_.step), static_cast<long long>(total),
      static_cast<long long>(state_.epoch), static_cast<double>(result("loss")),
      static_cast<double>(scalars.learning_rate),
      static_cast<double>(stepSamples()) / perStep,
      durationText(perStep * static_cast<double>(total - state_.step)).c_str());
  log.progress(text, important);
}

/// Optimizers with squares of gradients refuse those whose square is beyond
/// f32: names the first. Empty if there is none.
static StatusOr<std::string> squareOverflow(const ModelRunner &runner) {
  SEGC_ASSIGN_OR_RETURN(HostView view, runner.read(runner.gradients()));
  const float *gradients = view.floats();
  for (const RegionTensor &parameter : runner.manifest().parameters)
    for (int64_t i = 0; i < parameter.elements; ++i) {
      const float value = gradients[parameter.offset / 4 + i];
      if (std::isfinite(value) && !std::isfinite(value * value)) {
        char number[40];
        std::snprintf(number, sizeof(number), "%g", static_cast<double>(value));
        return "the gradient of " + parameter.name + " is " + number +
               " at element " + std::to_string(i) +
               ", whose square is beyond f32";
      }
    }
  return std::string();
}

Status Trainer::explainNonFinite(const Part &part) {
  log.endProgress();
  std::string names;
  for (const std::string &name : caseNames)
    names += (names.empty() ? "" : ", ") + name;
  float loss = result("loss");
  std::string text =
      (config.ranks ? "rank " + std::to_string(config.ranks->rank()) + " of " +
                          std::to_string(config.ranks->size()) + ", "
                    : "") +
      "step " + std::to_string(state_.step + 1) + ": the loss is " +
      (std::isnan(loss) ? "nan" : std::to_string(loss)) +
      (std::isfinite(loss) ? ", but a gradient is not finite" : "") +
      "; batch: " + names;
  if (int64_t skipped = state_.lossScale.skippedSteps)
    text += "; " + std::to_string(skipped) + " steps before were skipped";
  SEGC_ASSIGN_OR_RETURN(const std::string overflow, squareOverflow(runner));
  // The step left the weights alone, so that it can be watched once more; each
  // rank stops at a kernel of its own.
  runner.setCollectives(nullptr);
  text +=
      "; " +
      (overflow.empty()
           ? firstNonFiniteKernel(runner, {"train_step", part.fed.inputs,
                                           part.fed.batch.size, part.scalars})
           : overflow);
  return Status(StatusCode::NonFinite,
                text + "; expected finite numbers: lower --learning-rate, or "
                       "look at these cases");
}
