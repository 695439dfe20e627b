//===- Generator.h - Random networks of all ops -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_GENERATOR_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_GENERATOR_H

#include "Draws.h"

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace segc::random_networks {

/// Draws one seg.network: a graph of activations to which ops on existing
/// values are added one by one, so that values are shared, then heads, losses
/// and an optimizer. The network is valid, and a training step of the reference
/// evaluation takes a second or two.
class Generator {
public:
  Generator(mlir::MLIRContext *context, uint64_t seed);

  mlir::OwningOpRef<mlir::ModuleOp> build();

private:
  /// @name The graph (Generator.cpp)
  /// @{
  void grow();
  /// Returns a value to read: often the newest, else any other, which is then
  /// shared.
  mlir::Value source();
  /// Returns another value of this spatial size; null if there is none.
  mlir::Value sameSize(mlir::Value like, bool sameChannels);
  /// Adds a value on which the network's outputs must depend.
  void keep(mlir::Value value);
  /// Crops, pads or resizes the value to a spatial size.
  mlir::Value fit(mlir::Value value, llvm::ArrayRef<int64_t> spatial);
  mlir::Value joined(llvm::ArrayRef<mlir::Value> values);
  /// @}

  /// @name Ops (Layers.cpp); null where the draw does not fit.
  /// @{
  mlir::Value conv(mlir::Value input);
  /// A convolution with one tap to this number of channels.
  mlir::Value projection(mlir::Value input, int64_t channels);
  mlir::Value convTranspose(mlir::Value input);
  mlir::Value maxPool(mlir::Value input);
  mlir::Value avgPool(mlir::Value input);
  mlir::Value norm(mlir::Value input);
  mlir::Value activation(mlir::Value input);
  mlir::Value binary(mlir::Value lhs, mlir::Value rhs);
  mlir::Value perChannel(mlir::Value input);
  /// Multiplies or adds one channel.
  mlir::Value gate(mlir::Value input);
  mlir::Value concat(mlir::Value first);
  mlir::Value rearrangement(mlir::Value input);
  mlir::Value resize(mlir::Value input, llvm::ArrayRef<int64_t> spatial);
  /// @}

  /// Draws what calibration would find of convolutions: scales that clip some
  /// values, and errors of which some are too large for 8 bits.
  void drawScales();

  /// @name Objective and optimizer (Objective.cpp)
  /// @{
  void objective(llvm::ArrayRef<mlir::Value> heads);
  /// Classes become regions, some with an ignored label.
  void drawRegions();
  seg::DiceOp dice(mlir::Value logits, mlir::Value labels);
  mlir::Value worstEntropy(mlir::Value logits, mlir::Value labels);
  mlir::Value entropy(mlir::Value logits, mlir::Value labels);
  mlir::Value headLoss(mlir::Value logits, mlir::Value labels,
                       mlir::Value &perClass);
  /// The loss of a head on its own grid or that of the labels.
  mlir::Value gridLoss(mlir::Value head, mlir::Value labels,
                       mlir::Value &perClass);
  mlir::DictionaryAttr optimizer();
  /// @}

  mlir::Value parameter(llvm::ArrayRef<int64_t> shape, bool filter,
                        double constant = 0);
  mlir::Value state(int64_t channels, double value);
  mlir::RankedTensorType typeOf(mlir::Value value) const {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  seg::Shape spatialOf(mlir::Value value) const {
    return seg::Shape(seg::spatialDims(typeOf(value)));
  }
  /// Returns whether an activation, and the convolution that computes it, are
  /// within the limits.
  bool affordable(mlir::RankedTensorType type, int64_t products = 0);
  int64_t drawChannels();
  int64_t drawEvenSize();
  /// Draws the groups of a convolution from `from` to `to` channels.
  int64_t drawGroups(int64_t from, int64_t to);
  seg::Shape drawDilations(llvm::ArrayRef<int64_t> taps);
  mlir::RankedTensorType f32(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, builder.getF32Type());
  }

  Turn turn;
  Draws draws;
  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  seg::NetworkOp network;
  int64_t classes = 2;
  mlir::ArrayAttr regions;   ///< Null where a voxel has one class.
  mlir::IntegerAttr ignored; ///< Null unless there are regions.
  int64_t productBudget = 0;
  llvm::SmallVector<mlir::Value> values;  ///< Activations in the order of their
                                          ///< creation.
  llvm::SmallVector<mlir::Value> filters; ///< Filters that may be shared.
  unsigned names = 0;
};

/// Returns the text of a network as `segc model` prints it.
std::string networkText(mlir::ModuleOp module);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_GENERATOR_H
