//===- Session.cpp - Model, data set and runner of a command --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Session.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Compile.h"
#include "segc/Runtime/Device/MakeDevice.h"
#include "segc/model_tables.h"

using namespace segc;

/// The options of segc that the options of a run ask for.
static std::vector<std::string> compileOptions(const ModelOptions &options,
                                               segc_device device) {
  std::vector<std::string> words;
  if (device != SEGC_DEVICE_HOST)
    words = {"--target", segc_device_name(device)};
  if (options.batchSize)
    words.insert(words.end(), {"--batch", std::to_string(*options.batchSize)});
  if (options.amp)
    words.insert(words.end(), {"--precision", "f16"});
  return words;
}

std::string segc::compileCommand(const ModelOptions &options,
                                 segc_device device,
                                 const std::vector<std::string> &more) {
  std::string command = "segc compile MODEL.mlir -o " + options.model;
  for (const auto &words : {compileOptions(options, device), more})
    for (const std::string &word : words)
      command += " " + word;
  return command;
}

/// Whether a model is what the options ask for. If not, the message is the
/// segc command that makes one.
static Status checkOptions(const ModelOptions &options,
                           const ModelLibrary &model) {
  const Manifest &manifest = model.manifest();
  std::string wrong;
  if (options.batchSize && *options.batchSize > manifest.batch)
    wrong = "--batch-size " + std::to_string(*options.batchSize) +
            ", the model was compiled for at most " +
            std::to_string(manifest.batch);
  else if (options.amp &&
           (manifest.precision == "f32" || manifest.precision == "tf32"))
    wrong =
        "--amp, the model was compiled with --precision " + manifest.precision;
  else
    return Status::success();
  return wrongUsage(options.model + ": " + wrong + "; run `" +
                    compileCommand(options, model.version().device) + "`");
}

StatusOr<LoadedModel> segc::openModel(const ModelOptions &options,
                                      RunnerOptions ofRunner,
                                      RunPhases *phases) {
  ofRunner.canaries = options.checkMemory;
  SEGC_ASSIGN_OR_RETURN(
      std::unique_ptr<ThreadPool> pool,
      ThreadPool::create(static_cast<unsigned>(options.threads)));
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<Device> device,
                        makeDevice(options.device, *pool));
  device->allowDependentLaunches(!options.noDependentLaunches);
  std::string path = options.model;
  CompiledNetwork compiled;
  if (isModuleText(path)) {
    const RunPhases::Scope phase(phases, "compile");
    SEGC_ASSIGN_OR_RETURN(
        compiled, compileCached(path, compileOptions(options, device->kind())));
    path = compiled.path;
  }
  const RunPhases::Scope phase(phases, "load model");
  SEGC_ASSIGN_OR_RETURN(
      std::shared_ptr<const ModelLibrary> library,
      ModelLibrary::load(path,
                         {device->kind(), [&](const segc_version &version) {
                            return device->supports(version);
                          }}));
  SEGC_RETURN_IF_ERROR(checkOptions(options, *library));
  SEGC_ASSIGN_OR_RETURN(
      ModelRunner runner,
      ModelRunner::create(library, std::move(device), ofRunner));
  return LoadedModel{std::move(pool), std::move(runner)};
}

StatusOr<LoadedModel> segc::openTrained(const ModelOptions &options,
                                        const std::string &checkpoint) {
  SEGC_ASSIGN_OR_RETURN(LoadedModel model, openModel(options, {}));
  SEGC_RETURN_IF_ERROR(loadWeights(model, checkpoint));
  return model;
}

int64_t segc::batchSizeOf(const ModelOptions &options,
                          const Manifest &manifest) {
  return options.batchSize.value_or(manifest.batch);
}

std::string segc::idleWithoutData(const DataOptions &options) {
  return options.fold                ? "--fold"
         : options.foldCount         ? "--nfolds"
         : options.trainSplit        ? "--train-split"
         : options.channel           ? "--channel"
         : options.orientation       ? "--orientation"
         : options.legacyResize      ? "--legacy-resize"
         : !options.labelMap.empty() ? "--label-map"
                                     : "";
}

Status segc::checkFoldOptions(const DataOptions &options) {
  if (options.fold && options.trainSplit)
    return wrongUsage("--fold and --train-split contradict each other, "
                      "expected one of them");
  if (options.foldCount && !options.fold)
    return wrongUsage("--nfolds has no effect without --fold: leave it out");
  return Status::success();
}

