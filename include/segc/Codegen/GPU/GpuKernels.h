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
#include "segc/Codegen/GPU/GpuTarget.h"
#include "segc/Target/KernelModel.h"

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
  /// Kernels are added to the emission's builder, in a gpu.module.
  explicit GpuFusionEmitter(KernelEmission &emission)
      : FusionEmitterBase(emission) {}

  const GpuTarget &getTarget() const {
    return static_cast<const GpuTarget &>(getVersion());
  }

  /// Adds a kernel of one block a task, with `sharedFloats` of shared memory.
  /// The task count is also the attribute `seg.tasks` of the function.
  void launch(TaskCount tasks, int64_t threads, int64_t sharedFloats,
              llvm::function_ref<void(GpuKernelBody &)> body);
};

/// Threads of a kernel's block.
int64_t blockThreads(mlir::gpu::GPUFuncOp kernel);

/// Emits a fusion without a root.
mlir::LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter);

// One for each family.
void addConvGpuModels(KernelModels &models);

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUKERNELS_H
