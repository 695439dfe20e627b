//===- LossEval.cpp - Losses ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

static bool isClass(int64_t label, int64_t classes) {
  return label >= 0 && label < classes;
}

/// Returns the slope of the loss: p dL/dp of the true class of a voxel.
static double crossEntropySlope(double logP, double gamma) {
  // With q = 1 - p of the true class, it is gamma q^(gamma-1) p log p -
  // q^gamma.
  double q = -std::expm1(logP), slope = -std::pow(q, gamma);
  if (gamma > 0 && q > 0)
    slope += gamma * std::pow(q, gamma - 1) * std::exp(logP) * logP;
  return slope;
}

static LogicalResult checkLabels(Operation *op, const HostTensor &labels,
                                 int64_t classes) {
  for (int64_t label : labels.integers())
    if (label < 0 || label >= classes)
      return op->emitOpError("expects labels in [0, ")
             << classes << "), got " << label;
  return success();
}

/// Returns 1 where element i of the logits is that of its voxel's class, else
/// 0.
static double target(const HostTensor &labels, int64_t i, int64_t classes) {
  return labels.integers()[i / classes] == i % classes ? 1 : 0;
}

/// Whether the label is one of the values of region `number`.
static bool isInRegion(ArrayAttr regions, int64_t number, int64_t label) {
  return llvm::any_of(
      cast<ArrayAttr>(regions[number]).getAsRange<IntegerAttr>(),
      [&](IntegerAttr value) { return value.getInt() == label; });
}

static bool isIgnored(std::optional<uint64_t> ignored, int64_t label) {
  return ignored && label == static_cast<int64_t>(*ignored);
}

static double sigmoid(double logit) { return 1 / (1 + std::exp(-logit)); }

namespace {

/// The attributes that dice and dice_grad share.
struct DiceRule {
  bool squared, batchReduce, excludeBackground, sumClasses, masked;
  double smooth;
  ArrayAttr regions;
  std::optional<uint64_t> ignored;

  template <typename OpTy>
  explicit DiceRule(OpTy op)
      : squared(op.getSquared()), batchReduce(op.getBatchReduce()),
        excludeBackground(op.getExcludeBackground()),
        sumClasses(op.getSumClasses()), masked(op.getMasked()),
        smooth(op.getSmooth().convertToDouble()), regions(op.getRegionsAttr()),
        ignored(op.getIgnored()) {}

  /// Labels of voxels must be classes, unless these are masked or in regions.
  LogicalResult check(Operation *op, const HostTensor &labels,
                      int64_t classes) const {
    return masked || regions ? success() : checkLabels(op, labels, classes);
  }
  /// Whether the voxel of element i of the logits counts.
  bool counts(const HostTensor &labels, int64_t i, int64_t classes) const {
    int64_t label = labels.integers()[i / classes];
    return regions ? !isIgnored(ignored, label)
                   : !masked || isClass(label, classes);
  }
  /// 1 where element i of the logits is that of its voxel's class or of one of
  /// its regions, else 0.
  double targetAt(const HostTensor &labels, int64_t i, int64_t classes) const {
    if (!regions)
      return target(labels, i, classes);
    return isInRegion(regions, i % classes, labels.integers()[i / classes]);
  }
  std::vector<double> probabilities(const HostTensor &logits) const {
    if (!regions)
      return softmax(logits);
    std::vector<double> p(logits.values());
    for (double &value : p)
      value = sigmoid(value);
    return p;
  }

  /// The weight of 1 - D of a class in the loss.
  double classWeight(int64_t c, int64_t classes) const {
    if (excludeBackground && c == 0)
      return 0;
    return sumClasses ? 1
                      : 1 / static_cast<double>(excludeBackground ? classes - 1
                                                                  : classes);
  }
};

/// The sums of which the Dice of a sample and class is computed: sum(p t),
/// sum(p) or sum(p p), and sum(t), over the sample, or over the batch with
/// batch_reduce.
struct DiceSums {
  double intersection = 0, prediction = 0, target = 0;

  DiceSums(const DiceRule &rule, const HostTensor &sums, int64_t n, int64_t c) {
    int64_t samples = sums.shape()[0], classes = sums.channels();
    for (int64_t m = 0; m < samples; ++m) {
      if (m != n && !rule.batchReduce)
        continue;
      intersection += sums[(m * 3 + 0) * classes + c];
      prediction += sums[(m * 3 + 1) * classes + c];
      target += sums[(m * 3 + 2) * classes + c];
    }
  }
  double numerator(const DiceRule &rule) const {
    return 2 * intersection + rule.smooth;
  }
  double denominator(const DiceRule &rule) const {
    return prediction + target + rule.smooth;
  }
};

} // namespace

