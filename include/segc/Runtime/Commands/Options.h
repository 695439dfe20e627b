//===- Options.h - Options of the commands of segrun ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each command has one struct, which the command line fills. An option that is
// not set has the value of the published example of the model's pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_COMMANDS_OPTIONS_H
#define SEGC_RUNTIME_COMMANDS_OPTIONS_H

#include "segc/Runtime/Inference/WindowSettings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Options of the model and its execution, for all commands.
struct ModelOptions {
  std::string model;
  std::string device = "cpu"; ///< makeDevice
  int64_t threads = 0;        ///< 0: all cores
  std::optional<int64_t> batchSize;
  bool amp = false;
  bool checkMemory = false;
  bool noDependentLaunches = false; ///< Device::allowDependentLaunches
};

/// Options of the data set and its split.
struct DataOptions {
  std::string data;
  std::optional<int64_t> fold;
  /// Of the cross-validation; default: those of the cache, else defaultFolds.
  std::optional<int64_t> foldCount;
  std::optional<double> trainSplit;
  int64_t seed = 0;
  bool legacyResize = false;
  bool greyMasks = false;
  int64_t maxImageBytes = int64_t{1} << 30; ///< Of one decompressed file.
  std::optional<std::string> orientation;   ///< Overrides the recorded one.
  std::optional<int64_t> channel;
  std::string labelMap;
};

/// Evaluation of the cases of a cache on the grids of their files.
struct OriginalGridOptions {
  WindowSettings windows;
  /// The folder of the data set, if it is not where the cache says.
  std::string dataset;
  bool saveMasks = false;
  std::string given; ///< One of these options that was given.
};

struct BenchmarkOptions {
  ModelOptions model;
  DataOptions data; ///< Synthetic data if no folder is given.
  std::string mode = "predict";
  int64_t warmupSteps = 10, steps = 50;
  std::string json;
  /// Augments the patches of a cache: "host" or "device".
  std::optional<std::string> augmentOn;
  std::string profile, trace; ///< Files with the time of each kernel.
  std::string dumpOutputs;    ///< File for the last step's outputs.
};

struct TrainOptions {
  ModelOptions model;
  DataOptions data;
  std::string results = "results";
  std::string batches, init, dumpGradients;
  /// Folder for the masks of the test cases, which follow the training; empty:
  /// they are not predicted.
  std::string predict;
  std::optional<int64_t> epochs, maxSteps, stepsPerEpoch;
  std::optional<bool> augment; ///< Default: that of the resumed run.
  /// Of patches: "none", or see chooseAugmentation().
  std::optional<std::string> augmentation;
  /// Of patches: the share that must show foreground (0 to 1), and how many
  /// volumes the planes of a batch are from. Default: as the rules have it.
  std::optional<double> oversampling;
  std::optional<int64_t> volumesPerBatch;
  std::optional<std::string> augmentOn; ///< "host" or "device".
  std::optional<int64_t> loaderThreads; ///< 1 if absent.
  bool resume = false;
  bool tensorboard = false; ///< A resumed run goes on with what it had.
  std::optional<double> learningRate, momentum, weightDecay;
  std::optional<std::string> lossScale;
  std::optional<std::string> scheduler;
  std::optional<double> endLearningRate, initialLearningRate;
  std::optional<int64_t> firstCycleSteps, lrWarmupEpochs;
  std::vector<int64_t> milestones;
  std::optional<double> milestoneFactor;
  std::optional<std::string> scheduleBy; ///< "step" or "epoch"
  std::optional<double> maxSeconds;
  std::optional<int64_t> patience;
  std::optional<double> targetDice; ///< 0 to 1; 0: none.
  std::optional<std::string> bestBy;
  std::optional<int64_t> logEvery, evaluateEvery;
  int64_t saveEvery = 0, skipEval = 0;
  std::string checkpointStrategy = "last_and_best";
  /// Measures instead of training: no evaluation, no checkpoints.
  bool benchmark = false;
  std::optional<int64_t> warmupSteps;
  std::string json;
  std::string commandLine; ///< As typed, for the report.
  /// Whether ranks of a machine access each other's gradients where they lie.
  std::optional<std::string> sharedMemory; ///< "on" or "off"
  std::optional<int64_t> accumulate; ///< Default: that of the resumed run.
  /// Processes to start on this machine; a launcher starts them otherwise.
  std::optional<int64_t> ranks;
  std::optional<int64_t> maxRestarts; ///< Of these processes; 0 if absent.
  std::string messages; ///< Plugin that connects them; empty: this build's.
  std::string nccl;     ///< Connects their GPUs; empty: the system's.
  std::optional<double> timeout; ///< Seconds of a collective; 600 if absent.
};

