//===- TrainStart.cpp - What a training starts from -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentPlace.h"
#include "TrainSetup.h"
#include "segc/Runtime/Device/Weights.h"

#include <cstdio>

using namespace segc;

/// Resuming goes on with the checkpoint's scale: it must be of the kind asked
/// for.
static Status checkLossScale(const TrainOptions &options,
                             const LossScale &scale, const std::string &where) {
  if (!options.lossScale)
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(LossScale wanted, parseLossScale(*options.lossScale));
  if (scale.dynamic ? wanted.dynamic
                    : !wanted.dynamic && wanted.scale == scale.scale)
    return Status::success();
  char number[40];
  std::snprintf(number, sizeof(number), "%g", scale.scale);
  return otherRun(where,
                  std::string("--loss-scale ") +
                      (scale.dynamic ? "dynamic" : number),
                  *options.lossScale);
}

/// The checkpoint to go on from, if there is one.
static std::string checkpointOf(const TrainOptions &options) {
  return options.resume ? findCheckpoint(options.results + "/checkpoints/last")
                        : "";
}

int64_t segc::accumulateOf(const TrainOptions &options,
                           const TrainState &state) {
  return options.accumulate.value_or(state.settings ? state.settings->accumulate
                                                    : 1);
}

StatusOr<int64_t> segc::accumulateOf(const TrainOptions &options) {
  TrainState state;
  if (const std::string last = checkpointOf(options);
      !last.empty() && !options.accumulate) {
    SEGC_ASSIGN_OR_RETURN(state, readTrainState(last));
  }
  return accumulateOf(options, state);
}

/// In which order the axes of volumes reach the network: as until now, else as
/// asked for, else as the model says. Empty where there are no volumes.
static StatusOr<std::string> orientationOf(const Run &run) {
  if (run.cached.cache)
    return std::string(frameName(run.cached.cache->plan().frame));
  const std::optional<std::string> &asked = run.options.data.orientation;
  SEGC_ASSIGN_OR_RETURN(std::optional<AxisFrame> frame,
                        run.runner.manifest().pipeline.frame());
  if (!frame)
    return std::string();
  const std::string last = checkpointOf(run.options);
  if (last.empty())
    return asked.value_or(frameName(*frame));
  SEGC_ASSIGN_OR_RETURN(TrainState state, readTrainState(last));
  const std::string before = state.orientation.empty()
                                 ? frameName(AxisFrame::File)
                                 : state.orientation;
  if (asked && *asked != before)
    return otherRun(last, "--orientation " + before, *asked);
  return before;
}

Status segc::prepareState(Run &run) {
  const TrainOptions &options = run.options;
  TrainState &state = run.state;
  SEGC_ASSIGN_OR_RETURN(std::string orientation, orientationOf(run));
  const std::string last = checkpointOf(options);
  if (!last.empty()) {
    SEGC_ASSIGN_OR_RETURN(state, loadCheckpoint(last, run.runner));
    if (state.seed != options.data.seed)
      return otherRun(last, "--seed " + std::to_string(state.seed),
                      std::to_string(options.data.seed));
    int64_t batch = batchSizeOf(options.model, run.runner.manifest());
    if (state.batchSize != batch)
      return otherRun(last, "--batch-size " + std::to_string(state.batchSize),
                      std::to_string(batch));
    state.orientation = orientation;
    return checkLossScale(options, state.lossScale, last);
  }
  state.orientation = orientation;
  state.network = run.runner.manifest().network;
  state.seed = options.data.seed;
  state.batchSize = batchSizeOf(options.model, run.runner.manifest());
  if (options.lossScale) {
    SEGC_ASSIGN_OR_RETURN(state.lossScale, parseLossScale(*options.lossScale));
  } else if (run.runner.manifest().precision == "f16") {
    state.lossScale = LossScale::start();
  }
  SEGC_RETURN_IF_ERROR(
      run.runner.initialize(static_cast<uint64_t>(state.seed)));
  if (options.init.empty())
    return Status::success();
  std::string initial;
  SEGC_RETURN_IF_ERROR(
      readWeights(run.runner, options.init, MissingStates::Allow, &initial));
  if (!initial.empty() && !orientation.empty() && initial != orientation)
    std::fprintf(stderr,
                 "segrun: warning: %s: trained on volumes in the order \"%s\", "
                 "this run takes them in the order \"%s\"\n",
                 options.init.c_str(), initial.c_str(), orientation.c_str());
  return Status::success();
}

