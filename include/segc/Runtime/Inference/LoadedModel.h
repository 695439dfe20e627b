//===- LoadedModel.h - A model with its memory and weights ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_LOADEDMODEL_H
#define SEGC_RUNTIME_INFERENCE_LOADEDMODEL_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <memory>

namespace segc {

/// A model with its own memory and threads.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool; ///< The runner's device refers to it.
  ModelRunner runner;
  /// The order of the axes of volumes with which the weights were trained, if
  /// it is recorded.
  std::optional<AxisFrame> frame = {};
};

/// Loads the weights of `checkpoint` into a model, or those that it carries if
/// that is empty.
Status loadWeights(LoadedModel &model, const std::string &checkpoint);

/// Returns the channels of the model's image.
int64_t inputChannels(const Manifest &manifest);
/// Returns the shape of the model's image without the batch; empty if it takes
/// none.
std::vector<int64_t> sampleShape(const Manifest &manifest);

/// Refuses a model of whole images whose classes are regions. A voxel gets the
/// class that is the most probable one, which says nothing of regions: each of
/// them is there or not. Only a plan says which labels they write.
Status checkWholeClasses(const ModelRunner &runner);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_LOADEDMODEL_H
