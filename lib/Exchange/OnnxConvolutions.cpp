//===- OnnxConvolutions.cpp - Convolutions, norms and poolings of ONNX ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxLayers.h"

using namespace mlir;
using namespace segc;
using onnx::NodeProto;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

OnnxLayers::Padding OnnxLayers::padding(OnnxAttributes &attributes,
                                        ArrayRef<int64_t> in,
                                        ArrayRef<int64_t> taps,
                                        ArrayRef<int64_t> strides) {
  const size_t rank = in.size();
  const seg::Shape pads = attributes.steps("pads", 2 * rank, 0, 0);
  Padding result{seg::Shape(pads.begin(), pads.begin() + rank),
                 seg::Shape(pads.begin() + rank, pads.end())};
  const std::string automatic = attributes.text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER")
    for (size_t i = 0; i < rank; ++i) {
      const int64_t out = (in[i] - 1) / strides[i] + 1;
      const int64_t total = std::clamp<int64_t>(
          (out - 1) * strides[i] + taps[i] - in[i], 0, 2 * seg::maxStep);
      result.low[i] = total / 2;
      result.high[i] = total - total / 2;
      if (automatic == "SAME_LOWER")
        std::swap(result.low[i], result.high[i]);
    }
  else if (automatic != "NOTSET" && automatic != "VALID")
    attributes.fail("attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER "
                    "or SAME_LOWER, got " +
                    automatic);
  return result;
}

/// Null where all are 1, which seg.conv leaves out.
static DenseI64ArrayAttr dilationsAttr(OpBuilder &b, ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; })
             ? DenseI64ArrayAttr()
             : b.getDenseI64ArrayAttr(values);
}

llvm::Expected<OnnxLayers::Convolved>
OnnxLayers::convolvedBy(const NodeProto &node, ForeignLayout layout) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  llvm::Expected<Value> filter = parameter(node, 1, Role::filter(layout));
  if (!filter)
    return filter.takeError();
  llvm::Expected<Value> bias = optionalParameter(node, 2, Role::filled(0));
  if (!bias)
    return bias.takeError();
  return Convolved{*input, *filter, *bias};
}

/// What a node says of the size of its filter, if anything, is that of it.
static void expectKernel(OnnxAttributes &attributes, ArrayRef<int64_t> taps) {
  const seg::Shape kernel = attributes.list("kernel_shape");
  if (!kernel.empty() && ArrayRef<int64_t>(kernel) != taps)
    attributes.fail("attribute 'kernel_shape': expected that of the filter, " +
                    seg::shapeText(taps));
}

llvm::Error OnnxLayers::addConv(const NodeProto &node) {
  llvm::Expected<Convolved> convolved =
      convolvedBy(node, ForeignLayout::OutputFirst);
  if (!convolved)
    return convolved.takeError();
  const auto [input, filter, bias] = *convolved;
  OnnxAttributes attributes(node);
  ArrayRef<int64_t> in = seg::spatialDims(typeOf(input)),
                    taps = typeOf(filter).getShape().drop_back(2);
  const seg::Shape strides = attributes.steps("strides", spatialRank, 1, 1),
                   dilations = attributes.steps("dilations", spatialRank, 1, 1);
  const int64_t groups = attributes.integer("group", 1);
  const seg::Shape reach = seg::dilatedTaps(taps, ArrayRef<int64_t>(dilations));
  const Padding pads = padding(attributes, in, reach, strides);
  expectKernel(attributes, taps);
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto type = resultType(
      node, input,
      seg::convOutputSpatial(in, reach, strides, pads.low, pads.high),
      seg::channels(typeOf(filter)));
  if (!type)
    return type.takeError();
  return define(node, seg::ConvOp::create(b, at(node), *type, input, filter,
                                          bias, strides, pads.low, pads.high,
                                          dilationsAttr(b, dilations), groups));
}

llvm::Error OnnxLayers::addConvTranspose(const NodeProto &node) {
  llvm::Expected<Convolved> convolved =
      convolvedBy(node, ForeignLayout::InputFirst);
  if (!convolved)
    return convolved.takeError();
  const auto [input, filter, bias] = *convolved;
  OnnxAttributes attributes(node);
  ArrayRef<int64_t> in = seg::spatialDims(typeOf(input)),
                    taps = typeOf(filter).getShape().drop_back(2);
  const seg::Shape strides = attributes.steps("strides", spatialRank, 1, 1),
                   dilations = attributes.steps("dilations", spatialRank, 1, 1),
                   more = attributes.steps("output_padding", spatialRank, 0, 0),
                   pads = attributes.steps("pads", 2 * spatialRank, 0, 0);
  const int64_t groups = attributes.integer("group", 1);
  attributes.expect("auto_pad", "NOTSET");
  expectKernel(attributes, taps);
  seg::Shape low, high;
  for (size_t i = 0; i < spatialRank; ++i) {
    low.push_back(pads[i]);
    high.push_back(pads[spatialRank + i] - more[i]);
    if (high.back() < 0)
      attributes.fail("attribute 'output_padding': expected at most the "
                      "padding behind, " +
                      Twine(pads[spatialRank + i]) + ", got " + Twine(more[i]));
  }
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  const int64_t groupChannels = seg::channels(typeOf(filter));
  if (groups < 1 || groups > groupChannels * seg::maxStep)
    return error(node, "expected groups of channels, got " + Twine(groups));
  auto type =
      resultType(node, input,
                 seg::convTransposeOutputSpatial(
                     in, seg::dilatedTaps(taps, ArrayRef<int64_t>(dilations)),
                     strides, low, high),
                 groupChannels * std::min<int64_t>(groups, seg::maxStep));
  if (!type)
    return type.takeError();
  return define(node, seg::ConvTransposeOp::create(
                          b, at(node), *type, input, filter, bias, strides, low,
                          high, dilationsAttr(b, dilations), groups));
}

