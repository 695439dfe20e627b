//===- ShapeOps.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Shape".

#include "mlir/IR/PatternMatch.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

LogicalResult ConcatOp::verify() {
  if (getInputs().empty()) // concat_c1
    return emitOpError("expects at least one operand, got 0");
  auto out = getOutput().getType();
  int64_t total = 0;
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getRank() < 1 || type.getRank() != out.getRank() ||
        positionDims(type) != positionDims(out)) // concat_c2
      return emitOpError("expects operands of ")
             << shapeText(positionDims(out)) << " positions, got "
             << shapeText(positionDims(type));
    total += channels(type);
  }
  if (total != channels(out)) // concat_c3
    return emitOpError("operands have ")
           << total << " channels in all, but the result has " << channels(out);
  return success();
}

segc::seg::ElementSource ConcatOp::getSource(int64_t channel) {
  int64_t first = 0;
  for (Value input : getInputs()) {
    int64_t past = first + channels(cast<RankedTensorType>(input.getType()));
    if (channel < past)
      return {input, first, {}};
    first = past;
  }
  llvm_unreachable("expects a channel of the result");
}

SmallVector<int64_t> ConcatOp::getChannelCuts() {
  SmallVector<int64_t> cuts;
  int64_t past = 0;
  for (Value input : getInputs().drop_back())
    cuts.push_back(past += channels(cast<RankedTensorType>(input.getType())));
  return cuts;
}

segc::seg::ElementSource CropOp::getSource(int64_t) {
  return {getInput(), 0, llvm::to_vector(getOffsets())};
}

LogicalResult SliceChannelsOp::verify() {
  auto in = getInput().getType(), out = getOutput().getType();
  if (in.getRank() < 1 || in.getRank() != out.getRank() ||
      positionDims(in) != positionDims(out)) // slice_channels_c1
    return emitOpError("expects a result of ")
           << shapeText(positionDims(in)) << " positions, got "
           << shapeText(positionDims(out));
  int64_t offset = getOffset();
  if (offset < 0 || offset > channels(in) - channels(out)) // slice_channels_c2
    return emitOpError("expects channels within ")
           << channels(in) << ", got " << channels(out) << " from " << offset;
  return success();
}

/// Computes an input gradient that only slices read (the adjoint of a
/// concatenation) slice by slice. Each slice is computed where it is needed,
/// in one pass over memory.
LogicalResult SliceChannelsOp::canonicalize(SliceChannelsOp slice,
                                            PatternRewriter &rewriter) {
  auto whole = slice.getInput().getDefiningOp<ConvInputGradOp>();
  if (!whole || whole.getGroups() != 1)
    return failure();
  int64_t sliced = 0;
  for (Operation *user : whole->getUsers()) {
    auto other = dyn_cast<SliceChannelsOp>(user);
    if (!other)
      return failure();
    sliced += channels(other.getOutput().getType());
  }
  // Channels that slices share would be computed more than once.
  if (sliced > channels(whole.getOutput().getType()))
    return failure();
  auto part = ConvInputGradOp::create(
      rewriter, whole.getLoc(), slice.getOutput().getType(), whole.getGrad(),
      whole.getFilter(), whole.getStrides(), whole.getPadLow(),
      whole.getPadHigh(), whole.getDilationsAttr(), whole.getGroups(),
      whole.getTransposeFilter(), whole.getFirstChannel() + slice.getOffset());
  part->setDiscardableAttrs(whole->getDiscardableAttrDictionary());
  rewriter.replaceOp(slice, part);
  return success();
}

/// Verifies that a window of `small`'s size at `offsets` is inside `large`.
static LogicalResult verifyWindow(Operation *op, RankedTensorType large,
                                  RankedTensorType small,
                                  ArrayRef<int64_t> offsets) {
  int64_t rank = large.getRank() - 2;
  if (rank < 1 || small.getRank() != large.getRank() ||
      static_cast<int64_t>(offsets.size()) != rank) // crop_c1
    return op->emitOpError("expects an offset for each of the ")
           << rank << " spatial dimensions, got " << offsets.size();
  if (large.getDimSize(0) != small.getDimSize(0) ||
      channels(large) != channels(small)) // crop_c2
    return op->emitOpError("expects equal samples and channels, got ")
           << shapeText(large.getShape()) << " and "
           << shapeText(small.getShape());
  for (auto [n, m, o] :
       llvm::zip_equal(spatialDims(large), spatialDims(small), offsets))
    if (o < 0 || o > n - m) // crop_c3
      return op->emitOpError("expects a window within ")
             << n << ", got " << m << " from " << o;
  return success();
}

LogicalResult CropOp::verify() {
  return verifyWindow(*this, getInput().getType(), getOutput().getType(),
                      getOffsets());
}
LogicalResult PadOp::verify() {
  return verifyWindow(*this, getOutput().getType(), getInput().getType(),
                      getLow());
}

static LogicalResult verifyResize(Operation *op, RankedTensorType in,
                                  RankedTensorType out) {
  if (in.getRank() < 3 || in.getRank() != out.getRank() ||
      in.getDimSize(0) != out.getDimSize(0) ||
      channels(in) != channels(out)) // resize_c1
    return op->emitOpError("expects equal ranks, samples and channels, got ")
           << shapeText(in.getShape()) << " and " << shapeText(out.getShape());
  return success();
}
LogicalResult ResizeOp::verify() {
  return verifyResize(*this, getInput().getType(), getOutput().getType());
}
LogicalResult ResizeGradOp::verify() {
  return verifyResize(*this, getGrad().getType(), getOutput().getType());
}

LogicalResult DownsampleLabelsOp::verify() {
  RankedTensorType in = getInput().getType(), out = getOutput().getType();
  if (in.getRank() < 2 || in.getRank() != out.getRank() ||
      in.getDimSize(0) != out.getDimSize(0)) // downsample_labels_c1
    return emitOpError("expects equal ranks and samples, got ")
           << shapeText(in.getShape()) << " and " << shapeText(out.getShape());
  for (int64_t axis = 1; axis < in.getRank(); ++axis)
    if (in.getDimSize(axis) % out.getDimSize(axis)) // downsample_labels_c2
      return emitOpError("expects sizes that divide those of the input, got ")
             << shapeText(in.getShape()) << " and "
             << shapeText(out.getShape());
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 ? getInputs().front() : Value();
}
OpFoldResult CropOp::fold(FoldAdaptor) {
  return getInput().getType() == getOutput().getType() ? getInput() : Value();
}
OpFoldResult PadOp::fold(FoldAdaptor) {
  return getInput().getType() == getOutput().getType() ? getInput() : Value();
}
OpFoldResult ResizeOp::fold(FoldAdaptor) {
  return getInput().getType() == getOutput().getType() ? getInput() : Value();
}
OpFoldResult DownsampleLabelsOp::fold(FoldAdaptor) {
  return getInput().getType() == getOutput().getType() ? getInput() : Value();
}
