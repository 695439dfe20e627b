//===- AugmentOps.cpp - Augmentation of patches ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Augmentation".

#include "segc/Dialect/Seg/IR/AugmentOps.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/AugmentEntry.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace segc::seg;

#include "segc/Dialect/Seg/IR/SegAugmentEnums.cpp.inc"
#define GET_OP_CLASSES
#include "segc/Dialect/Seg/IR/SegAugmentOps.cpp.inc"

static LogicalResult verifyShape(Operation *op, StringRef what, Value value,
                                 ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  if (shape != expected)
    return op->emitOpError("expects ")
           << what << " of shape " << shapeText(expected) << ", got "
           << shapeText(shape);
  return success();
}

static LogicalResult verifyImage(Operation *op, RankedTensorType image,
                                 Value intensities) {
  if (image.getRank() != 4 && image.getRank() != 5) // augment_c1
    return op->emitOpError("expects an image of 4 or 5 dimensions, got ")
           << image.getRank();
  return verifyShape(
      op, "intensities", intensities, // augment_c2
      {image.getDimSize(0), channels(image), segc::augment::intensityNumbers});
}

static LogicalResult verifyStatistics(Operation *op, RankedTensorType image,
                                      Value statistics) {
  return verifyShape(op, "statistics", statistics, // augment_c3
                     {image.getDimSize(0), channels(image), statistic::count});
}

/// Verifies an op that changes the intensities of an image.
template <typename Op>
static LogicalResult verifyChange(Op op) {
  if (failed(verifyImage(op, op.getInput().getType(), op.getIntensities())))
    return failure();
  return verifyShape(op, "a result", op.getOutput(), // augment_c4
                     op.getInput().getType().getShape());
}

static LogicalResult verifyMaps(Operation *op, int64_t samples, Value maps) {
  return verifyShape(op, "maps", maps, // augment_c5
                     {samples, segc::augment::mapNumbers});
}

LogicalResult SamplePatchOp::verify() {
  RankedTensorType crop = getCrop().getType(), out = getOutput().getType();
  if (failed(verifyImage(*this, out, getIntensities())))
    return failure();
  int64_t samples = out.getDimSize(0);
  if (crop.getRank() != 5 || crop.getDimSize(0) != samples ||
      channels(crop) != channels(out)) // sample_patch_c1
    return emitOpError("expects a crop of 5 dimensions with ")
           << samples << " samples and " << channels(out) << " channels, got "
           << shapeText(crop.getShape());
  if (failed(verifyMaps(*this, samples, getMaps())))
    return failure();
  return verifyShape(*this, "noise keys", getNoiseKeys(), // sample_patch_c2
                     {samples, segc::augment::noiseWords});
}

LogicalResult SampleLabelsOp::verify() {
  RankedTensorType crop = getCrop().getType(), out = getOutput().getType();
  if (crop.getRank() != 4 || (out.getRank() != 3 && out.getRank() != 4) ||
      crop.getDimSize(0) != out.getDimSize(0)) // sample_labels_c1
    return emitOpError("expects a crop of 4 dimensions and labels of 3 or 4 "
                       "with equal samples, got ")
           << shapeText(crop.getShape()) << " and "
           << shapeText(out.getShape());
  if (failed(verifyMaps(*this, out.getDimSize(0), getMaps())))
    return failure();
  return verifyShape(*this, "unclamped labels",
                     getUnclamped(), // sample_labels_c2
                     out.getShape());
}

LogicalResult BlurAxisOp::verify() {
  if (failed(verifyChange(*this)))
    return failure();
  int64_t axis = static_cast<int64_t>(getAxis()),
          first = getInput().getType().getRank() == 4 ? 1 : 0;
  if (axis < first || axis > 2) // blur_axis_c1
    return emitOpError("expects an axis from ")
           << first << " to 2 of the image, got " << axis;
  return success();
}

LogicalResult ChannelStatisticsOp::verify() {
  RankedTensorType image = getInput().getType();
  return failure(failed(verifyImage(*this, image, getIntensities())) ||
                 failed(verifyStatistics(*this, image, getOutput())));
}

LogicalResult AdjustContrastOp::verify() {
  return failure(
      failed(verifyChange(*this)) ||
      failed(verifyStatistics(*this, getInput().getType(), getStatistics())));
}

LogicalResult LowerResolutionOp::verify() { return verifyChange(*this); }

static LogicalResult verifyGammaStep(Operation *op, IntensityStep step) {
  if (step == IntensityStep::contrast) // adjust_gamma_c1
    return op->emitOpError("expects the step gamma or inverted_gamma, got ")
           << stringifyIntensityStep(step);
  return success();
}

LogicalResult AdjustGammaOp::verify() {
  return failure(
      failed(verifyGammaStep(*this, getStep())) ||
      failed(verifyChange(*this)) ||
      failed(verifyStatistics(*this, getInput().getType(), getStatistics())));
}

LogicalResult RetainStatisticsOp::verify() {
  RankedTensorType image = getInput().getType();
  if (failed(verifyGammaStep(*this, getStep())) ||
      failed(verifyChange(*this)) ||
      failed(verifyStatistics(*this, image, getBefore())) ||
      failed(verifyStatistics(*this, image, getAfter())))
    return failure();
  if (Value labels = getLabels())
    return verifyShape(*this, "labels", labels, // retain_statistics_c1
                       positionDims(image));
  return success();
}
