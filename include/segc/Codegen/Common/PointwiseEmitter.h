//===- PointwiseEmitter.h - Prologues and epilogues of kernels --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_POINTWISEEMITTER_H
#define SEGC_CODEGEN_COMMON_POINTWISEEMITTER_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>

namespace segc {

/// Where a run of consecutive elements sits in the iteration space
/// (N x spatial x C of the root's result, or of the pointwise result).
struct Point {
  mlir::Value pixel;   ///< n * spatial + s.
  mlir::Value sample;  ///< n.
  mlir::Value channel; ///< Channel of the first lane.
};

/// Index of the element of a broadcast operand that belongs to the point.
/// Consecutive channels read consecutive elements, unless the operand is a
/// scalar or has one element for all channels of a pixel.
mlir::Value broadcastElement(KernelBody &k, seg::Broadcast kind,
                             const Point &point, int64_t channels);
/// The values of a broadcast operand for `lanes` channels from the point on.
/// Integers stay scalars; see DropoutOp::emitPoint.
mlir::Value loadBroadcast(KernelBody &k, mlir::Value memref,
                          seg::Broadcast kind, const Point &point,
                          int64_t channels, int64_t lanes, mlir::Value mask);

/// The iteration space of a fusion without a root.
struct PointwiseSpace {
  mlir::RankedTensorType type;
  /// Whether the first dimension is the batch: of every tensor above rank 2
  /// but filters' gradients, which the strategy marks.
  bool batched;
};
/// Fails, with an error on the fusion, if its results differ in shape.
mlir::FailureOr<PointwiseSpace> pointwiseSpace(seg::FusionOp fusion);

/// Computes the pointwise ops of a fusion at one point and stores what the
/// fusion yields.
class PointwiseEmitter {
public:
  /// `space` is the iteration space's type.
  PointwiseEmitter(KernelBody &body, seg::FusionOp fusion,
                   mlir::RankedTensorType space);
  /// Of a fusion's pointwise ops it emits `ops` alone, and stores what they
  /// compute.
  PointwiseEmitter(KernelBody &body, seg::FusionOp fusion,
                   mlir::RankedTensorType space,
                   llvm::SetVector<mlir::Operation *> ops)
      : body(body), fusion(fusion), space(space), epilogue(std::move(ops)) {}

  /// Emits every pointwise op and every store at `point`, `lanes` wide (1 is
  /// a vector of one lane), given the values of the root's results that have
  /// the space's shape. Yielded values of other shapes are left to the root,
  /// and so are ops that only it reads: its prologue.
  void emit(const Point &point, int64_t lanes, mlir::Value mask,
            const llvm::DenseMap<mlir::Value, mlir::Value> &rootValues =
                llvm::DenseMap<mlir::Value, mlir::Value>()) {
    compute(point, lanes, mask, rootValues);
    store(point, mask);
  }
  /// The two halves of `emit`: every pointwise op, then every store.
  void compute(const Point &point, int64_t lanes, mlir::Value mask,
               const llvm::DenseMap<mlir::Value, mlir::Value> &rootValues);
  void store(const Point &point, mlir::Value mask);

  /// Emits casts to 16 bits by a function of the value and the type in memory,
  /// which replaces seg::narrowFloat.
  using Narrowing = std::function<mlir::Value(mlir::Value, mlir::Type)>;
  void setNarrowing(Narrowing function) { narrowing = std::move(function); }

  /// The result of the last `emit` for a value of the fusion.
  mlir::Value computed(mlir::Value value) const { return values.lookup(value); }

  /// Emits what leads to `value`, an input of the fusion or a pointwise op's
  /// result, at `point`: a prologue where its operand is loaded.
  mlir::Value valueAt(mlir::Value value, const Point &point, int64_t lanes);

  /// The value at the point of the last `emit`: its result, or the element of
  /// an input.
  mlir::Value operand(mlir::Value value, const Point &point, int64_t lanes,
                      mlir::Value mask);

  /// The linear index of the point's first element.
  mlir::Value linearIndex(const Point &point);

private:
  /// Emits one op whose operands are inputs or have values.
  void emitOp(seg::PointwiseOpInterface op, const Point &point, int64_t lanes,
              mlir::Value mask);

  KernelBody &body;
  seg::FusionOp fusion;
  mlir::RankedTensorType space;
  llvm::SetVector<mlir::Operation *> epilogue;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
  Narrowing narrowing;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_POINTWISEEMITTER_H
