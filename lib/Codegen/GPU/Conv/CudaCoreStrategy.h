//===- CudaCoreStrategy.h - Tilings of products in f32 ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_CUDACORESTRATEGY_H
#define SEGC_LIB_CODEGEN_GPU_CONV_CUDACORESTRATEGY_H

#include "CudaCoreBlock.h"

namespace segc {

/// What a tiling is chosen for.
struct GemmWork {
  mutable seg::FusionOp fusion; // A handle.
  ConvProblem problem;
  bool isFilterGrad;
  const GpuTarget &target;

  GemmWork(seg::FusionOp fusion, const GpuTarget &target);
  int64_t blocks(const GemmTile &tile, int64_t parts) const;
  /// Steps of a block with the most.
  int64_t steps(const GemmTile &tile, int64_t parts) const;
  int64_t rows() const;    ///< Of the product of a sample, phase and group.
  int64_t columns() const; ///< Of a group.
  GemmAccess access(GemmOperand operand) const;
  int64_t launches(int64_t parts) const;
  int64_t tempFloats(const GemmTile &tile, int64_t parts) const;
};

/// A tiling, the parts of a filter gradient's pixels, and the modelled seconds.
struct CudaCoreChoice {
  CudaCoreTiling tiling;
  int64_t parts = 1;
  double seconds = 0;
};

/// Floats of shared memory of a block.
int64_t sharedFloats(const GemmWork &work, const CudaCoreTiling &tiling);
/// The reason why the tiling cannot be emitted; empty if it can.
std::string refusal(const GemmWork &work, const CudaCoreTiling &tiling);
double modelledSeconds(const GemmWork &work, const CudaCoreTiling &tiling,
                       int64_t parts);
/// All that are worth considering, the fastest first.
llvm::SmallVector<CudaCoreChoice> cudaCoreChoices(const GemmWork &work);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_CUDACORESTRATEGY_H
