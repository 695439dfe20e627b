//===- OutlineKernels.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Codegen/GPU/Passes.h"
#include "segc/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_OUTLINEGPUKERNELSPASS
#include "segc/Codegen/GPU/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Returns the flat memref of a tensor.
MemRefType memoryOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get({tensor.getNumElements()}, tensor.getElementType());
}

/// Rewrites functions of fusions to functions of launches.
class Outliner {
public:
  Outliner(ModuleOp module, const Target &target)
      : module(module), target(target) {}

  LogicalResult outline(func::FuncOp function);
  int64_t kernelCount = 0, sharedCount = 0;

private:
  LogicalResult check(func::FuncOp function);
  FailureOr<ArrayRef<gpu::GPUFuncOp>> kernels(seg::FusionOp fusion);
  LogicalResult launchAll(seg::FusionOp fusion, Value batch, OpBuilder &b);
  gpu::GPUModuleOp kernelModule();

  ModuleOp module;
  const Target &target;
  gpu::GPUModuleOp container;
  llvm::StringMap<SmallVector<gpu::GPUFuncOp>> known;
  DenseMap<Value, Value> memory; ///< The buffers of a function's tensors.
};

gpu::GPUModuleOp Outliner::kernelModule() {
  if (!container) {
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    container = gpu::GPUModuleOp::create(b, module.getLoc(), gpuModuleName);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    b.getUnitAttr());
  }
  return container;
}

FailureOr<ArrayRef<gpu::GPUFuncOp>> Outliner::kernels(seg::FusionOp fusion) {
  std::string key = kernelKey(fusion);
  if (auto it = known.find(key); it != known.end()) {
    sharedCount += it->second.size();
    return ArrayRef<gpu::GPUFuncOp>(it->second);
  }
  KernelEmission emission{fusion,
                          OpBuilder::atBlockEnd(kernelModule().getBody()),
                          kernelName(fusion, known.size()),
                          *target.version};
  if (failed(target.backend->emitKernels(emission)))
    return failure();
  kernelCount += emission.kernels.size();
  auto &kernels = known[key];
  for (const EmittedKernel &kernel : emission.kernels)
    kernels.push_back(cast<gpu::GPUFuncOp>(kernel.function));
  return ArrayRef<gpu::GPUFuncOp>(kernels);
}

/// Verifies that the function consists of fusions and returns results of them,
/// each with its own memory.
LogicalResult Outliner::check(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("expects one block");
  for (Operation &op : function.getBody().front().without_terminator())
    if (!isa<seg::FusionOp>(op))
      return op.emitOpError("is not in a seg.fusion; run seg-fuse first");
  llvm::SmallDenseSet<Value> returned;
  for (auto [i, value] : llvm::enumerate(
           function.getBody().front().getTerminator()->getOperands()))
    if (isa<BlockArgument>(value) || !returned.insert(value).second)
      return function.emitOpError("result #")
             << i
             << " is an argument or another result again; it has no memory of "
                "its own";
  return success();
}

/// Returns the number of blocks of a launch: fixed + perSample * n.
Value gridSize(OpBuilder &b, Location loc, gpu::GPUFuncOp kernel, Value batch) {
  ArrayRef<int64_t> tasks =
      kernel->getAttrOfType<DenseI64ArrayAttr>(tasksAttrName).asArrayRef();
  Value fixed = arith::ConstantIndexOp::create(b, loc, tasks[0]);
  Value perSample = arith::ConstantIndexOp::create(b, loc, tasks[1]);
  return b.createOrFold<arith::AddIOp>(
      loc, fixed, b.createOrFold<arith::MulIOp>(loc, batch, perSample));
}

LogicalResult Outliner::launchAll(seg::FusionOp fusion, Value batch,
                                  OpBuilder &b) {
  FailureOr<ArrayRef<gpu::GPUFuncOp>> functions = kernels(fusion);
  if (failed(functions))
    return failure();
  Location loc = fusion.getLoc();
  auto allocate = [&](Type type) -> Value {
    return gpu::AllocOp::create(b, loc, type, /*asyncToken=*/Type(),
                                ValueRange(), ValueRange(), ValueRange())
        .getMemref();
  };
  SmallVector<Value> arguments;
  for (Value input : fusion.getInputs())
    arguments.push_back(memory.lookup(input));
  for (Value output : fusion.getOutputs()) {
    Value &place = memory[output];
    if (!place)
      place = allocate(memoryOf(output.getType()));
    arguments.push_back(place);
  }
  gpu::GPUFuncOp first = functions->front();
  Type tempType = first.getArgumentTypes()[arguments.size()];
  arguments.append({allocate(tempType), batch});
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  for (gpu::GPUFuncOp kernel : *functions) {
    Value threads =
        arith::ConstantIndexOp::create(b, loc, blockThreads(kernel));
    gpu::LaunchFuncOp::create(b, loc, kernel,
                              {gridSize(b, loc, kernel, batch), one, one},
                              {threads, one, one}, Value(), arguments);
  }
  return success();
}

LogicalResult Outliner::outline(func::FuncOp function) {
  if (failed(check(function)))
    return failure();
  memory.clear();
  OpBuilder b(function);
  Operation *end = function.getBody().front().getTerminator();
  SmallVector<Type> types;
  for (Type type : function.getArgumentTypes())
    types.push_back(memoryOf(type));
  for (Type type : function.getResultTypes())
    types.push_back(memoryOf(type));
  types.push_back(b.getIndexType());
  auto launches = func::FuncOp::create(b, function.getLoc(), function.getName(),
                                       b.getFunctionType(types, {}));
  Block *block = launches.addEntryBlock();
  for (auto [value, place] :
       llvm::zip(llvm::concat<Value>(
                     llvm::to_vector_of<Value>(function.getArguments()),
                     llvm::to_vector(end->getOperands())),
                 block->getArguments()))
    memory[value] = place;
  b.setInsertionPointToStart(block);
  for (auto fusion : function.getOps<seg::FusionOp>())
    if (failed(launchAll(fusion, block->getArguments().back(), b)))
      return failure();
  // Launches of a stream are executed in order, so that memory is not freed
  // before its last use.
  for (auto alloc : llvm::to_vector(block->getOps<gpu::AllocOp>()))
    gpu::DeallocOp::create(b, alloc.getLoc(), Type(), ValueRange(),
                           alloc.getMemref());
  func::ReturnOp::create(b, function.getLoc());
  function.erase();
  return success();
}

struct OutlineGpuKernelsPass
    : segc::impl::OutlineGpuKernelsPassBase<OutlineGpuKernelsPass> {
  using OutlineGpuKernelsPassBase::OutlineGpuKernelsPassBase;

  void runOnOperation() override {
    FailureOr<Target> target =
        resolveTarget(getOperation(), "cuda:" + chip);
    if (failed(target))
      return signalPassFailure();
    Outliner outliner(getOperation(), *target);
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (failed(outliner.outline(function)))
        return signalPassFailure();
    kernels += outliner.kernelCount;
    shared += outliner.sharedCount;
  }
};

} // namespace
