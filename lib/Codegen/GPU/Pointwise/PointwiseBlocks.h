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
#include "llvm/Support/MathExtras.h"

namespace segc {

/// Of a block.
inline constexpr int64_t pointwiseThreads = 256;

/// The blocks that compute pointwise ops of one iteration space.
struct PointwiseBlocks {
  seg::FusionOp fusion; ///< Without a root.
  llvm::SetVector<mlir::Operation *> ops;
  mlir::RankedTensorType space;
  bool batched;  ///< The first dimension of the space is the batch.
  int64_t lanes; ///< Elements of a thread.

  /// Blocks of the whole space, or of a sample if batched.
  int64_t count() const;
  /// Emits what the block of this number computes.
  void emit(GpuKernelBody &k, mlir::Value block) const;
};

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_POINTWISE_POINTWISEBLOCKS_H
