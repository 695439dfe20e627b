//===- ConvEmitters.h - Emitters of convolution kernels ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_CPU_CONV_CONVEMITTERS_H
#define SEGC_LIB_CODEGEN_CPU_CONV_CONVEMITTERS_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"

namespace segc {

/// Emits a direct convolution, transposed convolution or input gradient.
mlir::LogicalResult emitConv(FusionEmitter &emitter, mlir::Operation *root);
/// Emits a convolution or transposed convolution of quantized factors.
mlir::LogicalResult emitInt8Conv(FusionEmitter &emitter, mlir::Operation *root);
mlir::LogicalResult emitWinogradConv(FusionEmitter &emitter,
                                     mlir::Operation *root);
/// Emits a convolution or input gradient with few output channels.
mlir::LogicalResult emitFewChannelsConv(FusionEmitter &emitter,
                                        mlir::Operation *root);
mlir::LogicalResult emitGroupedConv(FusionEmitter &emitter,
                                    mlir::Operation *root);
mlir::LogicalResult emitGroupedFilterGrad(FusionEmitter &emitter,
                                          mlir::Operation *root);
mlir::LogicalResult emitConvFilterGrad(FusionEmitter &emitter,
                                       mlir::Operation *root);
mlir::LogicalResult emitWinogradFilterGrad(FusionEmitter &emitter,
                                           mlir::Operation *root);
/// Emits the second launch of a filter gradient, which merges the partial sums
/// and stores them in the filter's layout.
void emitFilterGradMerge(FusionEmitter &emitter, const ConvProblem &problem,
                         const FilterGradTiling &tiling);

/// Emits two launches. The tasks of the first pack parts of the filter; each
/// task of the second multiplies one tile of a sample.
template <typename Conv, typename Tiling, typename... Options>
mlir::LogicalResult
emitPackedConv(FusionEmitter &emitter, mlir::Operation *root,
               mlir::FailureOr<Tiling> (*read)(FusionEmitter &,
                                               const ConvProblem &,
                                               mlir::Operation *),
               const Options &...options) {
  ConvProblem problem = convProblem(root);
  mlir::FailureOr<Tiling> tiling = read(emitter, problem, root);
  if (failed(tiling))
    return mlir::failure();
  Conv conv(problem, *tiling, root, emitter.getFusion(), options...);
  emitter.launch({conv.packTasks(), 0}, 0,
                 [&](KernelBody &body) { conv.packFilter(body); });
  emitter.launch({0, conv.tasksPerSample()},
                 roundUp(conv.scratchFloats() * 4, 64),
                 [&](KernelBody &body) { conv.multiply(body); });
  conv.emitMerges(emitter);
  return mlir::success();
}

} // namespace segc

#endif // SEGC_LIB_CODEGEN_CPU_CONV_CONVEMITTERS_H
