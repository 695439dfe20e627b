//===- Buffers.cpp - Buffers of tensors -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Exec/IR/ExecDialect.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc::exec {

/// The largest region. Sums of offsets and sizes stay far below 2^63.
static constexpr int64_t maxRegionBytes = int64_t{1} << 46;

LogicalResult BufferAttr::verify(llvm::function_ref<InFlightDiagnostic()> error,
                                 Region region, int64_t index, int64_t offset,
                                 RankedTensorType type) {
  bool list = isList(region);
  // The index is bounded because hosts reserve a buffer for each index.
  constexpr int64_t maxIndex = 1023;
  int64_t position = list ? index : offset;
  int64_t last = list ? maxIndex : maxRegionBytes;
  if (position < 0 || position > last)
    return error() << "expects the " << (list ? "index" : "offset")
                   << " in the region '" << stringifyRegion(region)
                   << "' to be from 0 to " << last << ", got " << position;
  if (!type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8)
    return error() << "expects elements of whole bytes, got " << type;
  constexpr int64_t maxElements = int64_t{1} << 40;
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (size < 0 || (size && elements > maxElements / size))
      return error() << "expects a tensor of up to " << maxElements
                     << " elements, got " << type;
    else
      elements *= size;
  return success();
}

int64_t BufferAttr::getBytes() const {
  return getType().getNumElements() * getType().getElementTypeBitWidth() / 8;
}

bool BufferAttr::samePlace(BufferAttr other) const {
  return getRegion() == other.getRegion() && getIndex() == other.getIndex() &&
         getOffset() == other.getOffset();
}

bool BufferAttr::overlaps(BufferAttr other) const {
  return getRegion() == other.getRegion() && getIndex() == other.getIndex() &&
         getOffset() < other.getEnd() && other.getOffset() < getEnd();
}

std::string BufferAttr::place() const {
  std::string region = stringifyRegion(getRegion()).str();
  return isList(getRegion()) ? region + "[" + std::to_string(getIndex()) + "]"
                             : region + " + " + std::to_string(getOffset());
}

LogicalResult KernelAttr::verify(llvm::function_ref<InFlightDiagnostic()> error,
                                 FlatSymbolRefAttr, int64_t launch,
                                 int64_t tasks, int64_t tasksPerSample,
                                 int64_t scratch, int64_t threads,
                                 int64_t shared) {
  for (auto [what, value] :
       {std::pair("launch", launch), std::pair("tasks", tasks),
        std::pair("tasks of a sample", tasksPerSample),
        std::pair("scratch", scratch), std::pair("threads", threads),
        std::pair("shared", shared)})
    if (value < 0 || value > maxRegionBytes)
      return error() << "expects '" << what << "' from 0 to " << maxRegionBytes
                     << ", got " << value;
  return success();
}

KernelAttr kernelAttrOf(Operation *function) {
  return function ? function->getAttrOfType<KernelAttr>(kernelAttrName)
                  : KernelAttr();
}

BufferAttr bufferOf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto program = cast<ProgramOp>(argument.getOwner()->getParentOp());
    return cast<BufferAttr>(
        program.getArgumentBuffers()[argument.getArgNumber()]);
  }
  auto result = cast<OpResult>(value);
  auto command = dyn_cast<CommandOpInterface>(result.getOwner());
  return command ? command.getBuffer(result.getResultNumber()) : BufferAttr();
}

int64_t accessedBytes(Operation *module, Region region) {
  int64_t end = 0;
  auto add = [&](BufferAttr buffer) {
    if (buffer.getRegion() == region)
      end = std::max(end, buffer.getEnd());
  };
  module->walk([&](ProgramOp program) {
    for (auto buffer : program.getArgumentBuffers().getAsRange<BufferAttr>())
      add(buffer);
    for (auto command : program.getBody().getOps<CommandOpInterface>()) {
      for (Value write : command.getWrites())
        add(bufferOf(write));
      for (Attribute temporary : command.getWorkspace())
        add(cast<BufferAttr>(temporary));
    }
  });
  return llvm::alignTo(end, regionAlignment);
}

int64_t scratchBytes(ProgramOp program) {
  int64_t maxBytes = 0;
  auto add = [&](Operation *function) {
    maxBytes = std::max(maxBytes, kernelAttrOf(function).getScratch());
  };
  program.walk([&](Operation *op) {
    if (auto launch = dyn_cast<LaunchOp>(op))
      llvm::for_each(launch.getKernelFunctions(), add);
    else if (auto prepare = dyn_cast<PrepareOp>(op))
      add(prepare.getKernelFunction());
  });
  return llvm::alignTo(maxBytes, regionAlignment);
}

} // namespace segc::exec
