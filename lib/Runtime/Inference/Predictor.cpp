//===- Predictor.cpp - Calls of the entry predict -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Predictor.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Inference/EntryInputs.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"

using namespace segc;

segc_scalars segc::inferenceScalars() {
  segc_scalars scalars = {};
  scalars.loss_scale = 1;
  return scalars;
}

Predictor::Predictor(ModelRunner &runner,
                     const std::vector<int64_t> &labelShape)
    : runner(runner),
      elements(elementCount(labelShape) * runner.manifest().classes) {}

Predictor::Predictor(ModelRunner &runner,
                     const std::vector<int64_t> &labelShape, int64_t channels)
    : runner(runner), name("features"),
      elements(elementCount(labelShape) * channels) {}

Status Predictor::predict(const float *images, int64_t samples) {
  const EntrySignature *entry = runner.manifest().entry("predict");
  if (!entry)
    return unsupported(runner.library().path() +
                       ": compiled without the entry predict");
  SEGC_ASSIGN_OR_RETURN(inputs, inputsOf(*entry, {{"image", images}}));
  count = samples;
  segc_scalars scalars = inferenceScalars();
  SEGC_RETURN_IF_ERROR(runner.call("predict", inputs, count, scalars));
  OutputView output = runner.output("predict", name);
  if (!output.data ||
      output.signature->elements() != elements * runner.manifest().batch)
    return unsupported(runner.library().path() + ": predict gives no \"" +
                       name + "\" of " + std::to_string(elements) +
                       " values a sample, as the labels have");
  return Status::success();
}

const float *Predictor::probabilities(int64_t sample) const {
  return runner.output("predict", name).floats() + sample * elements;
}

bool Predictor::isFinite(int64_t sample) const {
  const auto size = static_cast<uint64_t>(elements);
  return firstNonFinite(probabilities(sample), size) == size;
}

Status Predictor::checkFinite(const std::string &cases) const {
  return checkFiniteOutputs(
      runner, {"predict", inputs, count, inferenceScalars()}, cases);
}

std::string Predictor::firstNonFiniteKernel() const {
  // Running again writes the same values.
  return segc::firstNonFiniteKernel(
      runner, {"predict", inputs, count, inferenceScalars()});
}