static LogicalResult dice(DiceOp op, Operands operands, Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  HostTensor &loss = results[0], &perClass = results[1], &sums = results[2];
  DiceRule rule(op);
  int64_t classes = logits.channels(), samples = logits.shape()[0];
  if (failed(rule.check(op, labels, classes)))
    return failure();
  std::vector<double> p = rule.probabilities(logits);
  int64_t perSample = logits.size() / samples;
  for (int64_t i = 0; i < logits.size(); ++i) {
    if (!rule.counts(labels, i, classes))
      continue;
    double t = rule.targetAt(labels, i, classes);
    double *sum = &sums[i / perSample * 3 * classes + i % classes];
    sum[0] += p[i] * t;
    sum[classes] += rule.squared ? p[i] * p[i] : p[i];
    sum[2 * classes] += t;
  }
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t n = 0; n < samples; ++n) {
      DiceSums of(rule, sums, n, c);
      perClass[c] += of.numerator(rule) / of.denominator(rule) /
                     static_cast<double>(samples);
    }
    loss[0] += rule.classWeight(c, classes) * (1 - perClass[c]);
  }
  return success();
}

static LogicalResult diceGrad(DiceGradOp op, Operands operands,
                              Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1],
                   &sums = *operands[2];
  double upstream = (*operands[3])[0];
  DiceRule rule(op);
  int64_t classes = logits.channels(), samples = logits.shape()[0];
  if (failed(rule.check(op, labels, classes)))
    return failure();
  std::vector<double> p = rule.probabilities(logits), dp(p.size());
  int64_t perSample = logits.size() / samples;
  for (int64_t i = 0; i < logits.size(); ++i) {
    if (!rule.counts(labels, i, classes))
      continue;
    DiceSums of(rule, sums, i / perSample, i % classes);
    double u = of.denominator(rule);
    double dPrediction = rule.squared ? 2 * p[i] : 1;
    double dD = 2 * rule.targetAt(labels, i, classes) / u -
                dPrediction * of.numerator(rule) / (u * u);
    // With batch_reduce, D is that of the batch, not a mean over samples.
    double share = rule.batchReduce ? 1 : 1 / static_cast<double>(samples);
    dp[i] = -upstream * rule.classWeight(i % classes, classes) * share * dD;
  }
  if (rule.regions) {
    for (int64_t i = 0; i < logits.size(); ++i)
      results[0][i] = dp[i] * p[i] * (1 - p[i]);
    return success();
  }
  for (int64_t begin = 0; begin < logits.size(); begin += classes) {
    double dot = 0;
    for (int64_t i = begin; i < begin + classes; ++i)
      dot += p[i] * dp[i];
    for (int64_t i = begin; i < begin + classes; ++i)
      results[0][i] = p[i] * (dp[i] - dot);
  }
  return success();
}

static void diceFromSums(DiceFromSumsOp op, Operands operands,
                         Results results) {
  const HostTensor &sums = *operands[0];
  double smooth = op.getSmooth().convertToDouble();
  int64_t classes = sums.channels(), first = op.getExcludeBackground() ? 1 : 0;
  for (int64_t c = 0; c < classes; ++c) {
    double total[3] = {};
    for (int64_t row = 0; row < sums.size() / classes; ++row)
      total[row % 3] += sums[row * classes + c];
    double dice = (2 * total[0] + smooth) / (total[1] + total[2] + smooth);
    results[1][c] = dice;
    if (c >= first)
      results[0][0] +=
          (1 - dice) /
          static_cast<double>(op.getSumClasses() ? 1 : classes - first);
  }
}

/// Returns the log softmax of the voxel's true class.
static double logTrue(const HostTensor &logits, int64_t voxel, int64_t label) {
  auto z = logits.values().slice(voxel * logits.channels(), logits.channels());
  double largest = *std::max_element(z.begin(), z.end()), total = 0;
  for (double value : z)
    total += std::exp(value - largest);
  return z[label] - largest - std::log(total);
}

static LogicalResult crossEntropy(CrossEntropyOp op, Operands operands,
                                  Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  if (failed(checkLabels(op, labels, logits.channels())))
    return failure();
  double gamma = op.getFocalGamma().convertToDouble();
  for (int64_t v = 0; v < labels.size(); ++v) {
    double logP = logTrue(logits, v, labels.integers()[v]);
    results[0][0] -= std::pow(-std::expm1(logP), gamma) * logP /
                     static_cast<double>(labels.size());
  }
  return success();
}

static LogicalResult crossEntropyGrad(CrossEntropyGradOp op, Operands operands,
                                      Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  double upstream = (*operands[2])[0];
  int64_t classes = logits.channels();
  if (failed(checkLabels(op, labels, classes)))
    return failure();
  double gamma = op.getFocalGamma().convertToDouble();
  std::vector<double> p = softmax(logits);
  for (int64_t v = 0; v < labels.size(); ++v) {
    double slope =
        crossEntropySlope(logTrue(logits, v, labels.integers()[v]), gamma);
    for (int64_t i = v * classes; i < (v + 1) * classes; ++i)
      results[0][i] = upstream / static_cast<double>(labels.size()) * slope *
                      (target(labels, i, classes) - p[i]);
  }
  return success();
}

/// The weight of a region's cross-entropy in a voxel that counts.
template <typename OpTy>
static double regionWeight(OpTy op, double voxels) {
  if (voxels <= 0)
    return 0;
  return 1 / voxels / (op.getSumClasses() ? 1.0 : op.getRegions().size());
}

