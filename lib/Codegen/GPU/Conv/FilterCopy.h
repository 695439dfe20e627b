//===- FilterCopy.h - Filters in 16 bits ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Filters are f32. Blocks that multiply 16 bits may read a copy in these, and
// blocks of quantized factors read one in 8 bits, which the first launch makes
// in the temporary. One of 16 bits lies element by element as the filter does,
// so that all roles and both layouts read it as they would the filter; how one
// of 8 bits lies is in QuantizedFilter.h. The copy of a constant filter is made
// once (KernelModel::preparedOperand).

#ifndef SEGC_LIB_CODEGEN_GPU_CONV_FILTERCOPY_H
#define SEGC_LIB_CODEGEN_GPU_CONV_FILTERCOPY_H

#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Target/MultiplyType.h"

namespace segc {

/// The parameter, without a value, of strategies whose kernels do so.
inline constexpr llvm::StringLiteral filterCopyName = "filter_copy";

/// Whether the kernels of the fusion read a copy of the filter.
bool copiesFilter(seg::FusionOp fusion);
/// The convolution, which `root` computes, with the filter as its copy lies.
/// One of 16 bits does as the filter does, but for an odd number of output
/// channels that follow each other: zeros fill them up to a multiple of eight.
ConvProblem copiedProblem(const ConvProblem &problem, mlir::Operation *root);
/// The reason why the filter of the fusion cannot be copied in this type, or in
/// 8 bits where factors are quantized; empty if it can.
std::string filterCopyRefusal(seg::FusionOp fusion, MultiplyType multiplyType);
/// Floats of the temporary that the copy takes.
int64_t filterCopyFloats(seg::FusionOp fusion);
/// Seconds of the launch.
double filterCopySeconds(seg::FusionOp fusion, const GpuTarget &target);
/// Emits the launch that makes it.
void launchFilterCopy(GpuFusionEmitter &emitter, MultiplyType multiplyType);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_CONV_FILTERCOPY_H
