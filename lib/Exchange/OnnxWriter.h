//===- OnnxWriter.h - Nodes and tensors of an ONNX graph --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXWRITER_H
#define SEGC_LIB_EXCHANGE_ONNXWRITER_H

#include "OnnxProto.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Runtime/Core/ForeignLayout.h"
#include "segc/Runtime/Core/Safetensors.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"

#include <map>

namespace segc {

/// A node under construction: attributes are set on it.
class OnnxNode {
public:
  explicit OnnxNode(onnx::NodeProto &node) : node(node) {}

  OnnxNode &set(llvm::StringRef name, int64_t value);
  OnnxNode &set(llvm::StringRef name, double value);
  OnnxNode &set(llvm::StringRef name, llvm::StringRef value);
  OnnxNode &set(llvm::StringRef name, llvm::ArrayRef<int64_t> values);

private:
  onnx::AttributeProto &attribute(llvm::StringRef name,
                                  onnx::AttributeProto::AttributeType type);

  onnx::NodeProto &node;
};

/// Adds nodes and initializers to a graph, and gives the values names.
class OnnxWriter {
public:
  OnnxWriter(onnx::GraphProto &graph, const SafetensorsFile &weights,
             size_t spatialRank)
      : graph(graph), weights(weights), spatialRank(spatialRank) {}

  /// The name of a value: of an activation, or of a parameter as it is.
  llvm::Expected<std::string> name(mlir::Value value) {
    return name(value, ForeignLayout::Same);
  }
  /// The same for a parameter in a layout, whose tensor is added at its first
  /// use.
  llvm::Expected<std::string> name(mlir::Value value, ForeignLayout layout);
  void setName(mlir::Value value, llvm::StringRef name);
  /// Keeps values from being named so.
  void reserve(llvm::StringRef name) { used.insert(name); }

  /// Adds a node that computes the op's first result from values of the graph.
  OnnxNode addNode(mlir::Operation *op, llvm::StringRef type,
                   llvm::ArrayRef<std::string> inputs);
  /// Adds a node with a result of a given name.
  OnnxNode addNode(llvm::StringRef type, llvm::ArrayRef<std::string> inputs,
                   llvm::StringRef result);

  /// Names of new tensors: a list of integers, a number.
  std::string integers(llvm::ArrayRef<int64_t> values);
  std::string number(double value);

private:
  std::string unique(llvm::StringRef base);
  std::string layerName(mlir::Operation *op);
  onnx::TensorProto &addTensor(llvm::StringRef name, int32_t type,
                               llvm::ArrayRef<int64_t> shape);

  onnx::GraphProto &graph;
  const SafetensorsFile &weights;
  size_t spatialRank; ///< 2 or 3.
  llvm::DenseMap<mlir::Value, std::string> activations;
  llvm::DenseSet<mlir::Value>
      named; ///< Parameters with a tensor of their name.
  std::map<std::pair<void *, ForeignLayout>, std::string> tensors;
  llvm::StringSet<> used;
};

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXWRITER_H