static void binaryCrossEntropy(BinaryCrossEntropyOp op, Operands operands,
                               Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  int64_t regions = logits.channels();
  double total = 0;
  for (int64_t i = 0; i < logits.size(); ++i) {
    int64_t label = labels.integers()[i / regions];
    if (isIgnored(op.getIgnored(), label))
      continue;
    double z = logits[i];
    if (isInRegion(op.getRegions(), i % regions, label))
      z = -z;
    total += std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
    results[1][0] += i % regions == 0;
  }
  results[0][0] = total * regionWeight(op, results[1][0]);
}

static void binaryCrossEntropyGrad(BinaryCrossEntropyGradOp op,
                                   Operands operands, Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  double weight = (*operands[3])[0] * regionWeight(op, (*operands[2])[0]);
  int64_t regions = logits.channels();
  for (int64_t i = 0; i < logits.size(); ++i) {
    int64_t label = labels.integers()[i / regions];
    if (!isIgnored(op.getIgnored(), label))
      results[0][i] =
          weight * (sigmoid(logits[i]) -
                    isInRegion(op.getRegions(), i % regions, label));
  }
}

static LogicalResult voxelCrossEntropy(VoxelCrossEntropyOp op,
                                       Operands operands, Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  int64_t classes = logits.channels();
  if (!op.getMasked() && failed(checkLabels(op, labels, classes)))
    return failure();
  for (int64_t v = 0; v < labels.size(); ++v)
    if (int64_t label = labels.integers()[v]; isClass(label, classes))
      results[0][v] = -logTrue(logits, v, label);
  return success();
}

static LogicalResult voxelCrossEntropyGrad(VoxelCrossEntropyGradOp op,
                                           Operands operands, Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1],
                   &grad = *operands[2];
  int64_t classes = logits.channels();
  if (!op.getMasked() && failed(checkLabels(op, labels, classes)))
    return failure();
  std::vector<double> p = softmax(logits);
  for (int64_t i = 0; i < logits.size(); ++i)
    if (isClass(labels.integers()[i / classes], classes))
      results[0][i] = grad[i / classes] * (p[i] - target(labels, i, classes));
  return success();
}

static void weightedCrossEntropy(WeightedCrossEntropyOp op, Operands operands,
                                 Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  ArrayRef<double> weights = op.getClassWeights();
  double gamma = op.getFocalGamma().convertToDouble(), total = 0;
  for (int64_t v = 0; v < labels.size(); ++v) {
    int64_t label = labels.integers()[v];
    if (!isClass(label, logits.channels()))
      continue;
    double logP = logTrue(logits, v, label);
    total -= weights[label] * std::pow(-std::expm1(logP), gamma) * logP;
    results[1][0] += weights[label];
  }
  results[0][0] = results[1][0] > 0 ? total / results[1][0] : 0;
}

static void weightedCrossEntropyGrad(WeightedCrossEntropyGradOp op,
                                     Operands operands, Results results) {
  const HostTensor &logits = *operands[0], &labels = *operands[1];
  double totalWeight = (*operands[2])[0], upstream = (*operands[3])[0];
  int64_t classes = logits.channels();
  ArrayRef<double> weights = op.getClassWeights();
  double gamma = op.getFocalGamma().convertToDouble();
  std::vector<double> p = softmax(logits);
  for (int64_t v = 0; v < labels.size(); ++v) {
    int64_t label = labels.integers()[v];
    if (!isClass(label, classes) || totalWeight <= 0)
      continue;
    double slope = crossEntropySlope(logTrue(logits, v, label), gamma);
    for (int64_t i = v * classes; i < (v + 1) * classes; ++i)
      results[0][i] = upstream * weights[label] / totalWeight * slope *
                      (target(labels, i, classes) - p[i]);
  }
}

static void weightedShare(WeightedShareOp, Operands operands, Results results) {
  double mean = (*operands[2])[0];
  results[0][0] = mean > 0 ? (*operands[0])[0] * (*operands[1])[0] / mean : 0;
}

void attachLossModels(MLIRContext *context) {
  attach<DiceOp, dice>(context);
  attach<DiceFromSumsOp, diceFromSums>(context);
  attach<DiceGradOp, diceGrad>(context);
  attach<CrossEntropyOp, crossEntropy>(context);
  attach<CrossEntropyGradOp, crossEntropyGrad>(context);
  attach<BinaryCrossEntropyOp, binaryCrossEntropy>(context);
  attach<BinaryCrossEntropyGradOp, binaryCrossEntropyGrad>(context);
  attach<VoxelCrossEntropyOp, voxelCrossEntropy>(context);
  attach<VoxelCrossEntropyGradOp, voxelCrossEntropyGrad>(context);
  attach<WeightedCrossEntropyOp, weightedCrossEntropy>(context);
  attach<WeightedCrossEntropyGradOp, weightedCrossEntropyGrad>(context);
  attach<WeightedShareOp, weightedShare>(context);
}

} // namespace segc::reference
