//===- LoadedModel.cpp - A model with its memory and weights --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/LoadedModel.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Device/Weights.h"

using namespace segc;

Status segc::loadWeights(LoadedModel &model, const std::string &checkpoint) {
  ModelRunner &runner = model.runner;
  if (checkpoint.empty()) {
    SEGC_RETURN_IF_ERROR(runner.loadEmbeddedWeights());
    return checkFiniteWeights(runner, runner.library().path());
  }
  SEGC_ASSIGN_OR_RETURN(std::string file, findWeights(checkpoint));
  std::string orientation;
  SEGC_RETURN_IF_ERROR(
      readWeights(runner, file, MissingStates::Refuse, &orientation));
  if (orientation.empty()) // of slices
    return Status::success();
  StatusOr<AxisFrame> frame = parseFrame(orientation);
  if (!frame.ok())
    return frame.status().withContext(file);
  model.frame = *frame;
  return Status::success();
}

std::vector<int64_t> segc::sampleShape(const Manifest &manifest) {
  const EntrySignature *entry = manifest.entry("predict");
  if (!entry)
    entry = manifest.entry("train_step");
  const int image = entry ? entry->findInput("image") : -1;
  if (image < 0)
    return {};
  const std::vector<int64_t> &shape = entry->inputs[image].shape;
  return shape.empty() ? shape
                       : std::vector<int64_t>(shape.begin() + 1, shape.end());
}

int64_t segc::inputChannels(const Manifest &manifest) {
  const std::vector<int64_t> shape = sampleShape(manifest);
  return shape.empty() ? 1 : shape.back();
}

Status segc::checkWholeClasses(const ModelRunner &runner) {
  const Manifest &manifest = runner.manifest();
  if (!manifest.sigmoid)
    return Status::success();
  return unsupported(
      runner.library().path() + ": gives " + std::to_string(manifest.classes) +
      " regions, which may overlap (activation sigmoid), of whole images, "
      "expected classes, of which each voxel has one (softmax): nothing says "
      "which label a region writes; build the network by a plan with regions "
      "(segc model nnunet --plan), or with softmax over a background and "
      "classes");
}
