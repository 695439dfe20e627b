//===- GpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuKernels.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Kernels under construction
//===----------------------------------------------------------------------===//

GpuKernelBody::GpuKernelBody(OpBuilder builder, Location location,
                             KernelArguments arguments, int64_t threads)
    : KernelBody(builder, location, std::move(arguments)),
      threadCount(threads) {
  // Buffers start at multiples of 64 bytes, and emitters access vectors at
  // multiples of their size. Without known alignment a load would be split into
  // scalars.
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
  assert(threads <= getTarget().blockThreads &&
         4 * sharedFloats <= getTarget().sharedBytes &&
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
      gpu::GPUFuncOp::create(builder, loc, emission.nextSymbol(),
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
  if (sharedFloats) {
    arguments.scratch = function.getWorkgroupAttributions().front();
    function.setWorkgroupAttributionAttr(0,
                                         LLVM::LLVMDialect::getAlignAttrName(),
                                         builder.getI64IntegerAttr(16));
  }
  // The gpu dialect has no declarations: a body that returns is one.
  if (!emission.declareOnly) {
    arguments.task = gpu::BlockIdOp::create(inner, loc, gpu::Dimension::x);
    GpuKernelBody kernel(inner, loc, arguments, threads);
    body(kernel);
    inner = kernel.builder();
  }
  gpu::ReturnOp::create(inner, loc);
  emission.kernels.push_back({function, tasks});
}

int64_t blockThreads(gpu::GPUFuncOp kernel) {
  return kernel.getKnownBlockSize()->front();
}

} // namespace segc
