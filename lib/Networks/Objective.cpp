//===- Objective.cpp - Losses on the heads of a network -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace segc::seg;

namespace segc {

namespace {
/// The losses of one head; those that the options leave out are null, but
/// the Dice of each class is always there, as a metric.
struct HeadLoss {
  Value total, dice, crossEntropy, perClass;
};

class ObjectiveBuilder {
public:
  ObjectiveBuilder(OpBuilder &builder, Value labels, const LossOptions &options)
      : builder(builder), labels(labels), options(options),
        scalar(RankedTensorType::get({}, builder.getF32Type())) {}

  HeadLoss head(Value logits, Value labels, const Twine &suffix);
  /// The loss of a lower head, whose grid is coarser than the labels'.
  Value lowerHead(Value logits, const Twine &suffix);
  Value add(Value lhs, Value rhs, const Twine &name) {
    return AddOp::create(builder, at(name), scalar, lhs, rhs);
  }
  Value scale(Value value, double factor, const Twine &name) {
    return ScaleOp::create(builder, at(name), value, APFloat(factor));
  }

private:
  /// The regions of the options; null without.
  ArrayAttr regions();
  IntegerAttr ignoredLabel() {
    return options.ignoredLabel
               ? builder.getI64IntegerAttr(*options.ignoredLabel)
               : IntegerAttr();
  }
  DiceOp dice(Value logits, Value labels, const Twine &suffix);
  Value crossEntropy(Value logits, Value labels, const Twine &suffix);
  Value topK(Value logits, Value labels, const Twine &suffix);
  /// Nearest to the labels' size.
  Value upsample(Value logits, const Twine &suffix);
  /// Labels of the grid of `logits`.
  Value downsample(Value logits, const Twine &suffix);
  Location at(const Twine &name) {
    return NameLoc::get(builder.getStringAttr(name));
  }

