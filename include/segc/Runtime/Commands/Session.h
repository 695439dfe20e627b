//===- Session.h - Model, data set and runner of a command ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_SESSION_H
#define SEGC_RUNTIME_COMMANDS_SESSION_H

#include "segc/Runtime/Commands/Options.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Train/RunPhases.h"
#include "segc/Runtime/Train/Schedule.h"

#include <memory>

namespace segc {

/// A model with memory and threads of its own.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool; ///< The runner's device refers to it.
  ModelRunner runner;
  /// In which order the axes of volumes reached the network when its weights
  /// were trained, where that is recorded.
  std::optional<AxisFrame> frame = {};
};

/// Opens a .so, or compiles a .mlir first with the options that change the
/// graph. WrongUsage if the .so is not what the options ask for; the message is
/// then the segc command that makes one.
StatusOr<LoadedModel> openModel(const ModelOptions &options, bool training,
                                RunPhases *phases = nullptr);

/// The same for a model that is not to be trained, with the weights of
/// `checkpoint` (file or folder), or those that it carries if that is empty.
StatusOr<LoadedModel> openTrained(const ModelOptions &options,
                                  const std::string &checkpoint);

/// The batch of a call: as asked for, else the model's largest.
int64_t batchSizeOf(const ModelOptions &options, const Manifest &manifest);

/// An option of data that is given, though there is no data set; else empty.
std::string idleWithoutData(const DataOptions &options);

/// What the options mean for data of the model's kind, and for weights that
/// were trained in `frame`. Options that this kind cannot follow are wrong
/// usage.
StatusOr<DatasetOptions> datasetOptions(const DataOptions &options,
                                        const Manifest &manifest,
                                        std::optional<AxisFrame> frame);

StatusOr<std::unique_ptr<Dataset>>
openData(const DataOptions &options, const Manifest &manifest,
         std::optional<AxisFrame> frame = {});

/// Notes where weights of one order of axes meet a model of another, and keys
/// of the pipeline that nothing follows.
void notePipeline(const Dataset &dataset, const Manifest &manifest,
                  const DatasetOptions &options);

/// Prints what the data set noted since the last call as warnings on standard
/// error.
void printNotes(const Dataset &dataset);

StatusOr<Split> parseSplit(const std::string &name);

/// What holds where the user says nothing: the rates of the network's
/// optimizer, the lengths of the published example of its pipeline.
struct Recipe {
  double learningRate = 1e-4, momentum = 0, weightDecay = 0;
  Schedule::Kind scheduler = Schedule::Kind::None;
  double endLearningRate = 1e-5;
  int64_t firstCycleSteps = 4096;
  double initialLearningRate = 1e-4;
  int64_t warmupEpochs = 0;
  int64_t epochs = 1; ///< 0: maxSteps counts
  int64_t maxSteps = 0;
  int64_t logEvery = 10;
  bool evaluateEpochs = true;
};
Recipe recipeOf(const Manifest &manifest);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_SESSION_H
