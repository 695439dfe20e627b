//===- CpuKernels.h - Emitters of the CPU -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUKERNELS_H
#define SEGC_CODEGEN_CPU_CPUKERNELS_H

#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Target/CpuStrategyContext.h"

#include "segc/Codegen/CPU/CpuKernelInterface.h.inc"

namespace segc {

/// The fusion's root, or null if all its ops are pointwise.
mlir::Operation *fusionRoot(seg::FusionOp fusion);
/// The root, else the first op: what a kernel is named after.
mlir::Operation *fusionLead(seg::FusionOp fusion);
/// What distinguishes two fusions' kernels: ops, types, attributes and how
/// values flow, but not where they live.
std::string kernelKey(seg::FusionOp fusion);
/// Name of the kernels of the `index`-th distinct fusion.
std::string kernelName(seg::FusionOp fusion, size_t index);

/// Emits a fusion without a root.
mlir::LogicalResult emitPointwiseFusion(FusionEmitter &emitter);

// One for each family: attaches CpuKernelOpInterface to its roots.
void registerConvCpuKernels(mlir::DialectRegistry &registry);
void registerElementwiseCpuKernels(mlir::DialectRegistry &registry);
void registerLossCpuKernels(mlir::DialectRegistry &registry);
void registerNormCpuKernels(mlir::DialectRegistry &registry);
void registerOptimizerCpuKernels(mlir::DialectRegistry &registry);
void registerPoolCpuKernels(mlir::DialectRegistry &registry);
void registerShapeCpuKernels(mlir::DialectRegistry &registry);

/// All of the above.
void registerCpuKernels(mlir::DialectRegistry &registry);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUKERNELS_H