/// Trainings on the folds of a data set, one after another.
struct CrossValidateOptions {
  /// Of each training; `results` is the folder of all. Fold and seed are set
  /// for each.
  TrainOptions train;
  std::optional<int64_t> folds; ///< The first ones; default: all.
  std::vector<int64_t> seeds = {0};
  /// Which weights are evaluated, "last" or "best"; by default those that the
  /// published example of the pipeline evaluates.
  std::optional<std::string> checkpoint;
  OriginalGridOptions onGrid;
  std::optional<int64_t> ranks; ///< See TrainOptions; each trains alone.
};

struct EvaluateOptions {
  ModelOptions model;
  DataOptions data;
  std::string checkpoint, results;
  std::string split = "validation";
  /// Folders of label files that are compared, instead of a model's output.
  std::string predictions, labels;
  double surfaceTolerance = 1; ///< Millimetres.
  bool surfaceToleranceGiven = false;
  std::string idleWithFolders; ///< An option without effect on folders.
  std::string commandLine;     ///< For the report.
  OriginalGridOptions onGrid;
  std::optional<int64_t> ranks; ///< See TrainOptions.
};

/// Options of models that predict in windows.
struct WindowPredictOptions : WindowSettings {
  std::string plan, configuration;
  std::vector<std::string> ensemble; ///< Checkpoints.
  std::optional<int64_t> maxMemory;  ///< Bytes.
  /// Where to predict: a folder of masks, or a model that predicts them with
  /// a checkpoint and a plan of its own.
  std::string roi, roiCheckpoint, roiPlan;
  double roiMargin = 10; ///< Millimetres.
  std::string given;     ///< One of these options that was given.
};

struct PredictOptions {
  ModelOptions model;
  DataOptions data;
  WindowPredictOptions windows;
  std::vector<std::string> inputs; ///< one folder, or files
  std::string checkpoint, output, postprocess;
  std::string profile;     ///< File with the time of each stage.
  std::string valueRanges; ///< File with the scales of what kernels write.
  std::optional<int64_t> maxCases; ///< None: all cases of the split.
  bool saveProbabilities = false;
  std::string split = "test";
  bool overlays = true;
  std::optional<int64_t> ranks; ///< See TrainOptions.
};

struct CheckOptions {
  std::string data, json;
  std::string fix; ///< Folder of the repaired copy; empty for none.
  bool renumberLabels = false;
  std::optional<double> replaceNonFinite;
  int64_t threads = 0; ///< 0: all cores
  int64_t maxImageBytes = int64_t{1} << 30;
};

struct PlanOptions {
  std::string data, output;
  std::string rules = "v2";        ///< planRulesName
  std::string planner = "default"; ///< default, ResEncM or ResEncL
  uint64_t deviceMemory = 0;       ///< Bytes; 0: as v2 has it.
  std::string task;                ///< Of the example; by name if it is empty.
  /// Of the example without a task, and of mlperf.
  std::vector<int64_t> patch;
  bool publishedAxis = false;
  std::string orientation = "RAS";
  int64_t threads = 0; ///< 0: all cores
  int64_t maxImageBytes = int64_t{1} << 30;
};

struct PreprocessOptions {
  std::string data, plan, output;
  std::string configuration; ///< Empty: 3d_fullres, or the only one.
  int64_t threads = 0;       ///< 0: all cores
  int64_t maxImageBytes = int64_t{1} << 30;
  std::optional<int64_t> ranks; ///< See TrainOptions.
};

struct ExportOptions {
  std::string model, checkpoint, output;
  bool features = false; ///< `predict` gives those in front of the head.
  /// What a prediction does with the model unless it is told otherwise.
  std::string postprocess; ///< Empty: auto, where there is a file of steps.
  WindowSettings windows;
};

/// Weights of nnU-Net v2 that become a network of ours.
struct ImportOptions {
  std::string checkpoint; ///< A safetensors file.
  std::string plan, dataset, configuration;
  std::string output; ///< A new folder.
};

} // namespace segc

#endif // SEGC_RUNTIME_COMMANDS_OPTIONS_H
