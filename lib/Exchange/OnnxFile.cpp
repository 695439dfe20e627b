//===- OnnxFile.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"

#include "segc/Base/Floats.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include <cstring>

using namespace segc;
using llvm::StringRef;
using llvm::Twine;
using onnx::TensorProto;

std::string segc::nodeText(const onnx::NodeProto &node) {
  const bool named = !node.name().empty();
  std::string text = node.op_type() + " '";
  text += named ? node.name() : node.output_size() ? node.output(0) : "";
  return text + "'";
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

llvm::Expected<OnnxFile> OnnxFile::parse(StringRef bytes,
                                         const std::string &path) {
  OnnxFile file;
  file.path = path;
  file.proto = std::make_unique<onnx::ModelProto>();
  if (bytes.size() > maxOnnxBytes ||
      !file.proto->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return file.error("expected an ONNX model of at most " +
                      Twine(maxOnnxBytes) + " bytes, got " +
                      Twine(bytes.size()) + " bytes that are none");
  if (!file.proto->has_graph() || file.graph().node_size() == 0)
    return file.error("expected a graph with nodes; it is truncated or not an "
                      "ONNX model");
  if (llvm::Error error = file.checkVersion())
    return error;
  if (llvm::Error error = file.indexTensors())
    return error;
  return file;
}

llvm::Error OnnxFile::checkVersion() {
  for (const onnx::OperatorSetIdProto &set : proto->opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx")
      version = set.version();
  if (version < onnxOldestOpset || version > onnxNewestOpset)
    return error("expected ops of opset " + Twine(onnxOldestOpset) + " to " +
                 Twine(onnxNewestOpset) + ", got " + Twine(version) +
                 "; export it again for one of these");
  return llvm::Error::success();
}

llvm::Error OnnxFile::indexTensors() {
  if (graph().sparse_initializer_size())
    return error("holds sparse tensors, expected dense ones");
  for (const TensorProto &tensor : graph().initializer())
    if (tensor.name().empty() ||
        !initializers.try_emplace(tensor.name(), &tensor).second)
      return tensorError(tensor, "expected a name of its own");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Bytes of an element of the types that are read; 0 for others.
static uint64_t elementBytes(int32_t type) {
  switch (type) {
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
    return 2;
  case TensorProto::FLOAT:
  case TensorProto::INT32:
    return 4;
  case TensorProto::DOUBLE:
  case TensorProto::INT64:
    return 8;
  default:
    return 0;
  }
}

/// Elements of the typed field that holds a tensor of this type.
static int64_t fieldElements(const TensorProto &tensor) {
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return tensor.float_data_size();
  case TensorProto::DOUBLE:
    return tensor.double_data_size();
  case TensorProto::INT64:
    return tensor.int64_data_size();
  default:
    return tensor.int32_data_size();
  }
}

static bool isExternal(const TensorProto &tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL;
}

llvm::Expected<std::vector<int64_t>>
OnnxFile::checkedShape(const TensorProto &tensor) const {
  constexpr uint64_t maxElements = uint64_t{1} << 40;
  const uint64_t bytes = elementBytes(tensor.data_type());
  if (!bytes)
    return tensorError(tensor, "expected floats or integers, got elements of "
                               "type " +
                                   Twine(tensor.data_type()));
  uint64_t elements = 1;
  for (int64_t size : tensor.dims())
    if (size < 0 ||
        __builtin_mul_overflow(elements, uint64_t(size), &elements) ||
        elements > maxElements)
      return tensorError(tensor, "expected sizes of at most 2^40 elements");
  const std::vector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  // The size of external data is checked where it is read.
  if (isExternal(tensor))
    return shape;
  const bool raw = tensor.has_raw_data();
  const uint64_t held =
      raw ? tensor.raw_data().size() : uint64_t(fieldElements(tensor)) * bytes;
  if (held != elements * bytes)
    return tensorError(tensor, seg::shapeText(shape) + " needs " +
                                   Twine(elements * bytes) +
                                   " bytes, the file has " + Twine(held));
  return shape;
}

static uint64_t elementCount(const TensorProto &tensor) {
  uint64_t elements = 1;
  for (int64_t size : tensor.dims())
    elements *= static_cast<uint64_t>(size);
  return elements;
}

llvm::Expected<std::string> OnnxFile::bytesOf(const TensorProto &tensor,
                                              uint64_t size) {
  if (isExternal(tensor))
    return externalBytes(tensor, size);
  if (tensor.has_raw_data())
    return tensor.raw_data();
  auto copied = [](const auto &field) {
    return std::string(reinterpret_cast<const char *>(field.data()),
                       static_cast<size_t>(field.size()) * sizeof(field[0]));
  };
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
    return copied(tensor.float_data());
  case TensorProto::DOUBLE:
    return copied(tensor.double_data());
  case TensorProto::INT64:
    return copied(tensor.int64_data());
  case TensorProto::INT32:
    return copied(tensor.int32_data());
  default: { // 16-bit values, each in 32 bits.
    std::string bytes;
    for (int32_t value : tensor.int32_data()) {
      const auto half = static_cast<uint16_t>(value);
      bytes.append(reinterpret_cast<const char *>(&half), sizeof(half));
    }
    return bytes;
  }
  }
}

/// Calls `take` with each value of type T in the bytes.
template <typename T, typename Take>
static void forEachValue(StringRef bytes, Take take) {
  for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    take(value);
  }
}

llvm::Expected<std::vector<float>> OnnxFile::floats(const TensorProto &tensor) {
  auto shape = checkedShape(tensor);
  if (!shape)
    return shape.takeError();
  const int32_t type = tensor.data_type();
  if (type == TensorProto::INT32 || type == TensorProto::INT64)
    return tensorError(tensor, "expected floats, got integers");
  auto bytes = bytesOf(tensor, elementCount(tensor) * elementBytes(type));
  if (!bytes)
    return bytes.takeError();
  std::vector<float> values;
  values.reserve(elementCount(tensor));
  auto take = [&](auto value) { values.push_back(static_cast<float>(value)); };
  if (type == TensorProto::FLOAT)
    forEachValue<float>(*bytes, take);
  else if (type == TensorProto::DOUBLE)
    forEachValue<double>(*bytes, take);
  else
    forEachValue<uint16_t>(*bytes, [&](uint16_t value) {
      take(type == TensorProto::FLOAT16 ? floatOfHalf(value)
                                        : floatOfBF16(value));
    });
  return values;
}

llvm::Expected<std::vector<int64_t>>
OnnxFile::integers(const TensorProto &tensor) {
  constexpr uint64_t maxList = 64;
  auto shape = checkedShape(tensor);
  if (!shape)
    return shape.takeError();
  const int32_t type = tensor.data_type();
  if ((type != TensorProto::INT32 && type != TensorProto::INT64) ||
      elementCount(tensor) > maxList || isExternal(tensor))
    return tensorError(tensor, "expected a short list of integers");
  auto bytes = bytesOf(tensor, 0);
  if (!bytes)
    return bytes.takeError();
  std::vector<int64_t> values;
  auto take = [&](int64_t value) { values.push_back(value); };
  if (type == TensorProto::INT64)
    forEachValue<int64_t>(*bytes, take);
  else
    forEachValue<int32_t>(*bytes, take);
  return values;
}