  OpBuilder &builder;
  Value labels;
  const LossOptions &options;
  RankedTensorType scalar;
};
} // namespace

ArrayAttr ObjectiveBuilder::regions() {
  SmallVector<Attribute> all;
  for (const std::vector<int64_t> &region : options.regions)
    all.push_back(builder.getI64ArrayAttr(region));
  return all.empty() ? ArrayAttr() : builder.getArrayAttr(all);
}

/// The mean cross-entropy of the voxels where it is largest.
Value ObjectiveBuilder::topK(Value logits, Value labels, const Twine &suffix) {
  auto type = cast<RankedTensorType>(logits.getType());
  Value losses =
      VoxelCrossEntropyOp::create(builder, at("voxel_losses" + suffix),
                                  activationType(type, spatialDims(type), 1),
                                  logits, labels, options.ignoreUnlabelled);
  return TopKMeanOp::create(builder, at("ce_loss" + suffix), scalar, scalar,
                            scalar, scalar, losses,
                            APFloat(options.topKPercent))
      .getMean();
}

Value ObjectiveBuilder::crossEntropy(Value logits, Value labels,
                                     const Twine &suffix) {
  Location loc = at("ce_loss" + suffix);
  const APFloat gamma(options.focalGamma);
  // Where there is an ignored label, v2 averages over voxels alone.
  if (ArrayAttr regions = this->regions())
    return BinaryCrossEntropyOp::create(
               builder, loc, scalar, scalar, logits, labels, regions,
               ignoredLabel(),
               /*sum_classes=*/options.ignoredLabel.has_value())
        .getLoss();
  if (options.topKPercent > 0)
    return topK(logits, labels, suffix);
  if (options.classWeights.empty() && !options.ignoreUnlabelled)
    return CrossEntropyOp::create(builder, loc, scalar, logits, labels, gamma);
  std::vector<double> weights = options.classWeights;
  if (weights.empty())
    weights.assign(channels(cast<RankedTensorType>(logits.getType())), 1);
  return WeightedCrossEntropyOp::create(builder, loc, scalar, scalar, logits,
                                        labels, weights, gamma)
      .getLoss();
}

DiceOp ObjectiveBuilder::dice(Value logits, Value labels, const Twine &suffix) {
  auto type = cast<RankedTensorType>(logits.getType());
  int64_t classes = channels(type);
  auto perClass = RankedTensorType::get({classes}, scalar.getElementType());
  auto sums = RankedTensorType::get({type.getDimSize(0), 3, classes},
                                    scalar.getElementType());
  return DiceOp::create(builder, at("dice_loss" + suffix), scalar, perClass,
                        sums, logits, labels, options.squared,
                        options.batchReduce, !options.includeBackground,
                        options.sumClasses, APFloat(options.smooth),
                        options.ignoreUnlabelled, regions(), ignoredLabel());
}

HeadLoss ObjectiveBuilder::head(Value logits, Value labels,
                                const Twine &suffix) {
  HeadLoss loss;
  DiceOp dice = this->dice(logits, labels, suffix);
  loss.perClass = dice.getPerClass();
  if (options.dice)
    loss.dice = loss.total = dice.getLoss();
  if (!options.crossEntropy)
    return loss;
  loss.total = loss.crossEntropy = crossEntropy(logits, labels, suffix);
  if (!loss.dice)
    return loss;
  if (!options.meanOfLosses) {
    loss.total = add(loss.dice, loss.crossEntropy, "loss" + suffix);
    return loss;
  }
  loss.total = add(loss.dice, loss.crossEntropy, "sum" + suffix);
  loss.total = scale(loss.total, 0.5, "loss" + suffix);
  return loss;
}

Value ObjectiveBuilder::upsample(Value logits, const Twine &suffix) {
  auto type = cast<RankedTensorType>(logits.getType());
  auto full = cast<RankedTensorType>(labels.getType()).getShape().drop_front();
  return ResizeOp::create(builder, at("upsampled" + suffix),
                          activationType(type, full, channels(type)), logits,
                          ResizeMode::nearest);
}

Value ObjectiveBuilder::downsample(Value logits, const Twine &suffix) {
  auto type = cast<RankedTensorType>(logits.getType());
  return DownsampleLabelsOp::create(
      builder, at("labels" + suffix),
      RankedTensorType::get(type.getShape().drop_back(), builder.getI32Type()),
      labels);
}

Value ObjectiveBuilder::lowerHead(Value logits, const Twine &suffix) {
  if (options.downsampleLabels)
    return head(logits, downsample(logits, suffix), suffix).total;
  return head(upsample(logits, suffix), labels, suffix).total;
}

void NetworkBuilder::objective(ValueRange heads, const LossOptions &options,
                               ArrayRef<StringLiteral> resultNames) {
  OutputOp::create(builder, at("logits"), heads);
  network.setSigmoid(!options.regions.empty());

  auto logits = cast<RankedTensorType>(heads.front().getType());
  SmallVector<Type> types(heads.getTypes());
  types.push_back(RankedTensorType::get(logits.getShape().drop_back(),
                                        builder.getI32Type()));
  SmallVector<Location> locations(heads.size(), at("logits"));
  for (size_t i = 1; i < heads.size(); ++i)
    locations[i] = at("logits" + Twine(i));
  locations.push_back(at("labels"));
  Block *block =
      builder.createBlock(&network.getObjective(), {}, types, locations);

  Value labels = block->getArguments().back();
  ObjectiveBuilder losses(builder, labels, options);
  HeadLoss first = losses.head(block->getArgument(0), labels, "");
  Value total = first.total;
  if (heads.size() > 1) {
    // (L0 + L1/2 + L2/4 + ..) / (2 - 2^-n), n the number of heads: the
    // published weights, which do not sum to 1.
    double weight = 1, sum = 1;
    for (size_t i = 1; i < heads.size(); ++i) {
      weight /= 2;
      sum += weight;
      Value lower = losses.lowerHead(block->getArgument(i), Twine(i));
      lower = losses.scale(lower, weight, "weighted" + Twine(i));
      total = losses.add(total, lower, "weighted_sum");
    }
    total = losses.scale(total,
                         1 / (options.normalizedHeads ? sum : 2 - weight / 2),
                         "deep_supervision");
  }

  // A part that is the whole loss is not repeated under a second name.
  llvm::StringMap<Value> values = {{"loss", total}, {"dice", first.perClass}};
  if (first.dice != total)
    values["dice_loss"] = first.dice;
  if (first.crossEntropy != total)
    values["ce_loss"] = first.crossEntropy;
  SmallVector<Value> results;
  SmallVector<StringRef> names;
  for (StringRef name : resultNames)
    if (Value value = values.lookup(name)) {
      names.push_back(name);
      results.push_back(value);
    }
  OutputOp::create(builder, at("objective"), results);
  network.setResultNamesAttr(builder.getStrArrayAttr(names));
}

} // namespace segc
