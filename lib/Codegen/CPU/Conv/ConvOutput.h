//===- ConvOutput.h - What happens to the sums of a convolution -*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H
#define SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H

#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// Bias, pointwise ops of the fusion and stores for vectors of outputs.
class ConvOutput {
public:
  ConvOutput(const ConvProblem &problem, mlir::Operation *root,
             seg::FusionOp fusion, int64_t lanes);

  /// True if the pointwise ops may be written out for every register.
  bool is16Bit() const { return pointwiseOps <= 3; }

  /// The bias of a vector of channels; null if there is none.
  mlir::Value bias(KernelBody &body, mlir::Value channel,
                   mlir::Value mask) const;

  /// Finishes and stores the outputs at `position`. Where a dimension's size
  /// is no multiple of `step`, positions beyond it may occur and are left out.
  void store(KernelBody &body, mlir::Value sample,
             const std::array<mlir::Value, 3> &position, const Dims &step,
             mlir::Value channel, mlir::Value mask, mlir::Value sum) const;

private:
  ConvProblem problem;
  mlir::Operation *root;
  mutable seg::FusionOp fusion; // Its accessors are not const.
  int64_t lanes, pointwiseOps = 0;
};

/// `sum` + `bias`, which may be null.
mlir::Value addBias(KernelBody &body, mlir::Value sum, mlir::Value bias);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_CONVOUTPUT_H
