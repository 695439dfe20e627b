//===- ConvFilter.h - Filters as the inner loops read them ------*- C++ -*-===//
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

/// Where the values of one tap go: input channel after input channel, or pair
/// after pair, `step` words apart, each with `nb` vectors of output channels.
struct FilterPanel {
  mlir::Value memref, base;
  int64_t step, lanes, nb;
  MultiplyEmitter multiplier;
};

/// The filter's tap that a problem of one phase reads as its tap `at`.
mlir::Value filterTap(KernelBody &body, const ConvProblem &problem,
                      const std::array<mlir::Value, 3> &at);

/// Copies `tap` of a filter for the input channels [first, end), the first of
/// which begins a pair and whose distance is a multiple of the lanes or ends
/// with the channels, and the output channels from `channel` on; zeros beyond
/// the last one.
void packFilterTap(KernelBody &body, const ConvProblem &problem,
                   mlir::Value filter, mlir::Value tap,
                   const FilterPanel &panel, mlir::Value channel,
                   mlir::Value first, mlir::Value end);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_CONVFILTER_H
