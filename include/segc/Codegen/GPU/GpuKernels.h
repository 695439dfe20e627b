//===- GpuKernels.h - Emitters of the GPU -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The kernels are those of KernelBuilder.h: a task is a block of threads, its
// scratch the block's shared memory, and what the threads of a block do
// together lies between barriers.

#ifndef SEGC_CODEGEN_GPU_GPUKERNELS_H
#define SEGC_CODEGEN_GPU_GPUKERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Target/GpuTarget.h"

namespace segc {

/// Writes the body of one kernel as one thread sees it.
class GpuKernelBody : public KernelBody {
public:
  GpuKernelBody(mlir::OpBuilder builder, mlir::Location location,
                KernelArguments arguments, int64_t threads);

  /// This thread's number in the block, of type index, and how many there are.
  mlir::Value thread() const { return threadId; }
  int64_t threads() const { return threadCount; }
  /// All threads of the block arrive before one goes on. Every thread must
  /// come here: conditions around it are the same in the whole block.
  void barrier();
  /// [0, size) shared out among the threads of the block.
  void forThreads(int64_t size, llvm::function_ref<void(mlir::Value)> body);

private:
  mlir::Value threadId;
  int64_t threadCount;
};

/// Collects the launches of one fusion. Emitters of roots get one of these.
class GpuFusionEmitter : public FusionEmitterBase {
public:
  /// Kernels are added to the builder's insertion point, in a gpu.module.
  GpuFusionEmitter(mlir::OpBuilder builder, seg::FusionOp fusion,
                   llvm::StringRef symbol, const GpuTarget &target)
      : FusionEmitterBase(builder, fusion, symbol), target(target) {}

  const GpuTarget &getTarget() const { return target; }

  /// Adds a kernel of one block a task, with `sharedFloats` of shared memory.
  void launch(TaskCount tasks, int64_t threads, int64_t sharedFloats,
              llvm::function_ref<void(GpuKernelBody &)> body);

  /// Kernels in order; their task counts are the attribute `seg.tasks`.
  llvm::ArrayRef<mlir::gpu::GPUFuncOp> kernels() const { return functions; }

private:
  const GpuTarget &target;
  llvm::SmallVector<mlir::gpu::GPUFuncOp> functions;
};

/// Threads of a kernel's block.
int64_t blockThreads(mlir::gpu::GPUFuncOp kernel);

} // namespace segc

#include "segc/Codegen/GPU/GpuKernelInterface.h.inc"

namespace segc {

/// Gives the fusion a strategy if it has none and its root needs one.
mlir::LogicalResult selectGpuStrategy(seg::FusionOp fusion,
                                      const GpuTarget &target);
/// Emits a fusion by its root and strategy.
mlir::LogicalResult emitGpuFusion(GpuFusionEmitter &emitter);
/// Emits a fusion without a root.
mlir::LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter);

// One for each family: attaches GpuKernelOpInterface to its roots.
void registerConvGpuKernels(mlir::DialectRegistry &registry);

/// All of the above, and what the lowering to PTX needs.
void registerGpuKernels(mlir::DialectRegistry &registry);

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUKERNELS_H
