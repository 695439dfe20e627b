//===- NetworkOptions.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/NetworkOptions.h"

#include "segc/Plan/PipelinePlan.h"
#include "segc/Plan/Tasks.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace segc {

//===----------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------===//

UNetOptions::UNetOptions() {
  loss.squared = true;
  optimizer.learningRate = 1e-4;
  optimizer.weightDecay = 5e-4;
}

/// What the U-Net's valid convolutions take away at its input's resolution.
static constexpr int64_t unetMargin = 184;
/// Four poolings halve without a rest.
static constexpr int64_t unetStep = 16;
/// The smallest input that leaves an output.
static constexpr int64_t unetLeast = 188;

int64_t UNetOptions::outputSize() const { return inputSize - unetMargin; }

VNetOptions::VNetOptions() {
  loss.crossEntropy = false;
  loss.sumClasses = true;
  optimizer.switchTo("rmsprop");
  optimizer.learningRate = 1e-4;
}

NNUNetOptions::NNUNetOptions() {
  loss.batchReduce = true;
  loss.includeBackground = false;
  optimizer.learningRate = 3e-4;
  optimizer.weightDecay = 1e-4;
}

UNet3DOptions::UNet3DOptions() {
  loss.includeBackground = false;
  loss.meanOfLosses = true;
  optimizer.switchTo("sgd");
  optimizer.learningRate = 1;
  optimizer.momentum = 0.9;
  optimizer.nesterov = true;
}

StatusOr<NNUNetOptions> NNUNetOptions::forTask(const std::string &id,
                                               int64_t dim) {
  SEGC_ASSIGN_OR_RETURN(DecathlonTask task, findDecathlonTask(id));
  if (dim != 2 && dim != 3)
    return invalidArgument("dim: expected 2 or 3, got " + std::to_string(dim));
  NNUNetOptions options;
  options.dim = dim;
  options.task = task.id;
  options.patch = task.plan(dim).patch;
  options.spacing = task.plan(dim).spacing;
  options.classes = static_cast<int64_t>(task.classNames.size());
  options.channels = task.channels;
  return options;
}

/// The loss and the optimizer of nnU-Net v2.
static void followV2(const PlanConfiguration &configuration,
                     NNUNetOptions &options) {
  options.loss.batchReduce = configuration.batchDice;
  options.loss.smooth = 1e-5;
  options.loss.normalizedHeads = true;
  options.loss.downsampleLabels = true;
  options.deepSupervision = true;
  options.optimizer.switchTo("sgd");
  options.optimizer.learningRate = 0.01;
  options.optimizer.momentum = 0.99;
  options.optimizer.nesterov = true;
  options.optimizer.weightDecay = 3e-5;
  options.optimizer.clipNorm = 12;
}

StatusOr<NNUNetOptions>
NNUNetOptions::forPlan(const Plan &plan, const std::string &configuration) {
  SEGC_RETURN_IF_ERROR(checkRules(plan.rules, "nnunet", "plan"));
  SEGC_ASSIGN_OR_RETURN(const PlanConfiguration *chosen,
                        chooseConfiguration(plan, configuration));
  NNUNetOptions options;
  options.dim = static_cast<int64_t>(chosen->patch.size());
  options.patch = chosen->patch;
  options.spacing = chosen->spacing;
  options.classes = static_cast<int64_t>(plan.outputNames().size());
  options.channels = static_cast<int64_t>(plan.channelNames.size());
  options.batch = chosen->batch;
  options.plan = plan;
  options.plan->configurations = {*chosen};
  if (options.followsV2())
    followV2(*chosen, options);
  options.loss.regions = plan.regions;
  if (plan.regions.empty()) {
    options.loss.ignoreUnlabelled = plan.ignoreLabel.has_value();
  } else {
    options.loss.ignoredLabel = plan.ignoreLabel;
    options.loss.includeBackground = true; // They have none.
  }
  return options;
}

/// Lower heads of the published example.
static constexpr size_t publishedHeads = 2;

size_t NNUNetOptions::lowerHeads(size_t levels) const {
  if (supervisedLevels)
    return static_cast<size_t>(*supervisedLevels);
  if (!followsV2())
    return publishedHeads;
  // The first level's head, the deepest decoder level's without weight, and
  // the bottleneck without decoder are not among them.
  return levels > 3 ? levels - 3 : 0;
}

