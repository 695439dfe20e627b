//===- CacheCases.cpp - Cases of a cache to train on ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheCases.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Metrics/LabelClasses.h"

using namespace segc;

std::vector<std::string> CacheCases::trainNames() const {
  std::vector<std::string> names;
  for (int64_t i = 0; i < train->cases(); ++i)
    names.push_back(train->caseName(i));
  return names;
}

/// How many planes of a batch are from one volume.
static StatusOr<int64_t> slicesPerVolume(const PatchOptions &patches,
                                         std::optional<int64_t> volumes) {
  // The published example reads two volumes for a batch of planes.
  if (!volumes)
    return patches.batch % 2 == 0 ? patches.batch / 2 : 1;
  if (!patches.planes() || patches.rules != PlanRules::Example)
    return wrongUsage("--volumes-per-batch has no effect but on planes by the "
                      "rules of the example: leave it out");
  if (patches.batch % *volumes != 0)
    return wrongUsage("--volumes-per-batch " + std::to_string(*volumes) +
                      ": expected a number that divides the " +
                      std::to_string(patches.batch) + " samples of a step");
  return patches.batch / *volumes;
}

Status CacheCases::preparePatches(const std::string &augmentation,
                                  int64_t batch,
                                  const PatchPlacement &placement) {
  const PlanConfiguration &configuration = cache->configuration();
  if (!chooseAugmentation(augmentation, patches))
    return internalError("no augmentation is called " + augmentation);
  patches.batch = batch;
  std::copy_backward(configuration.patch.begin(), configuration.patch.end(),
                     patches.patch.end());
  patches.oversampling = placement.oversampling.value_or(patches.oversampling);
  SEGC_ASSIGN_OR_RETURN(patches.slicesPerVolume,
                        slicesPerVolume(patches, placement.volumesPerBatch));
  if (cache->plan().rules == PlanRules::V2)
    patches.maskedChannels = configuration.useMask;
  SEGC_ASSIGN_OR_RETURN(samples,
                        PatchSamples::create(*train, channels(), patches));
  return samples->load(Split::Train);
}

Status CacheCases::prepareCrops(const Manifest &manifest) {
  SEGC_ASSIGN_OR_RETURN(
      crops, PatchCrops::create(*train, channels(), patches,
                                *manifest.entry(augment::entryName)));
  return Status::success();
}

StatusOr<std::unique_ptr<BatchSource>>
CacheCases::makeSource(const LoaderOptions &options) const {
  const SampleSource *source = samples.get();
  if (crops)
    source = crops.get();
  return makeLoaderSource({*source, *samples, trainNames(), identity()},
                          options);
}

int64_t CacheCases::channels() const {
  return static_cast<int64_t>(cache->plan().channelNames.size());
}

WindowOptions CacheCases::windows() const {
  WindowOptions options;
  options.rules = cache->plan().rules;
  if (options.rules == PlanRules::Example) {
    options.weights = WindowWeights::Constant;
    options.overlap = 0.25;
  }
  return options;
}

std::string CacheCases::identity() const {
  std::string text = "cache " + cache->planHash() + " " + cache->inputsHash();
  for (const PatchSource *cases : {train.get(), validation.get()}) {
    text += "\n";
    for (int64_t i = 0; i < cases->cases(); ++i)
      text += "\n" + cases->caseName(i);
  }
  return text;
}

static Status checkOptions(const DataOptions &options) {
  const char *idle = options.channel             ? "--channel"
                     : options.orientation       ? "--orientation"
                     : options.legacyResize      ? "--legacy-resize"
                     : !options.labelMap.empty() ? "--label-map"
                                                 : nullptr;
  if (idle)
    return wrongUsage(std::string(idle) + " has no effect on a cache: leave "
                                          "it out");
  return checkFoldOptions(options);
}

/// "the regions whole (1, 2) as 1, core 2 as 2".
static std::string regionsText(const DatasetDescription &data) {
  if (data.regions.empty())
    return "no regions";
  const LabelClasses classes{data.regions, {}};
  std::string text;
  for (size_t i = 0; i < data.regions.size(); ++i)
    text += (i ? ", " : "the regions ") + data.classNames[i + 1] + " " +
            classes.keyOf(static_cast<int32_t>(i + 1)) + " as " +
            std::to_string(data.regionsClassOrder[i]);
  return text;
}

