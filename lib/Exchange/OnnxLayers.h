//===- OnnxLayers.h - Nodes of an ONNX graph as seg ops ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_EXCHANGE_ONNXLAYERS_H
#define SEGC_LIB_EXCHANGE_ONNXLAYERS_H

#include "OnnxAttributes.h"
#include "OnnxFile.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Exchange/ImportedNetwork.h"
#include "segc/Runtime/Core/ForeignLayout.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

#include <map>

namespace segc {

/// Adds the op of each node, with parameters for the tensors that it reads.
class OnnxLayers {
public:
  OnnxLayers(mlir::OpBuilder &builder, OnnxFile &file,
             llvm::StringRef imageName, mlir::Value image);

  /// Fails with the kinds of all nodes that have no counterpart.
  static llvm::Error checkSupported(const OnnxFile &file);
  /// Adds a node. What it reads must be there already.
  llvm::Error add(const onnx::NodeProto &node);
  /// The activation of the name of the graph's result.
  llvm::Expected<mlir::Value> result(llvm::StringRef name) const;
  /// Removes a softmax or sigmoid that ends the graph and returns its input.
  mlir::Value dropActivation(mlir::Value result, bool &sigmoid);

  std::vector<NamedTensor> takeWeights() { return std::move(weights); }

private:
  using Node = onnx::NodeProto;

  /// How a tensor becomes a parameter or a state.
  struct Role {
    ForeignLayout layout = ForeignLayout::Same;
    seg::InitKind init = seg::InitKind::constant;
    double value = 0;
    bool decays = false, isState = false;

    static Role filter(ForeignLayout layout) {
      return {layout, seg::InitKind::he_normal, 0, true, false};
    }
    /// One value a channel, initialised to `value`.
    static Role filled(double value) {
      return {ForeignLayout::Same, seg::InitKind::constant, value, false,
              false};
    }
    static Role state(double value) {
      return {ForeignLayout::Same, seg::InitKind::constant, value, false, true};
    }
  };

  /// @name Kinds of nodes
  /// @{
  llvm::Error addAlias(const Node &node);
  llvm::Error addConstant(const Node &node);
  llvm::Error addConv(const Node &node);
  llvm::Error addConvTranspose(const Node &node);
  llvm::Error addBatchNorm(const Node &node);
  llvm::Error addInstanceNorm(const Node &node);
  llvm::Error addGroupNorm(const Node &node);
  llvm::Error addUnary(const Node &node);
  llvm::Error addLeakyRelu(const Node &node);
  llvm::Error addPRelu(const Node &node);
  llvm::Error addSoftmax(const Node &node);
  llvm::Error addBinary(const Node &node);
  llvm::Error addMaxPool(const Node &node);
  llvm::Error addAvgPool(const Node &node);
  llvm::Error addConcat(const Node &node);
  llvm::Error addSlice(const Node &node);
  llvm::Error addPad(const Node &node);
  llvm::Error addResize(const Node &node);
  /// @}
  llvm::Error addNorm(const Node &node, OnnxAttributes &attributes,
                      seg::NormKind kind, int64_t groups);
  /// What both kinds of convolution read.
  struct Convolved {
    mlir::Value input, filter, bias; ///< No bias: null.
  };
  llvm::Expected<Convolved> convolvedBy(const Node &node, ForeignLayout layout);
  struct Padding {
    seg::Shape low, high;
  };
  Padding padding(OnnxAttributes &attributes, llvm::ArrayRef<int64_t> in,
                  llvm::ArrayRef<int64_t> taps,
                  llvm::ArrayRef<int64_t> strides);
  llvm::Expected<seg::Shape> resizedDims(const Node &node,
                                         llvm::ArrayRef<int64_t> axes,
                                         mlir::RankedTensorType type);

  /// @name Operands
  /// @{
  bool has(const Node &node, int index) const {
    return index < node.input_size() && !node.input(index).empty();
  }
  /// The tensor of a name; null for an activation.
  const onnx::TensorProto *tensor(llvm::StringRef name) const;
  llvm::Expected<mlir::Value> activation(const Node &node, int index) const;
  llvm::Expected<mlir::Value> parameter(const Node &node, int index,
                                        const Role &role);
  /// The same where there is one, else null.
  llvm::Expected<mlir::Value> optionalParameter(const Node &node, int index,
                                                const Role &role);
  /// A parameter [channels] of a tensor that is broadcast over the rest.
  llvm::Expected<mlir::Value> channelParameter(const Node &node, int index,
                                               int64_t channels,
                                               const Role &role);
  llvm::Expected<std::vector<int64_t>> integers(const Node &node, int index);
  mlir::Value makeParameter(const onnx::TensorProto &from, const Role &role,
                            NamedTensor values);
  /// @}

  llvm::Error error(const Node &node, const llvm::Twine &what) const {
    return file.error(nodeText(node) + ": " + what);
  }
  mlir::Location at(const Node &node);
  llvm::Error define(const Node &node, mlir::Value value);
  /// N x spatial x channels, if that is a tensor.
  llvm::Expected<mlir::RankedTensorType>
  resultType(const Node &node, mlir::Value like,
             llvm::ArrayRef<int64_t> spatial, int64_t channels) const;

  mlir::OpBuilder &b;
  OnnxFile &file;
  size_t spatialRank;
  llvm::StringMap<mlir::Value> activations;
  llvm::StringMap<const onnx::TensorProto *> constants;
  llvm::StringSet<> parameterNames;
  std::map<std::tuple<const onnx::TensorProto *, ForeignLayout, bool>,
           mlir::Value>
      parameters;
  std::vector<NamedTensor> weights;

  friend struct OnnxHandlers;
};

} // namespace segc

#endif // SEGC_LIB_EXCHANGE_ONNXLAYERS_H
