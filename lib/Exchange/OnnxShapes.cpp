//===- OnnxShapes.cpp - Elementwise and shape ops of ONNX -----------------===//
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

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

llvm::Error OnnxLayers::addUnary(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  if (node.op_type() == "Relu")
    return define(node, seg::ReluOp::create(b, at(node), *input));
  return define(node, seg::SigmoidOp::create(b, at(node), *input));
}

llvm::Error OnnxLayers::addLeakyRelu(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  const double slope = attributes.number("alpha", 0.01);
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  if (slope == 0)
    return define(node, seg::ReluOp::create(b, at(node), *input));
  return define(node,
                seg::LeakyReluOp::create(b, at(node), *input, APFloat(slope)));
}

llvm::Error OnnxLayers::addPRelu(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  if (!has(node, 1))
    return error(node, "expected a slope as input #1");
  const RankedTensorType type = typeOf(*input);
  Role role = Role::filled(0.25);
  role.layout = ForeignLayout::PerChannel;
  llvm::Expected<Value> slope =
      channelParameter(node, 1, seg::channels(type), role);
  if (!slope)
    return slope.takeError();
  return define(node, seg::PReluOp::create(b, at(node), type, *input, *slope));
}

/// The axis counted from 0; `rank` for one that there is not.
static int64_t axisOf(int64_t axis, int64_t rank) {
  const int64_t counted = axis < 0 ? axis + rank : axis;
  return counted < 0 ? rank : counted;
}

llvm::Error OnnxLayers::addSoftmax(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  const int64_t axis = attributes.integer("axis", -1);
  if (axisOf(axis, typeOf(*input).getRank()) != 1)
    attributes.fail("attribute 'axis': expected that of the channels, 1, got " +
                    Twine(axis));
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  return define(node, seg::SoftmaxOp::create(b, at(node), *input));
}

