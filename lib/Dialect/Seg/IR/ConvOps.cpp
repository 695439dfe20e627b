//===- ConvOps.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Constraints are numbered as in docs/Spec.md, "Convolutions".

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using namespace segc::seg;

namespace {

/// The three tensors of a convolution, whichever of them the op produces: the
/// large side (the forward input), the small side (the forward output) and the
/// filter.
struct ConvShapes {
  RankedTensorType large, small, filter;
  ArrayRef<int64_t> strides, low, high;
  std::optional<ArrayRef<int64_t>> dilations;
  int64_t groups;
  bool transposeFilter;
  /// The first of the filter's input channels that the large side has; null if
  /// it has all.
  std::optional<int64_t> firstChannel = std::nullopt;
};

template <typename OpTy>
int64_t groupsOf(OpTy op) {
  return static_cast<int64_t>(op.getGroups());
}

/// Verifies strides and padding before shapes are computed from them.
LogicalResult verifySteps(Operation *op, int64_t rank,
                          ArrayRef<int64_t> strides, ArrayRef<int64_t> low,
                          ArrayRef<int64_t> high) {
  for (auto [name, values, min] :
       {std::tuple("strides", strides, 1), std::tuple("pad_low", low, 0),
        std::tuple("pad_high", high, 0)}) { // conv_c4
    if (static_cast<int64_t>(values.size()) != rank)
      return op->emitOpError("expects ")
             << rank << " values in " << name << ", got " << values.size();
    for (int64_t value : values) {
      if (value < min)
        return op->emitOpError("expects ")
               << name << " of at least " << min << ", got " << value;
      if (value > maxStep)
        return op->emitOpError("expects ")
               << name << " of at most " << maxStep << ", got " << value;
    }
  }
  return success();
}

LogicalResult verifyDilations(Operation *op,
                              std::optional<ArrayRef<int64_t>> dilations,
                              int64_t rank) {
  if (!dilations)
    return success();
  if (static_cast<int64_t>(dilations->size()) != rank) // conv_c11
    return op->emitOpError("expects ")
           << rank << " values in dilations, got " << dilations->size();
  for (int64_t value : *dilations)
    if (value < 1 || value > maxStep)
      return op->emitOpError("expects dilations from 1 to ")
             << maxStep << ", got " << value;
  return success();
}

LogicalResult verifyConv(Operation *op, const ConvShapes &conv) {
  int64_t rank = conv.large.getRank() - 2;
  if (rank != 2 && rank != 3) // conv_c1
    return op->emitOpError("expects activations of rank 4 or 5 (N, spatial, "
                           "C), got ")
           << conv.large;
  if (conv.small.getRank() != rank + 2 || conv.filter.getRank() != rank + 2)
    return op->emitOpError(
               "expects input, output and filter of one rank, got ") // conv_c2
           << conv.large << ", " << conv.small << " and " << conv.filter;
  if (failed(verifySteps(op, rank, conv.strides, conv.low, conv.high)))
    return failure();
  if (failed(verifyDilations(op, conv.dilations, rank)))
    return failure();
  Shape taps = dilatedTaps(conv.filter.getShape().drop_back(2), conv.dilations);
  int64_t groups = conv.groups;
  if (groups < 1 || channels(conv.large) % groups != 0 ||
      channels(conv.small) % groups != 0) // conv_c12
    return op->emitOpError("expects groups that divide the channels of input "
                           "and output, ")
           << channels(conv.large) << " and " << channels(conv.small)
           << ", got " << groups;
  int64_t inChannels =
      groups * conv.filter.getDimSize(rank + (conv.transposeFilter ? 1 : 0));
  int64_t outChannels =
      conv.filter.getDimSize(rank + (conv.transposeFilter ? 0 : 1));
  if (conv.firstChannel && groups == 1) {
    if (*conv.firstChannel < 0 || *conv.firstChannel > inChannels ||
        channels(conv.large) >
            inChannels - *conv.firstChannel) // conv_input_grad_c1
      return op->emitOpError("filter has ")
             << inChannels << " input channels, but the result has "
             << channels(conv.large) << " from channel " << *conv.firstChannel
             << " on";
  } else if (conv.firstChannel && *conv.firstChannel != 0) {
    return op->emitOpError(
               "expects first_channel 0 with ") // conv_input_grad_c2
           << groups << " groups, got " << *conv.firstChannel;
  } else if (channels(conv.large) != inChannels) { // conv_c5
    InFlightDiagnostic error = op->emitOpError("filter has ")
                               << inChannels << " input channels, ";
    if (groups != 1)
      error << inChannels / groups << " for each of " << groups << " groups, ";
    return error << "but the input has " << channels(conv.large);
  }
  if (channels(conv.small) != outChannels) // conv_c6
    return op->emitOpError("filter has ")
           << outChannels << " output channels, but the output has "
           << channels(conv.small);
  if (conv.large.getDimSize(0) != conv.small.getDimSize(0)) // conv_c7
    return op->emitOpError("expects one number of samples, got ")
           << conv.large.getDimSize(0) << " and " << conv.small.getDimSize(0);
  Shape expected = convOutputSpatial(spatialDims(conv.large), taps,
                                     conv.strides, conv.low, conv.high);
  if (ArrayRef<int64_t>(expected) != spatialDims(conv.small)) // conv_c8
    return op->emitOpError("expects spatial size ")
           << shapeText(expected) << " by strides and padding, got "
           << shapeText(spatialDims(conv.small));
  if (conv.large.getElementType() != conv.small.getElementType() ||
      conv.large.getElementType() != conv.filter.getElementType())
    return op->emitOpError("expects one element type, got ") // conv_c9
           << conv.large.getElementType() << ", " << conv.small.getElementType()
           << " and " << conv.filter.getElementType();
  return success();
}

LogicalResult verifyBias(Operation *op, Value bias, int64_t outChannels) {
  if (!bias)
    return success();
  auto type = cast<RankedTensorType>(bias.getType());
  if (type.getRank() != 1 || type.getDimSize(0) != outChannels) // conv_c10
    return op->emitOpError("expects a bias of ")
           << outChannels << " values, got " << type;
  return success();
}

} // namespace

