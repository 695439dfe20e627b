//===- CpuKernels.h - Emitters of the CPU -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUKERNELS_H
#define SEGC_CODEGEN_CPU_CPUKERNELS_H

#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/Common/Moments.h"
#include "segc/Target/CpuStrategyContext.h"

namespace segc {

/// A tile whose pixels a reduction adds up.
struct ReductionTile {
  mlir::Value sample;
  mlir::Value number; ///< Within the sample.
  mlir::Value first;  ///< Element of the first pixel's channel 0.
  mlir::Value pixels; ///< How many, an index.
};

// Of pixels and their channels; see lib/Codegen/CPU/Reductions/PixelChannels.h.
struct PixelVector;
class PixelTerms;

/// Where the tiles of a reduction of pixels leave `count` numbers each, and
/// then the samples, in KernelBody::sums.
struct PixelSums {
  int64_t samples, pixels, tiles, count, base;

  int64_t floats() const { return samples * (tiles + 1) * count; }
  mlir::Value tileRow(KernelBody &k, mlir::Value sample,
                      mlir::Value tile) const;
  mlir::Value sampleRow(KernelBody &k, mlir::Value sample) const;
};

} // namespace segc

#include "segc/Codegen/CPU/CpuKernelInterface.h.inc"

namespace segc {

/// Emits a fusion by its root and strategy; an error where the root's kernel
/// does not take the ops around it.
mlir::LogicalResult emitCpuFusion(FusionEmitter &emitter);
/// Emits a fusion without a root.
mlir::LogicalResult emitPointwiseFusion(FusionEmitter &emitter);

// One for each family: attaches CpuKernelOpInterface to its roots.
void registerConvCpuKernels(mlir::DialectRegistry &registry);
void registerElementwiseCpuKernels(mlir::DialectRegistry &registry);
void registerCrossEntropyCpuKernels(mlir::DialectRegistry &registry);
void registerDiceCpuKernels(mlir::DialectRegistry &registry);
void registerNormCpuKernels(mlir::DialectRegistry &registry);
void registerOptimizerCpuKernels(mlir::DialectRegistry &registry);
void registerPoolCpuKernels(mlir::DialectRegistry &registry);
void registerShapeCpuKernels(mlir::DialectRegistry &registry);

/// All of the above.
void registerCpuKernels(mlir::DialectRegistry &registry);

/// Attaches KernelCosts to the seg dialect.
void registerCpuKernelCosts(mlir::DialectRegistry &registry);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUKERNELS_H
