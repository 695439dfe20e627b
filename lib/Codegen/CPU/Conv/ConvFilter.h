//===- ConvFilter.h - Packing of convolution filters ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_CONVFILTER_H
#define SEGC_LIB_CODEGEN_CPU_CONV_CONVFILTER_H

#include "segc/Codegen/CPU/MultiplyEmitter.h"
#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// The memory of one packed tap: for each input channel, or pair of input
/// channels, `nb` vectors of output channels. Input channels are `step` words
/// apart.
struct FilterPanel {
  mlir::Value memref, base;
  int64_t step, lanes, nb;
  MultiplyEmitter multiplier;
};

/// Returns the number of the filter's tap that a problem with a single phase
/// reads as its tap `at`.
mlir::Value filterTap(KernelBody &body, const ConvProblem &problem,
                      const std::array<mlir::Value, 3> &at);

/// Copies `tap` of a filter to `panel`, for the input channels [first, end) and
/// the output channels from `channel` on, with zeros after the last output
/// channel. `first` must be even, and `end` - `first` a multiple of the lanes
/// unless `end` is the number of input channels.
void packFilterTap(KernelBody &body, const ConvProblem &problem,
                   mlir::Value filter, mlir::Value tap,
                   const FilterPanel &panel, mlir::Value channel,
                   mlir::Value first, mlir::Value end);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_CONVFILTER_H
