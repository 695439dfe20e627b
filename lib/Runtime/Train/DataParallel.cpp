//===- DataParallel.cpp - Training by several ranks -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/DataParallel.h"

using namespace segc;

Status DataParallel::share(ModelRunner &runner, const DeviceBuffer &buffer) {
  SEGC_ASSIGN_OR_RETURN(HostView view, runner.read(buffer));
  staging.assign(view.floats(), view.floats() + view.floatCount());
  SEGC_RETURN_IF_ERROR(
      ranks.broadcast(staging.data(), staging.size() * sizeof(float)));
  return isFirst() ? Status::success()
                   : runner.write(buffer, 0, staging.data(), view.size());
}

Status DataParallel::shareState(TrainState &state) {
  SEGC_ASSIGN_OR_RETURN(const std::string text,
                        ranks.broadcast(state.toJson()));
  if (isFirst())
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(state, TrainState::fromJson(text, "rank 0"));
  return Status::success();
}

Status DataParallel::begin(ModelRunner &runner, const std::string &modelHash,
                           TrainState &state) {
  SEGC_RETURN_IF_ERROR(ranks.checkSame("--model: the SHA-256", modelHash));
  ranks.setOccasion("weights of rank 0");
  for (const DeviceBuffer *buffer :
       {&runner.parameters(), &runner.states(), &runner.optimizer()})
    SEGC_RETURN_IF_ERROR(share(runner, *buffer));
  runner.weightsChanged();
  return shareState(state);
}

Status DataParallel::averageGradients(ModelRunner &runner, int64_t step) {
  ranks.setOccasion("gradients of step " + std::to_string(step));
  SEGC_ASSIGN_OR_RETURN(HostView view, runner.read(runner.gradients()));
  staging.assign(view.floats(), view.floats() + view.floatCount());
  SEGC_RETURN_IF_ERROR(ranks.mean(staging.data(), staging.size()));
  return runner.write(runner.gradients(), 0, staging.data(), view.size());
}

Status DataParallel::average(std::vector<float> &values) {
  return ranks.mean(values.data(), values.size());
}

Status DataParallel::waitForFirst(TrainState &state) {
  ranks.setOccasion("evaluation after step " + std::to_string(state.step));
  SEGC_RETURN_IF_ERROR(ranks.wait());
  return shareState(state);
}
