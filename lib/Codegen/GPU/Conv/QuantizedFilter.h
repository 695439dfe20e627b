//===- QuantizedFilter.h - Filters in 8 bits --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The copy of a filter (FilterCopy.h) where both factors of a convolution are
// quantized. ldmatrix transposes no elements of 8 bits, so its numbers lie
// along the depth: [taps, output channels, input channels], four in a word.
// Behind them are the scales of the sums, an f32 for each output channel: that
// of the channel's filter times that of the input.

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_QUANTIZEDFILTER_H
#define SEGC_LIB_CODEGEN_GPU_CONV_QUANTIZEDFILTER_H

#include "ConvGemm.h"

namespace segc {

/// The reason why the factors of the fusion cannot be multiplied as integers of
/// 8 bits; empty if they can.
std::string quantizedRefusal(seg::FusionOp fusion);
/// The values that blocks multiply of the input: whole numbers of a quantized
/// one, in f32.
mlir::Value inputFactor(mlir::Operation *root);
/// The convolution with the filter as the copy lies, and how its elements are
/// numbered, in runs of up to 16 bytes.
ConvProblem quantizedProblem(const ConvProblem &problem);
GemmAccess quantizedAccess(const ConvProblem &problem);
/// The element of the temporary with the scale of output channel 0.
int64_t firstScale(const ConvProblem &problem);
/// Floats of the temporary that the copy takes.
int64_t quantizedFilterFloats(const ConvProblem &problem);
/// Emits the launch that makes it.
void launchFilterQuantization(GpuFusionEmitter &emitter);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_QUANTIZEDFILTER_H
