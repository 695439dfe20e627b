//===- LossOps.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Losses".

#include "KernelNumbers.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc::seg;

/// Losses of regions, which overlap, make sense of one.
static LogicalResult verifyLabels(Operation *op, RankedTensorType logits,
                                  RankedTensorType labels,
                                  int64_t leastClasses = 2) {
  if (logits.getRank() < 3 ||
      labels.getShape() != positionDims(logits)) // loss_c1
    return op->emitOpError("expects labels of shape ")
           << shapeText(positionDims(logits)) << ", got "
           << shapeText(labels.getShape());
  if (channels(logits) < leastClasses) // loss_c2
    return op->emitOpError("expects at least 2 classes, got ")
           << channels(logits);
  return success();
}

/// Verifies regions, if there are any, and the label that is left out.
static LogicalResult verifyRegionValues(Operation *op, RankedTensorType logits,
                                        ArrayAttr regions,
                                        std::optional<uint64_t> ignored) {
  // Labels are of 32 bits.
  constexpr int64_t maxLabel = INT32_MAX;
  auto isLabel = [](int64_t value) { return value >= 0 && value <= maxLabel; };
  const auto left = static_cast<int64_t>(ignored.value_or(0));
  if (!regions) {
    if (ignored) // regions_c1
      return op->emitOpError("expects regions beside the ignored label ")
             << left << ", got none";
    return success();
  }
  if (static_cast<int64_t>(regions.size()) != channels(logits)) // regions_c2
    return op->emitOpError("expects label values for each of the ")
           << channels(logits) << " regions, got " << regions.size();
  if (!isLabel(left)) // regions_c3
    return op->emitOpError("expects an ignored label from 0 to ")
           << maxLabel << ", got " << left;
  for (auto [number, region] :
       llvm::enumerate(regions.getAsRange<ArrayAttr>())) {
    if (region.empty()) // regions_c3
      return op->emitOpError("expects label values of region ")
             << number << ", got none";
    for (auto attribute : region.getAsRange<IntegerAttr>()) {
      int64_t value = attribute.getInt();
      if (!isLabel(value)) // regions_c3
        return op->emitOpError("expects label values from 0 to ")
               << maxLabel << ", got " << value;
      if (ignored && value == left) // regions_c4
        return op->emitOpError("expects regions without the ignored label ")
               << left << ", got it in region " << number;
    }
  }
  return success();
}

/// A Dice value for each class.
static LogicalResult verifyPerClass(Operation *op, int64_t classes,
                                    RankedTensorType perClass) {
  if (perClass.getRank() != 1 || perClass.getDimSize(0) != classes) // dice_c2
    return op->emitOpError("expects a Dice value for each of the ")
           << classes << " classes, got " << shapeText(perClass.getShape());
  return success();
}

static LogicalResult verifySums(Operation *op, RankedTensorType logits,
                                RankedTensorType sums) {
  Shape expected{logits.getDimSize(0), 3, channels(logits)};
  if (sums.getShape() != ArrayRef<int64_t>(expected)) // dice_c1
    return op->emitOpError("expects sums of shape ")
           << shapeText(expected) << ", got " << shapeText(sums.getShape());
  return success();
}

static LogicalResult verifySmooth(Operation *op, double smooth) {
  if (!isPositiveF32(smooth)) // dice_c3
    return op->emitOpError("expects a finite smooth above 0 (a class that is "
                           "nowhere is 0/0 without), got ")
           << smooth << beyondF32(smooth);
  return success();
}

/// Verifies what dice and dice_grad share.
template <typename OpTy>
static LogicalResult verifyDiceAttributes(OpTy op) {
  auto logits = op.getLogits().getType();
  ArrayAttr regions = op.getRegionsAttr();
  if (failed(verifyLabels(op, logits, op.getLabels().getType(),
                          /*leastClasses=*/regions ? 1 : 2)) ||
      failed(verifySmooth(op, op.getSmooth().convertToDouble())) ||
      failed(verifySums(op, logits, op.getSums().getType())) ||
      failed(verifyRegionValues(op, logits, regions, op.getIgnored())))
    return failure();
  if (regions && (op.getMasked() || op.getExcludeBackground())) // dice_c4
    return op->emitOpError("expects neither masked nor exclude_background with "
                           "regions, which have no background, got ")
           << (op.getMasked() ? "masked" : "exclude_background");
  return success();
}

static LogicalResult verifyLossGrad(Operation *op, Type logits, Type output) {
  if (logits != output) // loss_c3
    return op->emitOpError("expects a result of the logits' type ")
           << logits << ", got " << output;
  return success();
}

Value DiceOp::getReduced() { return getLogits(); }

LogicalResult DiceOp::verify() {
  if (failed(verifyDiceAttributes(*this)))
    return failure();
  return verifyPerClass(*this, channels(getLogits().getType()),
                        getPerClass().getType());
}

LogicalResult DiceFromSumsOp::verify() {
  auto sums = getSums().getType();
  if (sums.getRank() != 3 || sums.getDimSize(1) != 3) // dice_from_sums_c1
    return emitOpError("expects three sums of each sample and class, [N, 3, "
                       "C], got ")
           << shapeText(sums.getShape());
  if (failed(verifySmooth(*this, getSmooth().convertToDouble())))
    return failure();
  return verifyPerClass(*this, channels(sums), getPerClass().getType());
}