StatusOr<DatasetOptions> segc::datasetOptions(const DataOptions &options,
                                              const Manifest &manifest,
                                              std::optional<AxisFrame> frame) {
  SEGC_ASSIGN_OR_RETURN(std::optional<AxisFrame> ofModel,
                        manifest.pipeline.frame());
  auto idle = [&](bool given, const std::string &option,
                  const std::string &why) {
    return given ? wrongUsage(option + " has no effect: " + why)
                 : Status::success();
  };
  SEGC_RETURN_IF_ERROR(checkFoldOptions(options));
  if (ofModel || isPlanned(manifest.pipeline)) {
    SEGC_RETURN_IF_ERROR(idle(options.legacyResize, "--legacy-resize",
                              "it is for slices, the model takes volumes"));
    SEGC_RETURN_IF_ERROR(idle(options.greyMasks, "--grey-masks",
                              "it is for slices, the model takes volumes"));
  } else {
    const char *volumes = "it is for volumes, the model takes slices";
    SEGC_RETURN_IF_ERROR(
        idle(options.orientation.has_value(), "--orientation", volumes));
    SEGC_RETURN_IF_ERROR(
        idle(options.channel.has_value(), "--channel", volumes));
    SEGC_RETURN_IF_ERROR(
        idle(!options.labelMap.empty(), "--label-map", volumes));
  }
  DatasetOptions dataset;
  dataset.channels = inputChannels(manifest);
  SEGC_RETURN_IF_ERROR(idle(
      options.channel && dataset.channels > 1, "--channel",
      "the model takes all " + std::to_string(dataset.channels) + " channels"));
  dataset.fold = options.fold;
  dataset.folds = options.foldCount.value_or(defaultFolds);
  if (options.fold && *options.fold >= dataset.folds)
    return wrongUsage("--fold " + std::to_string(*options.fold) +
                      ": expected 0 to " + std::to_string(dataset.folds - 1) +
                      ", or more folds by --nfolds");
  dataset.seed = static_cast<uint64_t>(options.seed);
  dataset.trainSplit = options.trainSplit.value_or(1.0);
  dataset.legacyResize = options.legacyResize;
  dataset.limits.maxBytes = static_cast<uint64_t>(options.maxImageBytes);
  dataset.channel = options.channel;
  dataset.frame = frame;
  if (options.orientation) {
    SEGC_ASSIGN_OR_RETURN(dataset.frame, parseFrame(*options.orientation));
  }
  if (!options.labelMap.empty()) {
    SEGC_ASSIGN_OR_RETURN(dataset.labelMap, parseLabelMap(options.labelMap));
  }
  return dataset;
}

void segc::notePipeline(const Dataset &dataset, const Manifest &manifest,
                        const DatasetOptions &options) {
  for (const std::string &key : manifest.pipeline.unknownKeys)
    dataset.notes().add("the pipeline of the model",
                        "the key \"" + key +
                            "\" is not known: it has no "
                            "effect");
  StatusOr<std::optional<AxisFrame>> ofModel = manifest.pipeline.frame();
  if (!options.frame || !ofModel.ok() || !*ofModel ||
      **ofModel == *options.frame)
    return;
  dataset.notes().add("the model has the orientation \"" +
                          std::string(frameName(**ofModel)) + "\"",
                      std::string("volumes are taken in the order \"") +
                          frameName(*options.frame) +
                          "\", which its weights were trained in or "
                          "--orientation asks for");
}

StatusOr<std::unique_ptr<Dataset>>
segc::openData(const DataOptions &options, const Manifest &manifest,
               std::optional<AxisFrame> frame, bool planned) {
  SEGC_ASSIGN_OR_RETURN(DatasetOptions dataset,
                        datasetOptions(options, manifest, frame));
  dataset.planned = planned;
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> data,
                        openDataset(options.data, manifest.pipeline, dataset));
  notePipeline(*data, manifest, dataset);
  const std::vector<int64_t> wanted = sampleShape(manifest);
  if (wanted.empty() || planned)
    return data;
  if (wanted != data->imageShape())
    return invalidArgument(options.data + ": samples have the shape " +
                           shapeText(data->imageShape()) +
                           ", the model takes " + shapeText(wanted));
  return data;
}

void segc::printNotes(const Dataset &dataset) {
  for (const std::string &text : dataset.notes().take())
    printMessage("warning: " + text);
}

StatusOr<Split> segc::parseSplit(const std::string &name) {
  for (Split split : {Split::Train, Split::Validation, Split::Test})
    if (name == splitName(split))
      return split;
  return wrongUsage("--split " + name + ": expected train, validation or test");
}

Recipe segc::recipeOf(const Manifest &manifest) {
  const std::string &kind = manifest.pipeline.kind;
  Recipe recipe;
  recipe.learningRate = manifest.optimizer.learningRate;
  recipe.momentum = manifest.optimizer.momentum;
  recipe.weightDecay = manifest.optimizer.weightDecay;
  if (kind == "isbi") {
    recipe.epochs = 0;
    recipe.maxSteps = 1000;
    recipe.logEvery = 100;
    recipe.evaluateEpochs = false; // an epoch is a few steps
  } else if (kind == "nnunet") {
    recipe.scheduler = Schedule::Kind::CosineAnnealing;
    recipe.epochs = 1000;
    recipe.published = "best";
    StatusOr<Plan> plan = parsePlan(manifest.pipeline.plan, "pipeline: plan");
    if (plan && plan->rules == PlanRules::V2) {
      recipe.scheduler = Schedule::Kind::Poly;
      recipe.endLearningRate = 0;
      // Networks of plans without a length have epochs of all cases, and rates
      // by steps, as they always had.
      recipe.scheduleByEpochs = plan->stepsPerEpoch.has_value();
    }
    if (plan)
      recipe.stepsPerEpoch = plan->stepsPerEpoch.value_or(0);
  } else if (kind == "kits19") {
    recipe.epochs = 4000;
    recipe.warmupEpochs = 200;
    StatusOr<Plan> plan = parsePlan(manifest.pipeline.plan, "pipeline: plan");
    if (plan)
      recipe.stepsPerEpoch = plan->stepsPerEpoch.value_or(0);
  }
  return recipe;
}
