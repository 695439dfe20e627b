//===- Session.h - Model, data set and runner of a command ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_SESSION_H
#define SEGC_RUNTIME_COMMANDS_SESSION_H

#include "segc/Runtime/Commands/Options.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Inference/LoadedModel.h"
#include "segc/Runtime/Train/RunPhases.h"
#include "segc/Runtime/Train/RunSettings.h"

#include <memory>

namespace segc {

/// Opens a .so, or compiles a .mlir first with the options that change the
/// graph. Returns WrongUsage if the options need another .so; the message
/// contains the segc command that compiles it. Guards are those of the options.
StatusOr<LoadedModel> openModel(const ModelOptions &options,
                                RunnerOptions ofRunner,
                                RunPhases *phases = nullptr);

/// Returns the segc command that compiles what the options ask for, with `more`
/// words.
std::string compileCommand(const ModelOptions &options, segc_device device,
                           const std::vector<std::string> &more = {});

/// Opens a model for inference with the weights of `checkpoint` (file or
/// folder); if that is empty, with the weights in the model.
StatusOr<LoadedModel> openTrained(const ModelOptions &options,
                                  const std::string &checkpoint);

/// Returns the batch size of a call: the option, else the model's maximum.
int64_t batchSizeOf(const ModelOptions &options, const Manifest &manifest);

/// Returns an option of data that has no effect without a data set; empty if
/// none is given.
std::string idleWithoutData(const DataOptions &options);

/// Refuses options of folds that contradict each other or have no effect.
Status checkFoldOptions(const DataOptions &options);

/// Translates the options for the model's kind of data and for weights that
/// were trained in `frame`. Options without effect on this kind are wrong
/// usage.
StatusOr<DatasetOptions> datasetOptions(const DataOptions &options,
                                        const Manifest &manifest,
                                        std::optional<AxisFrame> frame);

/// Opens a data set whose samples the model takes, or one of cases that are
/// prepared by a plan.
StatusOr<std::unique_ptr<Dataset>> openData(const DataOptions &options,
                                            const Manifest &manifest,
                                            std::optional<AxisFrame> frame = {},
                                            bool planned = false);

/// Adds warnings if the weights and the model have different orders of axes,
/// and about keys of the pipeline without effect.
void notePipeline(const Dataset &dataset, const Manifest &manifest,
                  const DatasetOptions &options);

/// Prints the data set's warnings since the last call on standard error.
void printNotes(const Dataset &dataset);

StatusOr<Split> parseSplit(const std::string &name);

/// Default settings of a training run: the rates of the network's optimizer and
/// the lengths of the published example of its pipeline.
struct Recipe {
  double learningRate = 1e-4, momentum = 0, weightDecay = 0;
  Schedule::Kind scheduler = Schedule::Kind::None;
  double endLearningRate = 1e-5;
  int64_t firstCycleSteps = 4096;
  double initialLearningRate = 1e-4;
  int64_t warmupEpochs = 0;
  int64_t epochs = 1; ///< 0: the length is maxSteps.
  /// 0: as many as show each case once.
  int64_t stepsPerEpoch = 0;
  int64_t maxSteps = 0;
  int64_t logEvery = 10;
  bool evaluateEpochs = true;
  std::vector<int64_t> milestones = {};
  double milestoneFactor = 0.1;
  bool scheduleByEpochs = false;
  BestMeasure bestBy = BestMeasure::Dice;
  double maxSeconds = 0;
  int64_t patience = 0;
  double targetDice = 0;
  /// Which checkpoint of a fold its published table is about.
  const char *published = "last";
};
Recipe recipeOf(const Manifest &manifest);

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_SESSION_H
