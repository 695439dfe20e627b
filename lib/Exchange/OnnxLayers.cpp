//===- OnnxLayers.cpp - Nodes of an ONNX graph ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxLayers.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace segc;
using onnx::NodeProto;
using onnx::TensorProto;

namespace segc {
struct OnnxHandlers {
  using Handler = llvm::Error (OnnxLayers::*)(const NodeProto &);
  /// Null for a kind without a counterpart.
  static Handler find(const NodeProto &node);
};
} // namespace segc

OnnxHandlers::Handler OnnxHandlers::find(const NodeProto &node) {
  static const llvm::StringMap<Handler> handlers = {
      {"Identity", &OnnxLayers::addAlias},
      {"Dropout", &OnnxLayers::addAlias},
      {"Constant", &OnnxLayers::addConstant},
      {"Conv", &OnnxLayers::addConv},
      {"ConvTranspose", &OnnxLayers::addConvTranspose},
      {"BatchNormalization", &OnnxLayers::addBatchNorm},
      {"InstanceNormalization", &OnnxLayers::addInstanceNorm},
      {"GroupNormalization", &OnnxLayers::addGroupNorm},
      {"Relu", &OnnxLayers::addUnary},
      {"Sigmoid", &OnnxLayers::addUnary},
      {"LeakyRelu", &OnnxLayers::addLeakyRelu},
      {"PRelu", &OnnxLayers::addPRelu},
      {"Softmax", &OnnxLayers::addSoftmax},
      {"Add", &OnnxLayers::addBinary},
      {"Sub", &OnnxLayers::addBinary},
      {"Mul", &OnnxLayers::addBinary},
      {"MaxPool", &OnnxLayers::addMaxPool},
      {"AveragePool", &OnnxLayers::addAvgPool},
      {"Concat", &OnnxLayers::addConcat},
      {"Slice", &OnnxLayers::addSlice},
      {"Pad", &OnnxLayers::addPad},
      {"Resize", &OnnxLayers::addResize}};
  if (!node.domain().empty() && node.domain() != "ai.onnx")
    return nullptr;
  return handlers.lookup(node.op_type());
}

llvm::Error OnnxLayers::checkSupported(const OnnxFile &file) {
  struct Missing {
    int64_t count = 0;
    std::string first;
  };
  llvm::MapVector<StringRef, Missing> missing;
  for (const NodeProto &node : file.graph().node())
    if (!OnnxHandlers::find(node))
      if (Missing &found = missing[node.op_type()]; !found.count++)
        found.first = nodeText(node);
  if (missing.empty())
    return llvm::Error::success();
  std::string text;
  for (const auto &[type, found] : missing)
    text += (text.empty() ? "" : ", ") + type.str() + " (" +
            std::to_string(found.count) + ", first " + found.first + ")";
  return file.error("ops without a counterpart: " + text +
                    "; docs/Exchange.md lists those that are imported");
}

OnnxLayers::OnnxLayers(OpBuilder &builder, OnnxFile &file, StringRef imageName,
                       Value image)
    : b(builder), file(file),
      spatialRank(
          seg::spatialDims(cast<RankedTensorType>(image.getType())).size()) {
  activations[imageName] = image;
}