llvm::Error OnnxLayers::addBatchNorm(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  const Role roles[] = {Role::filled(1), Role::filled(0), Role::state(0),
                        Role::state(1)};
  SmallVector<Value> values;
  for (auto [i, role] : llvm::enumerate(roles)) {
    llvm::Expected<Value> value =
        parameter(node, static_cast<int>(i) + 1, role);
    if (!value)
      return value.takeError();
    values.push_back(*value);
  }
  OnnxAttributes attributes(node);
  const double epsilon = attributes.number("epsilon", 1e-5),
               momentum = attributes.number("momentum", 0.9);
  attributes.expect("training_mode", int64_t{0});
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  return define(
      node, seg::BatchNormOp::create(b, at(node), typeOf(*input), *input,
                                     values[0], values[1], values[2], values[3],
                                     APFloat(epsilon), APFloat(momentum)));
}

llvm::Error OnnxLayers::addNorm(const NodeProto &node,
                                OnnxAttributes &attributes, seg::NormKind kind,
                                int64_t groups) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  llvm::Expected<Value> gamma = parameter(node, 1, Role::filled(1));
  if (!gamma)
    return gamma.takeError();
  llvm::Expected<Value> beta = parameter(node, 2, Role::filled(0));
  if (!beta)
    return beta.takeError();
  const double epsilon = attributes.number("epsilon", 1e-5);
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto type = typeOf(*input);
  const int64_t channels = seg::channels(type);
  auto statistics = RankedTensorType::get({type.getDimSize(0), channels},
                                          type.getElementType());
  return define(node, seg::NormOp::create(b, at(node), type, statistics,
                                          statistics, *input, *gamma, *beta,
                                          kind, groups, APFloat(epsilon))
                          .getOutput());
}

llvm::Error OnnxLayers::addInstanceNorm(const NodeProto &node) {
  OnnxAttributes attributes(node);
  return addNorm(node, attributes, seg::NormKind::instance, 0);
}

llvm::Error OnnxLayers::addGroupNorm(const NodeProto &node) {
  if (file.opset() < onnxGroupNormOpset)
    return error(node, "expected opset " + Twine(onnxGroupNormOpset) +
                           ", from which on it has a scale for each channel, "
                           "got " +
                           Twine(file.opset()));
  OnnxAttributes attributes(node);
  const int64_t groups = attributes.integer("num_groups", 0);
  attributes.expect("stash_type", int64_t{onnx::TensorProto::FLOAT});
  return addNorm(node, attributes, seg::NormKind::group, groups);
}

/// Refuses what seg's poolings do not have.
static void checkPooling(OnnxAttributes &attributes, ArrayRef<int64_t> in,
                         ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                         ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  for (int64_t dilation : attributes.steps("dilations", window.size(), 1, 1))
    if (dilation != 1)
      attributes.fail("attribute 'dilations': expected 1");
  // Where windows end with the input, rounding up is rounding down.
  if (attributes.integer("ceil_mode", 0) != 0)
    for (size_t i = 0; i < in.size(); ++i)
      if ((in[i] + low[i] + high[i] - window[i]) % strides[i] != 0)
        attributes.fail("attribute 'ceil_mode': expected 0, as windows of " +
                        Twine(window[i]) + " do not end with the input");
}

llvm::Error OnnxLayers::addMaxPool(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  ArrayRef<int64_t> in = seg::spatialDims(typeOf(*input));
  const seg::Shape window = attributes.steps("kernel_shape", spatialRank, 1, 1),
                   strides = attributes.steps("strides", spatialRank, 1, 1);
  const Padding pads = padding(attributes, in, window, strides);
  for (int64_t pad : llvm::concat<const int64_t>(pads.low, pads.high))
    if (pad != 0)
      attributes.fail("attribute 'pads': expected 0, got " + Twine(pad));
  attributes.expect("storage_order", int64_t{0});
  checkPooling(attributes, in, window, strides, pads.low, pads.high);
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto type = resultType(
      node, *input,
      seg::convOutputSpatial(in, window, strides, pads.low, pads.high),
      seg::channels(typeOf(*input)));
  if (!type)
    return type.takeError();
  return define(node, seg::MaxPoolOp::create(b, at(node), *type, *input, window,
                                             strides));
}

llvm::Error OnnxLayers::addAvgPool(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  ArrayRef<int64_t> in = seg::spatialDims(typeOf(*input));
  const seg::Shape window = attributes.steps("kernel_shape", spatialRank, 1, 1),
                   strides = attributes.steps("strides", spatialRank, 1, 1);
  const Padding pads = padding(attributes, in, window, strides);
  const bool all = attributes.integer("count_include_pad", 0) != 0;
  checkPooling(attributes, in, window, strides, pads.low, pads.high);
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto type = resultType(
      node, *input,
      seg::convOutputSpatial(in, window, strides, pads.low, pads.high),
      seg::channels(typeOf(*input)));
  if (!type)
    return type.takeError();
  return define(node,
                seg::AvgPoolOp::create(b, at(node), *type, *input, window,
                                       strides, pads.low, pads.high, all));
}
