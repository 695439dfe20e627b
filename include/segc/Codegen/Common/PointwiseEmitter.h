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

namespace segc {

/// Where a run of consecutive elements sits in the iteration space
/// (N x spatial x C of the root's result, or of the pointwise result).
struct Point {
  mlir::Value pixel;   ///< n * spatial + s.
  mlir::Value sample;  ///< n.
  mlir::Value channel; ///< Channel of the first lane.
};

/// Computes the pointwise ops of a fusion at one point and stores what the
/// fusion yields.
class PointwiseEmitter {
public:
  /// `space` is the iteration space's type.
  PointwiseEmitter(KernelBody &body, seg::FusionOp fusion,
                   mlir::RankedTensorType space)
      : body(body), fusion(fusion), space(space) {}

  /// Emits every pointwise op and every store at `point`, `lanes` wide (1 is
  /// a vector of one lane), given the values of the root's results that have
  /// the space's shape. Yielded values of other shapes are left to the root.
  void emit(const Point &point, int64_t lanes, mlir::Value mask,
            const llvm::DenseMap<mlir::Value, mlir::Value> &rootValues =
                llvm::DenseMap<mlir::Value, mlir::Value>());

  /// The linear index of the point's first element.
  mlir::Value linearIndex(const Point &point);

private:
  mlir::Value operand(mlir::Value value, const Point &point, int64_t lanes,
                      mlir::Value mask);

  KernelBody &body;
  seg::FusionOp fusion;
  mlir::RankedTensorType space;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_POINTWISEEMITTER_H