llvm::Error OnnxLayers::add(const NodeProto &node) {
  OnnxHandlers::Handler handler = OnnxHandlers::find(node);
  if (!handler || node.output_size() == 0 || node.output(0).empty())
    return error(node, "expected an op with a counterpart and a result");
  return (this->*handler)(node);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

llvm::Expected<Value> OnnxLayers::result(StringRef name) const {
  if (Value value = activations.lookup(name))
    return value;
  return file.error("the result '" + name + "' is computed by no node");
}

llvm::Expected<Value> OnnxLayers::activation(const NodeProto &node,
                                             int index) const {
  if (!has(node, index))
    return error(node, "expected an input #" + Twine(index));
  if (Value value = activations.lookup(node.input(index)))
    return value;
  return error(
      node, "expected a value that is computed before as input #" +
                Twine(index) + ", got '" + node.input(index) + "', which is " +
                (tensor(node.input(index)) ? "a tensor of the file"
                                           : "missing or part of a cycle"));
}

Location OnnxLayers::at(const NodeProto &node) {
  return NameLoc::get(b.getStringAttr(node.output(0)));
}

llvm::Error OnnxLayers::define(const NodeProto &node, Value value) {
  const std::string &name = node.output(0);
  if (tensor(name) || !activations.try_emplace(name, value).second)
    return error(node, "its result '" + name + "' is there already");
  return llvm::Error::success();
}

llvm::Expected<RankedTensorType>
OnnxLayers::resultType(const NodeProto &node, Value like,
                       ArrayRef<int64_t> spatial, int64_t channels) const {
  auto type = cast<RankedTensorType>(like.getType());
  seg::Shape shape{type.getDimSize(0)};
  shape.append(spatial.begin(), spatial.end());
  shape.push_back(channels);
  // A negative size is also how MLIR writes an unknown one.
  const bool positive =
      llvm::all_of(shape, [](int64_t size) { return size > 0; });
  if (positive)
    if (auto made = RankedTensorType::get(shape, type.getElementType());
        seg::hasBoundedShape(made))
      return made;
  return error(node, "its result would be " + seg::shapeText(shape) +
                         ", expected sizes of at least 1 and at most 2^40 "
                         "elements");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

const TensorProto *OnnxLayers::tensor(StringRef name) const {
  if (const TensorProto *constant = constants.lookup(name))
    return constant;
  return file.find(name);
}

llvm::Expected<std::vector<int64_t>> OnnxLayers::integers(const NodeProto &node,
                                                          int index) {
  const TensorProto *found =
      has(node, index) ? tensor(node.input(index)) : nullptr;
  if (!found)
    return error(node, "expected a constant as input #" + Twine(index));
  return file.integers(*found);
}

/// A name that seg.param takes.
static bool isUsable(StringRef name) {
  return !name.empty() && llvm::json::isUTF8(name) && name != "__metadata__" &&
         llvm::none_of(name,
                       [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Value OnnxLayers::makeParameter(const TensorProto &from, const Role &role,
                                NamedTensor values) {
  values.name = isUsable(from.name()) ? from.name() : "tensor";
  const std::string base = values.name;
  for (int64_t i = 1; !parameterNames.insert(values.name).second; ++i)
    values.name = base + "_" + std::to_string(i);
  auto type = RankedTensorType::get(values.shape, b.getF32Type());
  Location loc = NameLoc::get(b.getStringAttr(values.name));
  Value made =
      role.isState
          ? seg::StateOp::create(b, loc, type, values.name, APFloat(role.value))
                .getOutput()
          : seg::ParamOp::create(b, loc, type, values.name, role.init,
                                 APFloat(role.value), role.decays)
                .getOutput();
  weights.push_back(std::move(values));
  return made;
}

llvm::Expected<Value> OnnxLayers::parameter(const NodeProto &node, int index,
                                            const Role &role) {
  const TensorProto *found =
      has(node, index) ? tensor(node.input(index)) : nullptr;
  if (!found)
    return error(node, "expected a tensor of the file as input #" +
                           Twine(index) + ", got nothing or an activation");
  Value &made = parameters[{found, role.layout, role.isState}];
  if (made)
    return made;
  auto shape = file.checkedShape(*found);
  if (!shape)
    return shape.takeError();
  const bool isFilter = role.layout != ForeignLayout::Same;
  if (shape->size() != (isFilter ? spatialRank + 2 : 1) ||
      llvm::is_contained(*shape, 0))
    return error(node, "expected " +
                           Twine(isFilter ? "a filter of as many dimensions as "
                                            "the image"
                                          : "one value a channel") +
                           " as input #" + Twine(index) + ", got " +
                           seg::shapeText(*shape));
  auto values = file.floats(*found);
  if (!values)
    return values.takeError();
  const std::vector<size_t> order = ownOrder(role.layout, shape->size());
  made = makeParameter(
      *found, role,
      {"", permuted(*shape, order), permuted(values->data(), *shape, order)});
  return made;
}

llvm::Expected<Value> OnnxLayers::optionalParameter(const NodeProto &node,
                                                    int index,
                                                    const Role &role) {
  return has(node, index) ? parameter(node, index, role) : Value();
}

llvm::Expected<Value> OnnxLayers::channelParameter(const NodeProto &node,
                                                   int index, int64_t channels,
                                                   const Role &role) {
  const TensorProto *found = tensor(node.input(index));
  if (!found)
    return error(node,
                 "expected a tensor of the file as input #" + Twine(index));
  auto shape = file.checkedShape(*found);
  if (!shape)
    return shape.takeError();
  // [C, 1, 1], with or without a 1 for the samples, or one value for all.
  ArrayRef<int64_t> dims = *shape;
  if (dims.size() == spatialRank + 2 && dims.front() == 1)
    dims = dims.drop_front();
  const bool single = llvm::all_of(dims, [](int64_t n) { return n == 1; });
  if (!single &&
      (dims.size() != spatialRank + 1 || dims.front() != channels ||
       llvm::any_of(dims.drop_front(), [](int64_t n) { return n != 1; })))
    return error(node, "expected one value, or one for each of " +
                           Twine(channels) + " channels, as input #" +
                           Twine(index) + ", got " + seg::shapeText(*shape));
  Value &made = parameters[{found, role.layout, role.isState}];
  if (made && cast<RankedTensorType>(made.getType()).getDimSize(0) == channels)
    return made;
  auto values = file.floats(*found);
  if (!values)
    return values.takeError();
  if (single)
    values->assign(static_cast<size_t>(channels), values->front());
  made = makeParameter(*found, role, {"", {channels}, std::move(*values)});
  return made;
}

//===----------------------------------------------------------------------===//
// Nodes that compute nothing
//===----------------------------------------------------------------------===//

llvm::Error OnnxLayers::addAlias(const NodeProto &node) {
  // In a prediction dropout passes its input on.
  const bool constant = has(node, 0) && tensor(node.input(0));
  if (!constant) {
    llvm::Expected<Value> value = activation(node, 0);
    return value ? define(node, *value) : value.takeError();
  }
  const TensorProto *found = tensor(node.input(0));
  if (activations.count(node.output(0)) || tensor(node.output(0)))
    return error(node, "its result is there already");
  constants[node.output(0)] = found;
  return llvm::Error::success();
}

llvm::Error OnnxLayers::addConstant(const NodeProto &node) {
  if (activations.count(node.output(0)) || tensor(node.output(0)))
    return error(node, "its result is there already");
  if (node.attribute_size() != 1 || node.attribute(0).name() != "value" ||
      node.attribute(0).type() != onnx::AttributeProto::TENSOR)
    return error(node, "expected the attribute 'value' with a tensor");
  constants[node.output(0)] = &node.attribute(0).t();
  return llvm::Error::success();
}

Value OnnxLayers::dropActivation(Value result, bool &sigmoid) {
  Operation *last = result.getDefiningOp();
  if (!isa_and_nonnull<seg::SoftmaxOp, seg::SigmoidOp>(last))
    return result;
  sigmoid = isa<seg::SigmoidOp>(last);
  Value logits = last->getOperand(0);
  if (last->use_empty())
    last->erase();
  return logits;
}
