//===- ConvOutput.h - Epilogue of a convolution -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H
#define SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H

#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// Emits bias, pointwise ops of the fusion and stores for vectors of outputs.
class ConvOutput {
public:
  ConvOutput(const ConvProblem &problem, mlir::Operation *root,
             seg::FusionOp fusion, int64_t lanes);

  /// True if the epilogue is short enough to be unrolled for every register.
  bool unrollsEpilogue() const { return pointwiseOps <= 3; }

  /// Loads the bias of a vector of channels; null if there is none.
  mlir::Value bias(KernelBody &body, mlir::Value channel,
                   mlir::Value mask) const;

  /// Applies the pointwise ops to `sum` and stores the outputs at `position`.
  /// Positions outside the result, which may occur in a dimension whose size is
  /// no multiple of `step`, are not stored.
  void store(KernelBody &body, mlir::Value sample,
             const std::array<mlir::Value, 3> &position, const Dims &step,
             mlir::Value channel, mlir::Value mask, mlir::Value sum) const;

  /// Prefetches what `store` will write at `position`, clamped to the result.
  void prefetch(KernelBody &body, mlir::Value sample,
                const std::array<mlir::Value, 3> &position,
                mlir::Value channel) const;

private:
  ConvProblem problem;
  mlir::Operation *root;
  mutable seg::FusionOp fusion; // Its accessors are not const.
  int64_t lanes, pointwiseOps = 0;
};

/// Returns `sum` + `bias`; `bias` may be null.
mlir::Value addBias(KernelBody &body, mlir::Value sum, mlir::Value bias);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H