/// Which labels a region has, and which voxels count for nothing, is part of
/// the model's losses.
static Status checkLabels(const Plan &plan, const DatasetDescription &ofModel,
                          const Manifest &manifest, const std::string &where,
                          const std::string &advice) {
  auto differs = [&](const std::string &ofCache, const std::string &wanted) {
    return invalidArgument(where + "labels with " + ofCache +
                           ", the model has " + wanted + advice);
  };
  if (plan.regions != ofModel.regions ||
      plan.regionsClassOrder != ofModel.regionsClassOrder)
    return differs(regionsText(plan), regionsText(ofModel));
  auto text = [](const std::optional<int64_t> &label) {
    return label ? "the ignore label " + std::to_string(*label)
                 : std::string("no ignore label");
  };
  if (plan.ignoreLabel != ofModel.ignoreLabel)
    return differs(text(plan.ignoreLabel), text(ofModel.ignoreLabel));
  if (manifest.sigmoid == plan.regions.empty())
    return invalidArgument(
        where + regionsText(plan) + ", the model gives " +
        (manifest.sigmoid ? "regions" : "one class a voxel") + advice);
  return Status::success();
}

/// A model whose patches are not those of the cache is refused by what differs.
static Status checkModel(const PreparedCache &cache, const Manifest &manifest,
                         CacheUse use) {
  const DataPipeline &pipeline = manifest.pipeline;
  const PlanConfiguration &configuration = cache.configuration();
  const std::string where = cache.folder() + ": a cache of ";
  const std::string advice =
      std::string("; compile the network of its plan (`segc model ") +
      networkOfRules(cache.plan().rules) +
      " --plan`) or prepare the cases by the model's";
  if (!isPlanned(pipeline))
    return invalidArgument(where +
                           "patches, but the model was compiled for the "
                           "pipeline \"" +
                           pipeline.kind + "\"" + advice);
  SEGC_RETURN_IF_ERROR(
      checkRules(cache.plan().rules, pipeline.kind, cache.folder()));
  if (use == CacheUse::Patches && pipeline.patch != configuration.patch)
    return invalidArgument(where + "patches " + shapeText(configuration.patch) +
                           ", the model takes " + shapeText(pipeline.patch) +
                           advice);
  if (pipeline.spacing != configuration.spacing)
    return invalidArgument(where + "another spacing than the model's" + advice);
  const auto classes = static_cast<int64_t>(cache.plan().outputNames().size());
  if (classes != manifest.classes)
    return invalidArgument(
        where + std::to_string(classes) +
        (cache.plan().regions.empty() ? " classes" : " regions") +
        ", the model has " + std::to_string(manifest.classes) + advice);
  if (pipeline.plan.empty())
    return checkLabels(cache.plan(), DatasetDescription(), manifest, where,
                       advice);
  SEGC_ASSIGN_OR_RETURN(const Plan ofModel,
                        parsePlan(pipeline.plan, "pipeline: plan"));
  SEGC_RETURN_IF_ERROR(
      checkLabels(cache.plan(), ofModel, manifest, where, advice));
  const std::string difference =
      differenceOf(cache.plan(), configuration, ofModel);
  if (!difference.empty())
    return invalidArgument(where + "cases with " + difference + advice);
  return Status::success();
}

int64_t CacheCases::folds(const DataOptions &options) const {
  return cache->folds().empty() ? options.foldCount.value_or(defaultFolds)
                                : static_cast<int64_t>(cache->folds().size());
}

static StatusOr<FoldSplit> splitOf(const PreparedCache &cache,
                                   const DataOptions &options) {
  if (options.fold) {
    StatusOr<FoldSplit> fold =
        foldOf(cache.folds(), cache.cases(), *options.fold, options.foldCount);
    return fold.ok() ? fold : fold.status().withContext(cache.folder());
  }
  FoldSplit split;
  const auto train = static_cast<int64_t>(static_cast<double>(cache.cases()) *
                                          options.trainSplit.value_or(1.0));
  for (int64_t i = 0; i < cache.cases(); ++i)
    (i < train ? split.train : split.validation).push_back(i);
  if (split.train.empty())
    return invalidArgument(cache.folder() + ": of " +
                           std::to_string(cache.cases()) +
                           " cases this train split leaves none to train on");
  return split;
}

StatusOr<CacheCases> segc::openCacheCases(const DataOptions &options,
                                          const Manifest &manifest,
                                          CacheUse use) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  CacheCases result;
  SEGC_ASSIGN_OR_RETURN(result.cache, PreparedCache::open(options.data));
  const PreparedCache &cache = *result.cache;
  SEGC_RETURN_IF_ERROR(checkModel(cache, manifest, use));
  SEGC_ASSIGN_OR_RETURN(result.split, splitOf(cache, options));
  result.train = std::make_unique<PatchSubset>(cache, result.split.train);
  result.validation =
      std::make_unique<PatchSubset>(cache, result.split.validation);
  return result;
}
