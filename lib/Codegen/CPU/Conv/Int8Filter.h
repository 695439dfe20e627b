//===- Int8Filter.h - Packing of quantized filters --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_INT8FILTER_H
#define SEGC_LIB_CODEGEN_CPU_CONV_INT8FILTER_H

#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// The memory of the panel of a block of `nb` vectors of output channels, in
/// words of 32 bits. In front are two words for each channel: -128 times the
/// sum of its filter, an i32, with which the sums of outputs start, since
/// inputs are stored with 128 added; then the scale of the sums, an f32. Words
/// of the filter hold four input channels.
struct Int8Panel {
  mlir::Value memref, base;
  int64_t header;
  int64_t row;  ///< Words from one (depth, height) tap to the next.
  int64_t tap;  ///< Words from one tap of a row to the next.
  int64_t step; ///< Words from four input channels to the next four.
  int64_t lanes, nb;
  double inputScale;
};

/// Quantizes the output channels from `channel` on of the taps of a phase, as
/// seg.quantize_filter does, and stores them in the panel. The filter is
/// contiguous along its output channels, and the number of input channels a
/// multiple of 4.
void packInt8Filter(KernelBody &body, const ConvProblem &problem,
                    mlir::Value filter, const std::array<ConvPhase, 3> &phase,
                    mlir::Value channel, const Int8Panel &panel);

/// Loads a vector of i32 from memory of f32.
mlir::Value loadIntegers(KernelBody &body, mlir::Value memref,
                         mlir::Value index, int64_t lanes);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_INT8FILTER_H