LogicalResult ConvOp::verify() {
  if (failed(verifyConv(*this, {getInput().getType(), getOutput().getType(),
                                getFilter().getType(), getStrides(),
                                getPadLow(), getPadHigh(), getDilations(),
                                groupsOf(*this), getTransposeFilter()})))
    return failure();
  return verifyBias(*this, getBias(), channels(getOutput().getType()));
}

LogicalResult ConvTransposeOp::verify() {
  // The op is the transpose of a convolution from its output to its input,
  // whose filter is [taps, in, out] with this op's in and out.
  if (getInput().getType().getRank() < 3)
    return emitOpError(
               "expects activations of rank 4 or 5 (N, spatial, C), got ")
           << getInput().getType();
  ArrayRef<int64_t> taps = getFilter().getType().getShape().drop_back(
      std::min<size_t>(2, getFilter().getType().getRank()));
  ArrayRef<int64_t> in = spatialDims(getInput().getType());
  if (failed(verifySteps(*this, in.size(), getStrides(), getPadLow(),
                         getPadHigh())))
    return failure();
  if (taps.size() == in.size() &&
      getOutput().getType().getRank() == getInput().getType().getRank()) {
    if (failed(verifyDilations(*this, getDilations(), in.size())))
      return failure();
    Shape expected =
        convTransposeOutputSpatial(in, dilatedTaps(taps, getDilations()),
                                   getStrides(), getPadLow(), getPadHigh());
    if (ArrayRef<int64_t>(expected) !=
        spatialDims(getOutput().getType())) // conv_transpose_c1
      return emitOpError("expects spatial size ")
             << shapeText(expected) << " by strides and padding, got "
             << shapeText(spatialDims(getOutput().getType()));
  }
  if (failed(verifyConv(*this,
                        {getOutput().getType(), getInput().getType(),
                         getFilter().getType(), getStrides(), getPadLow(),
                         getPadHigh(), getDilations(), groupsOf(*this), true})))
    return failure();
  return verifyBias(*this, getBias(), channels(getOutput().getType()));
}

LogicalResult ConvInputGradOp::verify() {
  return verifyConv(*this, {getOutput().getType(), getGrad().getType(),
                            getFilter().getType(), getStrides(), getPadLow(),
                            getPadHigh(), getDilations(), groupsOf(*this),
                            getTransposeFilter(), getFirstChannel()});
}

LogicalResult ConvFilterGradOp::verify() {
  return verifyConv(*this, {getInput().getType(), getGrad().getType(),
                            getOutput().getType(), getStrides(), getPadLow(),
                            getPadHigh(), getDilations(), groupsOf(*this),
                            getTransposeFilter()});
}

LogicalResult ChannelSumOp::verify() {
  auto in = getInput().getType(), out = getOutput().getType();
  if (in.getRank() < 1 || out.getRank() != 1 ||
      out.getDimSize(0) != channels(in)) // channel_sum_c1
    return emitOpError("expects one value for each channel of ")
           << in << ", got " << out;
  return success();
}

//===----------------------------------------------------------------------===//
// Cost
//===----------------------------------------------------------------------===//

/// Returns the operations of the convolution between the two sides: a
/// multiplication and an addition for each tap, position of the small side, and
/// pair of channels of a group.
template <typename OpTy>
static double convFlops(OpTy op, RankedTensorType read,
                        RankedTensorType written, RankedTensorType filter,
                        RankedTensorType small) {
  int64_t positions = ShapedType::getNumElements(positionDims(small)),
          taps = ShapedType::getNumElements(filter.getShape().drop_back(2));
  return 2.0 * static_cast<double>(positions) * static_cast<double>(taps) *
         static_cast<double>(channels(read) /
                             static_cast<int64_t>(op.getGroups())) *
         static_cast<double>(channels(written));
}

double ConvOp::flops() {
  return convFlops(*this, getInput().getType(), getOutput().getType(),
                   getFilter().getType(), getOutput().getType());
}
double ConvTransposeOp::flops() {
  return convFlops(*this, getInput().getType(), getOutput().getType(),
                   getFilter().getType(), getInput().getType());
}
double ConvInputGradOp::flops() {
  return convFlops(*this, getGrad().getType(), getOutput().getType(),
                   getFilter().getType(), getGrad().getType());
}
double ConvFilterGradOp::flops() {
  return convFlops(*this, getInput().getType(), getGrad().getType(),
                   getOutput().getType(), getGrad().getType());
}