Status segc::openCases(Run &run) {
  const TrainOptions &options = run.options;
  if (options.data.data.empty())
    return Status::success();
  if (holdsCache(options.data.data)) {
    if (!options.predict.empty())
      return wrongUsage("--predict " + options.predict +
                        ": a cache has no test cases; leave it out, and run "
                        "`segrun predict` on images");
    SEGC_ASSIGN_OR_RETURN(run.cached,
                          openCacheCases(options.data, run.runner.manifest()));
    return Status::success();
  }
  const char *ofPatches = options.augmentation      ? "--augmentation"
                          : options.oversampling    ? "--oversampling"
                          : options.volumesPerBatch ? "--volumes-per-batch"
                                                    : nullptr;
  if (ofPatches)
    return wrongUsage(std::string(ofPatches) +
                      " has no effect but on a cache of `segrun preprocess`: "
                      "leave it out");
  SEGC_RETURN_IF_ERROR(augmentPlaceOf(run).status());
  SEGC_ASSIGN_OR_RETURN(std::string orientation, orientationOf(run));
  std::optional<AxisFrame> frame;
  if (!orientation.empty()) {
    SEGC_ASSIGN_OR_RETURN(frame, parseFrame(orientation));
  }
  SEGC_ASSIGN_OR_RETURN(run.dataset,
                        openData(options.data, run.runner.manifest(), frame));
  if (!options.predict.empty() && run.dataset->count(Split::Test) == 0)
    return invalidArgument(options.data.data +
                           ": --predict: there are no test cases; leave it "
                           "out");
  return Status::success();
}

/// A split that holds all cases out.
static Status noTrainingCases(const Run &run) {
  const DataOptions &data = run.options.data;
  const int64_t held = run.dataset->count(Split::Validation);
  if (held == 0)
    return invalidArgument(data.data + ": no labelled cases to train on");
  return invalidArgument(
      data.data + ": " +
      (held == 1 ? "one labelled case cannot both train and validate"
                 : "all " + std::to_string(held) + " labelled cases validate") +
      ", so none trains; leave --" + (data.fold ? "fold" : "train-split") +
      " out to train on all, without validation");
}

Status segc::loadCases(Run &run) {
  if (run.cached.cache)
    return run.cached.preparePatches(patchAugmentation(run), run.stepSamples(),
                                     patchPlacement(run));
  if (!run.dataset)
    return Status::success();
  if (run.heldOut() > 0)
    SEGC_RETURN_IF_ERROR(checkWholeClasses(run.runner));
  Status training = run.dataset->load(Split::Train);
  Status validation = run.dataset->load(Split::Validation);
  if (training.ok() && run.dataset->count(Split::Train) > 0)
    training = noteUntrainedClasses(*run.dataset);
  printNotes(*run.dataset);
  if (!training.ok() && !validation.ok())
    return Status(training.code(),
                  training.message() + "\n  " + validation.message());
  SEGC_RETURN_IF_ERROR(training);
  SEGC_RETURN_IF_ERROR(validation);
  if (run.dataset->count(Split::Train) == 0)
    return noTrainingCases(run);
  return checkHeldOut(*run.dataset);
}

Status segc::openSource(Run &run) {
  const TrainOptions &options = run.options;
  if (!options.batches.empty()) {
    SEGC_ASSIGN_OR_RETURN(
        run.source,
        makeFixedSource(options.batches, run.runner.manifest(),
                        run.state.step * run.accumulate(), run.part()));
    return Status::success();
  }
  LoaderOptions loader;
  loader.batch = run.state.batchSize;
  loader.seed = static_cast<uint64_t>(options.data.seed);
  loader.augment = augments(run);
  loader.threads = options.loaderThreads.value_or(1);
  loader.firstStep = static_cast<uint64_t>(run.state.step);
  // Where the run stopped, with as many ranks as it had.
  loader.firstSample = static_cast<uint64_t>(run.state.position);
  loader.worldSize = run.part().size;
  loader.rank = run.part().rank;
  if (run.cached.cache) {
    followRules(run.cached.patches, loader);
    loader.batch = run.state.batchSize; // Those of the rules make a step.
    if (run.augmentOn == "device") {
      SEGC_RETURN_IF_ERROR(run.cached.prepareCrops(run.runner.manifest()));
      SEGC_RETURN_IF_ERROR(feedTraining(run.runner));
    }
    SEGC_ASSIGN_OR_RETURN(run.source, run.cached.makeSource(loader));
    return Status::success();
  }
  SEGC_ASSIGN_OR_RETURN(run.source, makeLoaderSource(*run.dataset, loader));
  return Status::success();
}
