//===- DataParallel.cpp - Training by several ranks -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/DataParallel.h"

using namespace segc;

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
    SEGC_RETURN_IF_ERROR(ranks.broadcast(buffer->hostData(), buffer->size()));
  runner.weightsChanged();
  return shareState(state);
}

Status DataParallel::averageGradients(ModelRunner &runner, int64_t step) {
  ranks.setOccasion("gradients of step " + std::to_string(step));
  const DeviceBuffer &gradients = runner.gradients();
  return ranks.mean(gradients.hostFloats(), gradients.size() / sizeof(float));
}

Status DataParallel::average(std::vector<float> &values) {
  return ranks.mean(values.data(), values.size());
}

Status DataParallel::waitForFirst(TrainState &state) {
  ranks.setOccasion("evaluation after step " + std::to_string(state.step));
  SEGC_RETURN_IF_ERROR(ranks.wait());
  return shareState(state);
}