StatusOr<Topology> NNUNetOptions::topology() const {
  if (const PlanConfiguration *configuration = planned())
    return configuration->topology;
  return planTopology(patch, spacing);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

namespace {
/// Checks options by name and keeps the first error.
class Checker {
public:
  template <typename T>
  Checker &require(bool holds, const char *option, const std::string &expected,
                   const T &actual) {
    if (holds || !result.ok())
      return *this;
    std::ostringstream message;
    message << option << ": expected " << expected << ", got " << actual;
    result = invalidArgument(message.str());
    return *this;
  }
  /// In [least, 65536], so that no product of a few counts overflows.
  Checker &count(const char *option, int64_t value, int64_t least) {
    constexpr int64_t most = 65536;
    return require(value >= least && value <= most, option,
                   std::to_string(least) + " to " + std::to_string(most),
                   value);
  }
  /// Counts that `step` divides.
  Checker &multiples(const char *option, const std::vector<int64_t> &sizes,
                     int64_t step) {
    for (int64_t size : sizes)
      count(option, size, step)
          .require(size % step == 0, option,
                   "multiples of " + std::to_string(step), size);
    return *this;
  }
  /// Finite and not negative.
  Checker &notNegative(const char *option, double value) {
    return require(value >= 0 && std::isfinite(value), option, "at least 0",
                   value);
  }
  /// In [0, 1).
  Checker &fraction(const char *option, double value) {
    return require(value >= 0 && value < 1, option, "a value in [0, 1)", value);
  }
  Checker &optimizer(const OptimizerOptions &options) {
    notNegative("learning-rate", options.learningRate);
    notNegative("weight-decay", options.weightDecay);
    notNegative("epsilon", options.epsilon);
    fraction("momentum", options.momentum);
    fraction("beta1", options.beta1);
    fraction("beta2", options.beta2);
    fraction("decay", options.decay);
    const Optimizer *optimizer = findOptimizer(options.kind);
    require(optimizer, "optimizer", "a known kind", options.kind);
    require(!options.nesterov || (optimizer && optimizer->has("nesterov")),
            "nesterov", "the optimizer " + optimizersWith("nesterov"),
            options.kind);
    notNegative("clip-norm", options.clipNorm);
    count("lookahead-sync", options.lookaheadSync, 1);
    return require(options.lookaheadAlpha > 0 && options.lookaheadAlpha <= 1,
                   "lookahead-alpha", "a value in (0, 1]",
                   options.lookaheadAlpha);
  }
  /// The losses of regions have less variants.
  Checker &regionLoss(const LossOptions &options) {
    require(options.classWeights.empty(), "class-weights", "none for regions",
            options.classWeights.size());
    require(options.focalGamma == 0, "focal-gamma", "0 for regions",
            options.focalGamma);
    require(options.topKPercent == 0, "loss", "dice, ce or dice_ce for regions",
            "topk");
    require(!options.ignoreUnlabelled, "ignore-unlabelled",
            "no for regions, whose plan says the ignored label", "yes");
    return require(options.includeBackground, "loss-include-background",
                   "yes for regions, which have no background", "no");
  }
  Checker &loss(const LossOptions &options, int64_t classes) {
    const std::vector<double> &weights = options.classWeights;
    require(weights.empty() || options.crossEntropy, "class-weights",
            "none for a loss without cross-entropy", weights.size());
    require(weights.empty() || static_cast<int64_t>(weights.size()) == classes,
            "class-weights",
            "a weight for each of the " + std::to_string(classes) + " classes",
            weights.size());
    for (double weight : weights)
      notNegative("class-weights", weight);
    require(weights.empty() ||
                *std::max_element(weights.begin(), weights.end()) > 0,
            "class-weights", "a weight above 0", "none");
    require(options.dice || options.crossEntropy, "loss",
            "dice, ce or their sum", "none");
    require(options.topKPercent >= 0 && options.topKPercent <= 100,
            "top-k-percent", "0 to 100", options.topKPercent);
    require(options.topKPercent == 0 || options.crossEntropy, "top-k-percent",
            "0 for a loss without cross-entropy", options.topKPercent);
    require(options.topKPercent == 0 || weights.empty(), "class-weights",
            "none for a top-k loss", weights.size());
    require(options.topKPercent == 0 || options.focalGamma == 0, "focal-gamma",
            "0 for a top-k loss", options.focalGamma);
    if (!options.regions.empty())
      regionLoss(options);
    notNegative("focal-gamma", options.focalGamma);
    require(options.focalGamma == 0 || options.crossEntropy, "focal-gamma",
            "0 for a loss without cross-entropy", options.focalGamma);
    return notNegative("smooth", options.smooth);
  }

  Status result;
};
} // namespace

Status validate(const UNetOptions &options) {
  Checker check;
  check.count("width", options.width, 1)
      .count("channels", options.channels, 1)
      .count("classes", options.classes, 2)
      .count("batch-size", options.batch, 1)
      .count("size", options.inputSize, unetLeast)
      .require((options.inputSize - unetLeast) % unetStep == 0, "size",
               std::to_string(unetLeast) + " plus a multiple of " +
                   std::to_string(unetStep),
               options.inputSize)
      .fraction("dropout", options.dropout)
      .loss(options.loss, options.classes)
      .optimizer(options.optimizer);
  return check.result;
}

Status validate(const VNetOptions &options) {
  Checker check;
  size_t downs = options.downscaleBlocks.size();
  check.count("width", options.width, 1)
      .count("channels", options.channels, 1)
      .count("classes", options.classes, 2)
      .count("batch-size", options.batch, 1)
      .require(options.channels < 1 || options.width % options.channels == 0,
               "width",
               "a multiple of the " + std::to_string(options.channels) +
                   " channels",
               options.width)
      .require(options.convolutionSize == 3 || options.convolutionSize == 5,
               "convolution-size", "3 or 5", options.convolutionSize)
      .require(downs >= 1 && downs <= 8, "downscale-blocks", "1 to 8 levels",
               downs)
      .require(options.upscaleBlocks.size() + 1 == downs, "upscale-blocks",
               "one level less than the " + std::to_string(downs) +
                   " of downscale-blocks",
               options.upscaleBlocks.size())
      .require(options.inputShape.size() == 3, "input-shape", "3 sizes",
               options.inputShape.size());
  for (int64_t convolutions : options.downscaleBlocks)
    check.count("downscale-blocks", convolutions, 1);
  for (int64_t convolutions : options.upscaleBlocks)
    check.count("upscale-blocks", convolutions, 1);
  if (!check.result.ok())
    return check.result;
  int64_t step = int64_t(1) << downs;
  check.multiples("input-shape", options.inputShape, step);
  check.loss(options.loss, options.classes).optimizer(options.optimizer);
  return check.result;
}

Status validate(const NNUNetOptions &options) {
  Checker check;
  check
      .require(options.dim == 2 || options.dim == 3, "dim", "2 or 3",
               options.dim)
      .require(static_cast<int64_t>(options.patch.size()) == options.dim,
               "patch", std::to_string(options.dim) + " sizes",
               options.patch.size())
      .count("channels", options.channels, 1)
      .count("classes", options.classes, options.loss.regions.empty() ? 2 : 1)
      .count("batch-size", options.batch, 1)
      .require(options.negativeSlope > 0 && options.negativeSlope < 1,
               "negative-slope", "a value in (0, 1)", options.negativeSlope)
      .loss(options.loss, options.classes)
      .optimizer(options.optimizer);
  for (int64_t size : options.patch)
    check.count("patch", size, 1);
  if (!check.result.ok())
    return check.result;
  StatusOr<Topology> topology = options.topology();
  SEGC_RETURN_IF_ERROR(topology.status());
  if (!options.deepSupervision)
    return check
        .require(!options.supervisedLevels, "deep-supervision-levels",
                 "--deep-supervision beside it", "none")
        .result;
  // Heads sit on decoder levels from 1 on; the deepest level has no decoder.
  const auto levels = static_cast<int64_t>(topology->levels());
  if (const std::optional<int64_t> &wanted = options.supervisedLevels)
    return check
        .require(
            *wanted >= 1 && *wanted <= levels - 2, "deep-supervision-levels",
            levels < 3 ? "a patch of at least 3 levels"
                       : "1 to " + std::to_string(levels - 2) + " for " +
                             std::to_string(levels) + " levels of the network",
            levels < 3 ? levels : *wanted)
        .result;
  return check
      .require(options.followsV2() || topology->levels() > publishedHeads + 1,
               "deep-supervision",
               "a patch of at least " + std::to_string(publishedHeads + 2) +
                   " levels",
               levels)
      .result;
}

Status validate(const UNet3DOptions &options) {
  Checker check;
  size_t levels = options.filters.size();
  check.count("channels", options.channels, 1)
      .count("classes", options.classes, 2)
      .count("batch-size", options.batch, 1)
      .require(levels >= 1 && levels <= 8, "filters", "1 to 8 levels", levels)
      .require(options.patch.size() == 3, "patch", "3 sizes",
               options.patch.size())
      .require(options.norm != NetworkNorm::None, "norm",
               "instance, batch or group", "none")
      .require(options.negativeSlope >= 0 && options.negativeSlope < 1,
               "negative-slope", "a value in [0, 1)", options.negativeSlope)
      .loss(options.loss, options.classes)
      .optimizer(options.optimizer);
  for (int64_t filters : options.filters)
    check.count("filters", filters, 1);
  if (options.norm == NetworkNorm::Group)
    check.multiples("filters", options.filters, nnunetGroups);
  if (!check.result.ok())
    return check.result;
  // Each level and the bottleneck halve without a rest.
  int64_t step = int64_t(1) << levels;
  check.multiples("patch", options.patch, step);
  return check.result;
}

} // namespace segc