llvm::Error OnnxLayers::addBinary(const NodeProto &node) {
  if (!has(node, 0) || !has(node, 1))
    return error(node, "expected two inputs");
  const bool constants[] = {tensor(node.input(0)) != nullptr,
                            tensor(node.input(1)) != nullptr};
  if (constants[0] && constants[1])
    return error(node, "expected an activation, got two tensors");
  SmallVector<Value> operands(2);
  for (int i = 0; i < 2; ++i)
    if (!constants[i]) {
      llvm::Expected<Value> value = activation(node, i);
      if (!value)
        return value.takeError();
      operands[i] = *value;
    }
  // Of two activations one may have a single channel.
  RankedTensorType type = typeOf(operands[constants[0] ? 1 : 0]);
  if (!constants[0] && !constants[1] &&
      seg::channels(typeOf(operands[1])) > seg::channels(type))
    type = typeOf(operands[1]);
  const StringRef kind = node.op_type();
  for (int i = 0; i < 2; ++i)
    if (constants[i]) {
      const onnx::TensorProto *found = tensor(node.input(i));
      auto shape = file.checkedShape(*found);
      if (!shape)
        return shape.takeError();
      const bool single =
          llvm::all_of(*shape, [](int64_t size) { return size == 1; });
      if (kind == "Mul" && single) {
        auto factor = file.floats(*found);
        if (!factor)
          return factor.takeError();
        return define(node, seg::ScaleOp::create(
                                b, at(node), operands[1 - i],
                                APFloat(static_cast<double>(factor->front()))));
      }
      Role role = Role::filled(kind == "Mul" ? 1 : 0);
      role.layout = ForeignLayout::PerChannel;
      llvm::Expected<Value> value =
          channelParameter(node, i, seg::channels(type), role);
      if (!value)
        return value.takeError();
      operands[i] = *value;
    }
  for (Value operand : operands)
    if (auto broadcast = seg::classifyBroadcast(typeOf(operand), type);
        broadcast != seg::Broadcast::None &&
        broadcast != seg::Broadcast::Channel &&
        broadcast != seg::Broadcast::PerChannel)
      return error(node, "expected inputs of one size, or one of them with a "
                         "single channel, got " +
                             seg::shapeText(typeOf(operand).getShape()) +
                             " beside " + seg::shapeText(type.getShape()));
  if (kind == "Add")
    return define(
        node, seg::AddOp::create(b, at(node), type, operands[0], operands[1]));
  if (kind == "Sub")
    return define(
        node, seg::SubOp::create(b, at(node), type, operands[0], operands[1]));
  return define(
      node, seg::MulOp::create(b, at(node), type, operands[0], operands[1]));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

llvm::Error OnnxLayers::addConcat(const NodeProto &node) {
  SmallVector<Value> inputs;
  int64_t channels = 0;
  for (int i = 0; i < node.input_size(); ++i) {
    llvm::Expected<Value> input = activation(node, i);
    if (!input)
      return input.takeError();
    inputs.push_back(*input);
    channels += seg::channels(typeOf(*input));
    // So that sums of any number of inputs fit.
    if (auto type = resultType(node, *input, seg::spatialDims(typeOf(*input)),
                               channels);
        !type)
      return type.takeError();
  }
  if (inputs.empty())
    return error(node, "expected inputs");
  OnnxAttributes attributes(node);
  const int64_t axis = attributes.integer("axis", 0);
  if (axisOf(axis, typeOf(inputs.front()).getRank()) != 1)
    attributes.fail("attribute 'axis': expected that of the channels, 1, got " +
                    Twine(axis));
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto type = resultType(node, inputs.front(),
                         seg::spatialDims(typeOf(inputs.front())), channels);
  if (!type)
    return type.takeError();
  return define(node, seg::ConcatOp::create(b, at(node), *type, inputs));
}

llvm::Error OnnxLayers::addSlice(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  std::vector<int64_t> lists[4]; // starts, ends, axes, steps
  for (int i = 0; i < 4; ++i)
    if (i < 2 || has(node, i + 1)) {
      auto list = integers(node, i + 1);
      if (!list)
        return list.takeError();
      lists[i] = std::move(*list);
    }
  auto &[starts, ends, axes, steps] = lists;
  const RankedTensorType type = typeOf(*input);
  const int64_t rank = type.getRank();
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i)
      axes.push_back(static_cast<int64_t>(i));
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      (!steps.empty() && steps.size() != starts.size()) ||
      llvm::any_of(steps, [](int64_t step) { return step != 1; }))
    return error(node, "expected a start, an end and a step of 1 for each "
                       "axis");
  // Channels first, as in the file.
  seg::Shape sizes{type.getDimSize(0), seg::channels(type)}, first(rank, 0);
  llvm::append_range(sizes, seg::spatialDims(type));
  const seg::Shape whole = sizes;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t axis = axisOf(axes[i], rank);
    if (axis < 1 || axis >= rank)
      return error(node, "expected axes of channels and space, got " +
                             Twine(axes[i]));
    auto place = [&](int64_t at) {
      const int64_t size = whole[static_cast<size_t>(axis)];
      return std::clamp<int64_t>(at < 0 ? std::max(at, -size) + size : at, 0,
                                 size);
    };
    first[axis] = place(starts[i]);
    sizes[axis] = place(ends[i]) - first[axis];
  }
  ArrayRef<int64_t> offsets = ArrayRef<int64_t>(first).drop_front(2),
                    spatial = ArrayRef<int64_t>(sizes).drop_front(2);
  Value result = *input;
  if (sizes[1] != whole[1]) {
    auto part = resultType(node, result, seg::spatialDims(type), sizes[1]);
    if (!part)
      return part.takeError();
    result = seg::SliceChannelsOp::create(b, at(node), *part, result, first[1]);
  }
  if (spatial != seg::spatialDims(type)) {
    auto part = resultType(node, result, spatial, sizes[1]);
    if (!part)
      return part.takeError();
    result = seg::CropOp::create(b, at(node), *part, result, offsets);
  }
  return define(node, result);
}

llvm::Error OnnxLayers::addPad(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  attributes.expect("mode", "constant");
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto pads = integers(node, 1);
  if (!pads)
    return pads.takeError();
  if (has(node, 2)) {
    const onnx::TensorProto *filling = tensor(node.input(2));
    if (!filling)
      return error(node, "expected a constant as input #2");
    auto values = file.floats(*filling);
    if (!values)
      return values.takeError();
    if (llvm::any_of(*values, [](float value) { return value != 0; }))
      return error(node, "expected zeros around the input");
  }
  const size_t rank = spatialRank + 2;
  if (has(node, 3) || pads->size() != 2 * rank)
    return error(node, "expected padding before and after each of " +
                           Twine(rank) + " axes, without a list of axes");
  const RankedTensorType type = typeOf(*input);
  seg::Shape low, out;
  for (size_t axis = 0; axis < rank; ++axis) {
    const int64_t before = (*pads)[axis], after = (*pads)[rank + axis];
    const int64_t most = axis < 2 ? 0 : seg::maxStep;
    if (before < 0 || after < 0 || before > most || after > most)
      return error(node, "expected padding from 0 to " + Twine(most) +
                             " of axis " + Twine(axis) + ", got " +
                             Twine(before) + " and " + Twine(after));
    if (axis < 2)
      continue;
    low.push_back(before);
    out.push_back(seg::spatialDims(type)[axis - 2] + before + after);
  }
  auto padded = resultType(node, *input, out, seg::channels(type));
  if (!padded)
    return padded.takeError();
  return define(node, seg::PadOp::create(b, at(node), *padded, *input, low));
}
