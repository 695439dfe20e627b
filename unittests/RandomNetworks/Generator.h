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

/// Draws one seg.network: a graph of activations that grows by an op at a time
/// from values that are there, so that values are shared; then heads, losses
/// and an optimizer. What is drawn verifies, and trains in a second or two of
/// the reference evaluation.
class Generator {
public:
  Generator(mlir::MLIRContext *context, uint64_t seed);

  mlir::OwningOpRef<mlir::ModuleOp> build();

private:
  /// @name The graph (Generator.cpp)
  /// @{
  void grow();
  /// A value to read: often the newest, else any, which then is shared.
  mlir::Value source();
  /// Another value of this spatial size; null if there is none.
  mlir::Value sameSize(mlir::Value like, bool sameChannels);
  /// One that the network's outputs are to depend on.
  void keep(mlir::Value value);
  /// Brings the value to a spatial size.
  mlir::Value fit(mlir::Value value, llvm::ArrayRef<int64_t> spatial);
  mlir::Value joined(llvm::ArrayRef<mlir::Value> values);
  /// @}

  /// @name Ops (Layers.cpp); null where the draw does not fit.
  /// @{
  mlir::Value conv(mlir::Value input);
  /// Taps of 1, to this number of channels.
  mlir::Value projection(mlir::Value input, int64_t channels);
  mlir::Value convTranspose(mlir::Value input);
  mlir::Value maxPool(mlir::Value input);
  mlir::Value avgPool(mlir::Value input);
  mlir::Value norm(mlir::Value input);
  mlir::Value activation(mlir::Value input);
  mlir::Value binary(mlir::Value lhs, mlir::Value rhs);
  mlir::Value perChannel(mlir::Value input);
  /// Multiplies by, or adds, one channel.
  mlir::Value gate(mlir::Value input);
  mlir::Value concat(mlir::Value first);
  mlir::Value rearrangement(mlir::Value input);
  mlir::Value resize(mlir::Value input, llvm::ArrayRef<int64_t> spatial);
  /// @}

  /// @name Objective and optimizer (Objective.cpp)
  /// @{
  void objective(llvm::ArrayRef<mlir::Value> heads);
  mlir::Value headLoss(mlir::Value logits, mlir::Value labels,
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
  /// Whether an activation is small enough, and where a convolution makes it,
  /// whether that is.
  bool affordable(mlir::RankedTensorType type, int64_t products = 0);
  int64_t drawChannels();
  int64_t drawEvenSize();
  /// Groups of a convolution between so many channels.
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
  int64_t productBudget = 0;
  llvm::SmallVector<mlir::Value> values;  ///< Activations, oldest first.
  llvm::SmallVector<mlir::Value> filters; ///< For weights that are shared.
  unsigned names = 0;
};

/// The text of a network, as `segc model` prints.
std::string networkText(mlir::ModuleOp module);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_GENERATOR_H
