//===- NetworkBuilder.h - Layers of a seg.network ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the networks share. A layer's name becomes the location of its
// ops and the prefix of its parameters.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_NETWORKS_NETWORKBUILDER_H
#define SEGC_LIB_NETWORKS_NETWORKBUILDER_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Plan/DataPipeline.h"
#include "segc/Plan/NetworkOptions.h"

namespace segc {

/// TensorFlow's *same* keeps ceil(size / stride), the odd voxel of padding
/// goes after; *valid* pads nothing; *symmetric* pads (taps - 1) / 2 on both
/// sides, as PyTorch does.
enum class Padding { Valid, Same, Symmetric };

/// A convolution or transposed convolution.
struct ConvLayer {
  int64_t filters;
  llvm::ArrayRef<int64_t> taps, strides;
  Padding padding = Padding::Same;
  bool bias = true;
  seg::InitKind init = seg::InitKind::glorot_uniform;
  double initValue = 0; ///< Limit of a uniform initialiser: of the bias, too.
};

/// Which parameters take part in weight decay.
struct DecayRule {
  bool kernels, biases, norms;
};

/// Returns the parameters that the options ask for; `published` are those of
/// the network's recipe.
DecayRule decayRule(const OptimizerOptions &options, DecayRule published);

/// Constants of a network's normalisations.
struct NormConstants {
  double epsilon = 1e-3;
  double runningMomentum = 0.99; ///< Of the running statistics of batch norm.
};

class NetworkBuilder {
public:
  /// Opens a network whose image is N x spatial x channels and whose labels
  /// are of N x the logits' spatial size.
  NetworkBuilder(mlir::MLIRContext *context, llvm::StringRef symbol,
                 int64_t classes, llvm::ArrayRef<int64_t> imageShape,
                 DecayRule decay, NormConstants norms = {});

  /// @name Layers of forward
  /// @{
  mlir::Value image() { return imageValue; }
  mlir::Value conv(mlir::Value input, const llvm::Twine &name,
                   const ConvLayer &layer);
  /// *Same* makes the output stride times the input.
  mlir::Value convTranspose(mlir::Value input, const llvm::Twine &name,
                            const ConvLayer &layer);
  mlir::Value maxPool(mlir::Value input, const llvm::Twine &name,
                      llvm::ArrayRef<int64_t> window);
  /// The mean of each window; windows do not overlap.
  mlir::Value avgPool(mlir::Value input, const llvm::Twine &name,
                      llvm::ArrayRef<int64_t> window);
  /// Parameters name.gamma and name.beta; batch norm has running statistics.
  mlir::Value norm(mlir::Value input, const llvm::Twine &name, NetworkNorm kind,
                   double initialGamma = 1);
  mlir::Value relu(mlir::Value input, const llvm::Twine &name);
  /// ReLU where the slope is 0.
  mlir::Value leakyRelu(mlir::Value input, const llvm::Twine &name,
                        double slope);
  mlir::Value dropout(mlir::Value input, const llvm::Twine &name, double rate);
  /// `rhs` may be broadcast over the channels.
  mlir::Value add(mlir::Value lhs, mlir::Value rhs, const llvm::Twine &name);
  mlir::Value concat(mlir::Value first, mlir::Value second,
                     const llvm::Twine &name);
  /// Concatenates `count` copies of the input.
  mlir::Value repeatChannels(mlir::Value input, int64_t count,
                             const llvm::Twine &name);
  /// The middle of `input`, of `like`'s spatial size.
  mlir::Value centralCrop(mlir::Value input, mlir::Value like,
                          const llvm::Twine &name);
  /// @}

  /// @name Layers of other origin
  /// @{
  mlir::OpBuilder &getBuilder() { return builder; }
  void setClasses(int64_t classes) { network.setClasses(classes); }
  /// @}

  /// Ends forward; `heads` are the logits, then lower heads by level. The
  /// objective is `loss`, its results are those of `resultNames` that it has.
  void objective(mlir::ValueRange heads, const LossOptions &loss,
                 llvm::ArrayRef<llvm::StringLiteral> resultNames);

  /// Completes the network.
  mlir::OwningOpRef<mlir::ModuleOp> finish(const OptimizerOptions &optimizer,
                                           const DataPipeline &pipeline);

private:
  /// @name Values of the dictionaries
  /// @{
  mlir::Attribute attribute(const std::string &value) {
    return builder.getStringAttr(value);
  }
  mlir::Attribute attribute(bool value) { return builder.getBoolAttr(value); }
  mlir::Attribute attribute(int64_t value) {
    return builder.getI64IntegerAttr(value);
  }
  mlir::Attribute attribute(double value) {
    return builder.getF64FloatAttr(value);
  }
  mlir::Attribute attribute(const std::vector<std::string> &values);
  mlir::Attribute attribute(const std::vector<int64_t> &values) {
    return builder.getI64ArrayAttr(values);
  }
  mlir::Attribute attribute(const std::vector<double> &values) {
    return builder.getF64ArrayAttr(values);
  }
  mlir::DictionaryAttr
  dictionary(llvm::ArrayRef<mlir::NamedAttribute> entries) {
    return builder.getDictionaryAttr(entries);
  }
  /// @}

  mlir::Location at(const llvm::Twine &name);
  mlir::Value parameter(const llvm::Twine &name, llvm::ArrayRef<int64_t> shape,
                        seg::InitKind init, double value, bool decays);
  mlir::Value state(const llvm::Twine &name, int64_t size, double value);
  /// weight, then the bias or null.
  std::pair<mlir::Value, mlir::Value>
  filter(mlir::Value input, const llvm::Twine &name, const ConvLayer &layer);

  mlir::OpBuilder builder;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  seg::NetworkOp network;
  mlir::Value imageValue;
  DecayRule decay;
  NormConstants norms;
};

/// `known` if it has a name for each class, else "background", "class_1", ...
std::vector<std::string> classNames(const std::vector<std::string> &known,
                                    int64_t classes);

} // namespace segc

#endif // SEGC_LIB_NETWORKS_NETWORKBUILDER_H
