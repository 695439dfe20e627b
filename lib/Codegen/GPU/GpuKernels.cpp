//===- GpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuKernels.h"
#include "Pointwise/AugmentKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "segc/Codegen/GPU/LowerToPTX.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Kernels under construction
//===----------------------------------------------------------------------===//

GpuKernelBody::GpuKernelBody(OpBuilder builder, Location location,
                             KernelArguments arguments, int64_t threads,
                             ValueRange tensorMaps)
    : KernelBody(builder, location, std::move(arguments)), threadCount(threads),
      blockThreads(threads), maps(tensorMaps) {
  // Buffers start at multiples of 64 bytes, and emitters access vectors at
  // multiples of their size. Without known alignment a load would be split into
  // scalars.
  alignedVectors = true;
  threadId = gpu::ThreadIdOp::create(this->builder(), loc(), gpu::Dimension::x);
}

/// Returns the block's shared memory. A kernel has no other, so that the host
/// alone says how much it is.
static Value sharedMemory(OpBuilder &b, Location loc, Type element,
                          int64_t size) {
  auto space =
      gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  auto typed = [&](int64_t size, Type element) {
    return MemRefType::get({size}, element, MemRefLayoutAttrInterface(), space);
  };
  Value bytes = gpu::DynamicSharedMemoryOp::create(
      b, loc, typed(ShapedType::kDynamic, b.getI8Type()));
  Value start = arith::ConstantIndexOp::create(b, loc, 0);
  return memref::ViewOp::create(b, loc, typed(size, element), bytes, start,
                                ValueRange());
}

Value GpuKernelBody::sharedView(Type element, int64_t size) {
  return sharedMemory(builder(), loc(), element, size);
}

Value GpuKernelBody::sharedPointer(Value byte) {
  OpBuilder &b = builder();
  auto kernels =
      b.getInsertionBlock()->getParentOp()->getParentOfType<gpu::GPUModuleOp>();
  Value start =
      LLVM::AddressOfOp::create(b, loc(), sharedMemorySymbol(kernels));
  Value offset =
      b.createOrFold<arith::IndexCastOp>(loc(), b.getI32Type(), byte);
  return LLVM::GEPOp::create(b, loc(), start.getType(), b.getI8Type(), start,
                             offset);
}

void GpuKernelBody::barrier() {
  if (threadCount == blockThreads) {
    gpu::BarrierOp::create(builder(), loc());
    return;
  }
  // Number 0 is that of the block.
  auto word = [&](int64_t value) {
    return arith::ConstantIntOp::create(builder(), loc(), value, 32);
  };
  NVVM::BarrierOp::create(builder(), loc(), TypeRange(), word(1),
                          word(threadCount), {}, Value());
}

// The forms that are not "aligned": threads of a warp may come one by one.
void GpuKernelBody::clusterBarrier() {
  NVVM::ClusterArriveOp::create(builder(), loc(), /*aligned=*/nullptr);
  NVVM::ClusterWaitOp::create(builder(), loc(), /*aligned=*/nullptr);
}

Value GpuKernelBody::sharedOfBlock(int64_t rank) {
  OpBuilder &b = builder();
  auto pointer = LLVM::LLVMPointerType::get(
      b.getContext(),
      static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster));
  return NVVM::MapaOp::create(b, loc(), pointer, sharedPointer(index(0)),
                              arith::ConstantIntOp::create(b, loc(), rank, 32));
}

void GpuKernelBody::withThreads(int64_t count,
                                llvm::function_ref<void()> body) {
  int64_t all = std::exchange(threadCount, count);
  body();
  threadCount = all;
}

void GpuKernelBody::forThreads(int64_t size,
                               llvm::function_ref<void(Value)> body) {
  if (size == threadCount)
    return body(thread());
  if (size < threadCount)
    return ifThen(less(thread(), index(size)), [&] { body(thread()); });
  loop(thread(), index(size), threadCount, body);
}

bool GpuFusionEmitter::hasNarrowBuffers() {
  return llvm::all_of(bufferTypes(), [](Type type) {
    return cast<MemRefType>(type).getNumElements() <= int64_t{1} << 30;
  });
}

void GpuFusionEmitter::launch(TaskCount tasks, int64_t threads,
                              int64_t sharedFloats,
                              llvm::function_ref<void(GpuKernelBody &)> body,
                              ArrayRef<exec::TensorMapAttr> maps, bool narrow,
                              int64_t cluster) {
  assert(tasks.fixed % cluster == 0 && tasks.perSample % cluster == 0 &&
         "clusters are whole");
  assert(threads <= getTarget().blockThreads &&
         4 * sharedFloats <= getTarget().sharedBytes &&
         "a strategy must fit its target");
  SmallVector<Type> types = bufferTypes();
  size_t buffers = types.size(), numbers = tasks.slice ? 2 : 1;
  types.append(numbers, builder.getIndexType());
  types.append(maps.size(), LLVM::LLVMPointerType::get(builder.getContext()));
  Location loc = fusion.getLoc();
  auto function = gpu::GPUFuncOp::create(builder, loc, emission.nextSymbol(),
                                         builder.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    builder.getUnitAttr());
  function.setKnownBlockSizeAttr(
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  if (cluster > 1)
    function.setKnownClusterSizeAttr(
        builder.getDenseI32ArrayAttr({static_cast<int32_t>(cluster), 1, 1}));
  function->setAttr(tasksAttrName, builder.getDenseI64ArrayAttr(
                                       {tasks.fixed, tasks.perSample}));
  if (narrow && hasNarrowBuffers())
    function->setAttr(narrowIndicesAttrName, builder.getUnitAttr());
  Block &block = function.getBody().front();
  OpBuilder inner = OpBuilder::atBlockBegin(&block);
  // The gpu dialect has no declarations: a body that returns is one.
  if (!emission.declareOnly) {
    KernelArguments arguments = bufferArguments(block.getArguments());
    arguments.batch = block.getArgument(buffers);
    if (sharedFloats)
      arguments.scratch =
          sharedMemory(inner, loc, builder.getF32Type(), sharedFloats);
    arguments.task = gpu::BlockIdOp::create(inner, loc, gpu::Dimension::x);
    if (tasks.slice)
      arguments.task = arith::AddIOp::create(
          inner, loc, block.getArgument(buffers + 1), arguments.task);
    GpuKernelBody kernel(inner, loc, arguments, threads,
                         block.getArguments().drop_front(buffers + numbers));
    body(kernel);
    inner = kernel.builder();
  }
  gpu::ReturnOp::create(inner, loc);
  bool dependent = emission.dependent && getTarget().hasDependentLaunches;
  if (dependent && !emission.declareOnly)
    waitForLaunch(function);
  emission.kernels.push_back({function,
                              tasks,
                              /*scratchBytes=*/0,
                              threads,
                              4 * sharedFloats,
                              dependent,
                              {maps.begin(), maps.end()}});
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

LogicalResult GpuKernelModel::emit(KernelEmission &emission) const {
  GpuFusionEmitter emitter(emission);
  seg::FusionOp fusion = emission.fusion;
  if (failed(verify(fusion, gpuDevice)))
    return failure();
  return emitKernels(fusion.getRoot(), emitter);
}

KernelModels gpuKernelModels() {
  KernelModels models;
  addAugmentGpuModels(models);
  addConvGpuModels(models);
  addElementwiseGpuModels(models);
  addLossGradGpuModels(models);
  addOptimizerGpuModels(models);
  addPoolGpuModels(models);
  addReductionGpuModels(models);
  addShapeGpuModels(models);
  addTopKGpuModels(models);
  return models;
}

} // namespace segc
