//===- GpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuKernels.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

#include "segc/Codegen/GPU/GpuKernelInterface.cpp.inc"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Kernels under construction
//===----------------------------------------------------------------------===//

GpuKernelBody::GpuKernelBody(OpBuilder builder, Location location,
                             KernelArguments arguments, int64_t threads)
    : KernelBody(builder, location, std::move(arguments)),
      threadCount(threads) {
  // Buffers start at multiples of 64 bytes, and emitters keep to those of a
  // vector's size: otherwise a load would fall apart.
  alignedVectors = true;
  threadId = gpu::ThreadIdOp::create(this->builder(), loc(), gpu::Dimension::x);
}

void GpuKernelBody::barrier() { gpu::BarrierOp::create(builder(), loc()); }

void GpuKernelBody::forThreads(int64_t size,
                               llvm::function_ref<void(Value)> body) {
  if (size == threadCount)
    return body(thread());
  if (size < threadCount)
    return ifThen(less(thread(), index(size)), [&] { body(thread()); });
  loop(thread(), index(size), threadCount, body);
}

void GpuFusionEmitter::launch(TaskCount tasks, int64_t threads,
                              int64_t sharedFloats,
                              llvm::function_ref<void(GpuKernelBody &)> body) {
  assert(threads <= target.blockThreads &&
         4 * sharedFloats <= target.sharedBytes &&
         "a strategy must fit its target");
  SmallVector<Type> types = bufferTypes();
  types.push_back(builder.getIndexType());
  SmallVector<Type> workgroup;
  if (sharedFloats)
    workgroup.push_back(MemRefType::get(
        {sharedFloats}, builder.getF32Type(), MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(builder.getContext(),
                                   gpu::AddressSpace::Workgroup)));
  Location loc = fusion.getLoc();
  auto function =
      gpu::GPUFuncOp::create(builder, loc, kernelSymbol(functions.size()),
                             builder.getFunctionType(types, {}), workgroup);
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    builder.getUnitAttr());
  function.setKnownBlockSizeAttr(
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  function->setAttr(tasksAttrName, builder.getDenseI64ArrayAttr(
                                       {tasks.fixed, tasks.perSample}));
  Block &block = function.getBody().front();
  OpBuilder inner = OpBuilder::atBlockBegin(&block);
  KernelArguments arguments = bufferArguments(block.getArguments());
  arguments.batch = block.getArgument(types.size() - 1);
  arguments.task = gpu::BlockIdOp::create(inner, loc, gpu::Dimension::x);
  if (sharedFloats) {
    arguments.scratch = function.getWorkgroupAttributions().front();
    function.setWorkgroupAttributionAttr(0,
                                         LLVM::LLVMDialect::getAlignAttrName(),
                                         builder.getI64IntegerAttr(16));
  }
  GpuKernelBody kernel(inner, loc, arguments, threads);
  body(kernel);
  gpu::ReturnOp::create(kernel.builder(), loc);
  functions.push_back(function);
}

int64_t blockThreads(gpu::GPUFuncOp kernel) {
  return kernel.getKnownBlockSize()->front();
}

//===----------------------------------------------------------------------===//
// Fusions
//===----------------------------------------------------------------------===//

LogicalResult selectGpuStrategy(seg::FusionOp fusion, const GpuTarget &target) {
  Operation *root = fusion.getRoot();
  if (!root || fusion.getStrategyAttr())
    return success();
  auto kernel = dyn_cast<GpuKernelOpInterface>(root);
  if (!kernel)
    return root->emitOpError("has no GPU kernel");
  fusion.setStrategyAttr(kernel.selectGpuStrategy(fusion, target));
  return success();
}

LogicalResult emitGpuFusion(GpuFusionEmitter &emitter) {
  Operation *root = emitter.getFusion().getRoot();
  if (!root)
    return emitGpuPointwiseFusion(emitter);
  auto kernel = dyn_cast<GpuKernelOpInterface>(root);
  return kernel ? kernel.emitGpuKernel(emitter)
                : root->emitOpError("has no GPU kernel");
}

void registerGpuKernels(DialectRegistry &registry) {
  registry.insert<gpu::GPUDialect, NVVM::NVVMDialect>();
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registerConvGpuKernels(registry);
}

} // namespace segc
