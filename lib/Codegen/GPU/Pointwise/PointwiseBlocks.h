//===- PointwiseBlocks.h - Blocks of pointwise kernels ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_POINTWISE_POINTWISEBLOCKS_H
#define SEGC_LIB_CODEGEN_GPU_POINTWISE_POINTWISEBLOCKS_H

#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

/// Of a block.
inline constexpr int64_t pointwiseThreads = 256;

/// An input that pointwise ops of a fusion read.
struct PointwiseOperand {
  mlir::BlockArgument input;
  seg::Broadcast kind;

  /// Whether all pixels of a sample have the same values of a channel.
  bool isShared() const {
    return kind == seg::Broadcast::PerChannel ||
           kind == seg::Broadcast::PerSample || kind == seg::Broadcast::Scalar;
  }
  int64_t elementBytes() const {
    return mlir::cast<mlir::RankedTensorType>(input.getType())
               .getElementTypeBitWidth() /
           8;
  }
};
llvm::SmallVector<PointwiseOperand>
pointwiseOperands(seg::FusionOp fusion,
                  const llvm::SetVector<mlir::Operation *> &ops,
                  mlir::RankedTensorType space);

/// The blocks that compute pointwise ops of one iteration space.
struct PointwiseBlocks {
  seg::FusionOp fusion; ///< Without a root.
  llvm::SetVector<mlir::Operation *> ops;
  mlir::RankedTensorType space;
  bool batched;  ///< The first dimension of the space is the batch.
  int64_t lanes; ///< Elements of a vector, which a thread accesses at once.
  /// Vectors of a thread. Where there are several they have the same channels
  /// of one sample, and `lanes` divides the channels.
  int64_t positions = 1;

  int64_t channels() const;
  /// Of a sample if batched, else of the whole space.
  int64_t pixels() const;
  /// Vectors from one of a thread to its next: the fewest of whole blocks that
  /// are also whole pixels.
  int64_t stride() const;
  /// The positions that a thread loads before it computes any of them.
  int64_t positionsUnderWay() const;

  /// Blocks of the whole space, or of a sample if batched.
  int64_t count() const;
  /// Emits what the block of this number computes.
  void emit(GpuKernelBody &k, mlir::Value block) const;
};

/// Those of a fusion without a root, with the positions of its strategy; none,
/// with an error on the fusion, if its results differ in shape.
std::optional<PointwiseBlocks> pointwiseBlocks(seg::FusionOp fusion,
                                               const GpuTarget &target);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_POINTWISE_POINTWISEBLOCKS_H