LogicalResult DiceGradOp::verify() {
  if (failed(verifyDiceAttributes(*this)))
    return failure();
  return verifyLossGrad(*this, getLogits().getType(), getOutput().getType());
}

static LogicalResult verifyGamma(Operation *op, double gamma) {
  if (!(gamma >= 0)) // cross_entropy_c1
    return op->emitOpError("expects focal_gamma of at least 0, got ") << gamma;
  if (!isFiniteF32(gamma)) // cross_entropy_c1
    return op->emitOpError("expects a finite focal_gamma, got ")
           << gamma << beyondF32(gamma);
  return success();
}

Value CrossEntropyOp::getReduced() { return getLogits(); }

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyGamma(*this, getFocalGamma().convertToDouble())))
    return failure();
  return verifyLabels(*this, getLogits().getType(), getLabels().getType());
}

static LogicalResult verifyClassWeights(Operation *op, RankedTensorType logits,
                                        ArrayRef<double> weights) {
  if (static_cast<int64_t>(weights.size()) !=
      channels(logits)) // weighted_cross_entropy_c1
    return op->emitOpError("expects a weight for each of the ")
           << channels(logits) << " classes, got " << weights.size();
  double largest = 0;
  for (double weight : weights) {
    if (!(weight >= 0) || !isFiniteF32(weight)) // weighted_cross_entropy_c2
      return op->emitOpError("expects finite weights of at least 0, got ")
             << weight << beyondF32(weight);
    largest = std::max(largest, weight);
  }
  if (largest == 0) // weighted_cross_entropy_c2
    return op->emitOpError("expects a class with a weight above 0, got none");
  return success();
}

Value WeightedCrossEntropyOp::getReduced() { return getLogits(); }

LogicalResult WeightedCrossEntropyOp::verify() {
  auto logits = getLogits().getType();
  if (failed(verifyGamma(*this, getFocalGamma().convertToDouble())) ||
      failed(verifyLabels(*this, logits, getLabels().getType())))
    return failure();
  return verifyClassWeights(*this, logits, getClassWeights());
}

LogicalResult WeightedCrossEntropyGradOp::verify() {
  auto logits = getLogits().getType();
  if (failed(verifyGamma(*this, getFocalGamma().convertToDouble())) ||
      failed(verifyLabels(*this, logits, getLabels().getType())) ||
      failed(verifyClassWeights(*this, logits, getClassWeights())))
    return failure();
  return verifyLossGrad(*this, logits, getOutput().getType());
}

Value WeightedShareOp::emitPoint(OpBuilder &b, Location loc, ValueRange args,
                                 Value) {
  PointwiseMath m(b, loc, args[0].getType());
  Value share = m.mul(args[0], m.div(args[1], args[2]));
  return m.select(m.greater(args[2], m.constant(0)), share, m.constant(0));
}

LogicalResult CrossEntropyGradOp::verify() {
  if (failed(verifyGamma(*this, getFocalGamma().convertToDouble())) ||
      failed(verifyLabels(*this, getLogits().getType(), getLabels().getType())))
    return failure();
  return verifyLossGrad(*this, getLogits().getType(), getOutput().getType());
}

Value BinaryCrossEntropyOp::getReduced() { return getLogits(); }

LogicalResult BinaryCrossEntropyOp::verify() {
  auto logits = getLogits().getType();
  return failure(
      failed(verifyLabels(*this, logits, getLabels().getType(),
                          /*leastClasses=*/1)) ||
      failed(verifyRegionValues(*this, logits, getRegions(), getIgnored())));
}

LogicalResult BinaryCrossEntropyGradOp::verify() {
  auto logits = getLogits().getType();
  if (failed(verifyLabels(*this, logits, getLabels().getType(),
                          /*leastClasses=*/1)) ||
      failed(verifyRegionValues(*this, logits, getRegions(), getIgnored())))
    return failure();
  return verifyLossGrad(*this, logits, getOutput().getType());
}

/// Verifies a number for each voxel.
static LogicalResult verifyVoxels(Operation *op, RankedTensorType logits,
                                  RankedTensorType voxels) {
  Shape expected(logits.getShape());
  expected.back() = 1;
  auto type = RankedTensorType::get(expected, logits.getElementType());
  if (voxels != type) // voxel_cross_entropy_c1
    return op->emitOpError("expects a number for each voxel, ")
           << type << ", got " << voxels;
  return success();
}

LogicalResult VoxelCrossEntropyOp::verify() {
  auto logits = getLogits().getType();
  return failure(failed(verifyLabels(*this, logits, getLabels().getType())) ||
                 failed(verifyVoxels(*this, logits, getLosses().getType())));
}

LogicalResult VoxelCrossEntropyGradOp::verify() {
  auto logits = getLogits().getType();
  if (failed(verifyLabels(*this, logits, getLabels().getType())) ||
      failed(verifyVoxels(*this, logits, getGrad().getType())))
    return failure();
  return verifyLossGrad(*this, logits, getOutput().getType());
}
