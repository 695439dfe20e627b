//===- GpuKernels.h - Emitters of the GPU -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels as in KernelBuilder.h: a block of threads does a task, its scratch is
// the block's shared memory, and barriers order the steps that its threads
// share.

#ifndef SEGC_CODEGEN_GPU_GPUKERNELS_H
#define SEGC_CODEGEN_GPU_GPUKERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/DialectRegistry.h"
#include "segc/Codegen/Common/FusionKernelModel.h"
#include "segc/Codegen/Common/KernelBuilder.h"
#include "segc/Codegen/GPU/GpuTarget.h"
#include "segc/Target/KernelModel.h"

namespace segc {

/// Emits the body of a kernel for one thread.
class GpuKernelBody : public KernelBody {
public:
  GpuKernelBody(mlir::OpBuilder builder, mlir::Location location,
                KernelArguments arguments, int64_t threads,
                mlir::ValueRange tensorMaps = {});

  /// The thread's index in the block, of type index, and the number of threads.
  mlir::Value thread() const { return threadId; }
  int64_t threads() const { return threadCount; }
  /// Emits a barrier of the block. Conditions around it must be uniform in the
  /// block.
  void barrier();
  /// Emits a barrier of all threads of the cluster, and what this thread has
  /// written to shared memory can be read by all behind it.
  void clusterBarrier();
  /// A pointer to the first byte of the shared memory of a block of the
  /// cluster.
  mlir::Value sharedOfBlock(int64_t rank);
  /// Emits what the first `count` threads of the block do, whole warps, which
  /// alone come there: `threads` and `barrier` are theirs.
  void withThreads(int64_t count, llvm::function_ref<void()> body);
  /// The block's shared memory as `size` elements of a type; `scratch` is the
  /// same memory in f32.
  mlir::Value sharedView(mlir::Type element, int64_t size);
  /// A pointer to its byte of this number, for instructions of NVVM.
  mlir::Value sharedPointer(mlir::Value byte);
  /// The address of a tensor map of the launch.
  mlir::Value tensorMap(unsigned number) const { return maps[number]; }
  /// Emits a loop that distributes [0, size) over the threads of the block.
  void forThreads(int64_t size, llvm::function_ref<void(mlir::Value)> body);

private:
  mlir::Value threadId;
  int64_t threadCount, blockThreads;
  llvm::SmallVector<mlir::Value, 2> maps;
};

/// On a kernel: no index that it computes has more than 31 bits; see
/// seg-narrow-indices.
inline constexpr llvm::StringLiteral narrowIndicesAttrName =
    "seg.narrow_indices";

/// Collects the launches of one fusion. Kernel models emit into it.
class GpuFusionEmitter : public FusionEmitterBase {
public:
  /// Kernels are added to the emission's builder, in a gpu.module.
  explicit GpuFusionEmitter(KernelEmission &emission)
      : FusionEmitterBase(emission) {}

  const GpuTarget &getTarget() const {
    return static_cast<const GpuTarget &>(getVersion());
  }

  /// Adds a kernel of one block a task, with `sharedFloats` of (dynamic) shared
  /// memory, and tensor maps. Tasks with a slice may be launched in parts: the
  /// first of the launch is a parameter behind the number of samples, to which
  /// a block adds its number.
  /// The task count is also the attribute `seg.tasks` of the function. Indices
  /// of the kernel are `narrow` if they number elements of its buffers, or
  /// fewer than twice as many things, and the buffers are small enough. So many
  /// tasks that follow each other are a `cluster`, whose blocks run at the same
  /// time and read each other's shared memory.
  void launch(TaskCount tasks, int64_t threads, int64_t sharedFloats,
              llvm::function_ref<void(GpuKernelBody &)> body,
              llvm::ArrayRef<exec::TensorMapAttr> maps = {},
              bool narrow = false, int64_t cluster = 1);

private:
  bool hasNarrowBuffers();
};

/// Base class of the GPU's kernel models of one strategy.
class GpuKernelModel : public FusionKernelModel {
public:
  /// Emits the launches.
  virtual mlir::LogicalResult emitKernels(mlir::Operation *root,
                                          GpuFusionEmitter &emitter) const = 0;

  mlir::LogicalResult emit(KernelEmission &emission) const override;
};

template <typename... Ops>
using GpuOpModel = OpModel<GpuKernelModel, Ops...>;
template <typename Formula>
using GpuFormulaModel = FormulaModel<GpuKernelModel, Formula>;

/// The model of fusions of pointwise ops alone.
const KernelModel &gpuPointwiseModel();
/// Emits a fusion without a root.
mlir::LogicalResult emitGpuPointwiseFusion(GpuFusionEmitter &emitter);
/// The model of several of them in one launch.
const KernelModel &gpuHorizontalModel();
/// What error messages call the target.
inline constexpr llvm::StringLiteral gpuDevice = "GPU";
/// KernelModel::reducedPixels of fusions that a reduction or pointwise ops
/// compute.
int64_t gpuReducedPixels(mlir::RankedTensorType reduced);

// Each adds the models of one family of ops.
void addConvGpuModels(KernelModels &models);
void addElementwiseGpuModels(KernelModels &models);
void addLossGradGpuModels(KernelModels &models);
void addOptimizerGpuModels(KernelModels &models);
void addPoolGpuModels(KernelModels &models);
void addReductionGpuModels(KernelModels &models);
void addShapeGpuModels(KernelModels &models);
void addTopKGpuModels(KernelModels &models);
/// The models of all families.
KernelModels gpuKernelModels();

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUKERNELS_H
