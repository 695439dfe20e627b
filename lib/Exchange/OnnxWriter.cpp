//===- OnnxWriter.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxWriter.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Runtime/Core/KernelObserver.h"

using namespace mlir;
using namespace segc;

//===----------------------------------------------------------------------===//
// OnnxNode
//===----------------------------------------------------------------------===//

onnx::AttributeProto &
OnnxNode::attribute(StringRef name, onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  attribute.set_type(type);
  return attribute;
}

OnnxNode &OnnxNode::set(StringRef name, int64_t value) {
  attribute(name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}

OnnxNode &OnnxNode::set(StringRef name, double value) {
  attribute(name, onnx::AttributeProto::FLOAT).set_f(static_cast<float>(value));
  return *this;
}

OnnxNode &OnnxNode::set(StringRef name, StringRef value) {
  attribute(name, onnx::AttributeProto::STRING).set_s(value.str());
  return *this;
}

OnnxNode &OnnxNode::set(StringRef name, ArrayRef<int64_t> values) {
  onnx::AttributeProto &list = attribute(name, onnx::AttributeProto::INTS);
  for (int64_t value : values)
    list.add_ints(value);
  return *this;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string OnnxWriter::unique(StringRef base) {
  std::string name = base.str();
  for (int64_t i = 1; !used.insert(name).second; ++i)
    name = (base + "_" + Twine(i)).str();
  return name;
}

/// "encoder0.conv1" of an op with the parameter "encoder0.conv1.weight", else
/// the op's own name: files do not keep the names of other layers.
std::string OnnxWriter::layerName(Operation *op) {
  for (Value operand : op->getOperands())
    if (auto param = operand.getDefiningOp<seg::ParamOp>())
      if (auto [layer, part] = param.getName().rsplit('.'); !part.empty())
        return layer.str();
  return op->getName().stripDialect().str();
}

void OnnxWriter::setName(Value value, StringRef name) {
  activations[value] = name.str();
  used.insert(name);
}

/// Name of a parameter or state; empty for other values.
static StringRef tensorName(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto param = dyn_cast_or_null<seg::ParamOp>(op))
    return param.getName();
  if (auto state = dyn_cast_or_null<seg::StateOp>(op))
    return state.getName();
  return {};
}

llvm::Expected<std::string> OnnxWriter::name(Value value,
                                             ForeignLayout layout) {
  if (auto found = activations.find(value); found != activations.end())
    return found->second;
  StringRef tensor = tensorName(value);
  if (tensor.empty())
    return llvm::createStringError(
        "a value of " +
        seg::shapeText(cast<RankedTensorType>(value.getType()).getShape()) +
        " is used before it is computed");
  std::string &name = tensors[{value.getAsOpaquePointer(), layout}];
  if (!name.empty())
    return name;
  auto type = cast<RankedTensorType>(value.getType());
  std::vector<int64_t> shape(type.getShape());
  StatusOr<const std::byte *> data =
      weights.require(tensor.str(), "F32", shape);
  if (!data)
    return llvm::createStringError(data.status().message());
  ArrayRef<float> values(reinterpret_cast<const float *>(*data),
                         static_cast<size_t>(type.getNumElements()));
  if (uint64_t at = firstNonFinite(values.data(), values.size());
      at != values.size())
    return llvm::createStringError(weights.path() + ": tensor \"" + tensor +
                                   "\" is not finite at element " +
                                   std::to_string(at) + "; take other weights");
  // A parameter has its own name where it is used first; another layout is
  // another tensor.
  name = named.insert(value).second ? tensor.str() : unique(tensor);
  const std::vector<size_t> order = foreignOrder(layout, shape.size());
  std::vector<int64_t> dims = permuted(shape, order);
  if (layout == ForeignLayout::PerChannel)
    dims.resize(spatialRank + 1, 1);
  const std::vector<float> stored = permuted(values.data(), shape, order);
  addTensor(name, onnx::TensorProto::FLOAT, dims)
      .set_raw_data(stored.data(), stored.size() * sizeof(float));
  return name;
}

//===----------------------------------------------------------------------===//
// Tensors and nodes
//===----------------------------------------------------------------------===//

onnx::TensorProto &OnnxWriter::addTensor(StringRef name, int32_t type,
                                         ArrayRef<int64_t> shape) {
  onnx::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name.str());
  tensor.set_data_type(type);
  for (int64_t size : shape)
    tensor.add_dims(size);
  return tensor;
}

std::string OnnxWriter::integers(ArrayRef<int64_t> values) {
  std::string name = unique("integers");
  addTensor(name, onnx::TensorProto::INT64,
            {static_cast<int64_t>(values.size())})
      .set_raw_data(values.data(), values.size() * sizeof(int64_t));
  return name;
}

std::string OnnxWriter::number(double value) {
  std::string name = unique("number");
  addTensor(name, onnx::TensorProto::FLOAT, {})
      .add_float_data(static_cast<float>(value));
  return name;
}

OnnxNode OnnxWriter::addNode(StringRef type, ArrayRef<std::string> inputs,
                             StringRef result) {
  onnx::NodeProto &node = *graph.add_node();
  node.set_name(result.str());
  node.set_op_type(type.str());
  for (const std::string &input : inputs)
    node.add_input(input);
  node.add_output(result.str());
  return OnnxNode(node);
}

OnnxNode OnnxWriter::addNode(Operation *op, StringRef type,
                             ArrayRef<std::string> inputs) {
  std::string result = unique(layerName(op));
  setName(op->getResult(0), result);
  return addNode(type, inputs, result);
}
