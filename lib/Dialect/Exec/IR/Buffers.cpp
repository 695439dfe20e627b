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
  if (type.getElementType().isF64())
    return error() << "expects f32, f16, bf16 or an integer type, which hosts "
                      "have a number for, got "
                   << type;
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

bool BufferAttr::follows(BufferAttr before) const {
  return !isList(getRegion()) && getRegion() == before.getRegion() &&
         getType().getElementType() == before.getType().getElementType() &&
         getOffset() == static_cast<int64_t>(
                            llvm::alignTo(before.getEnd(), regionAlignment));
}

std::string BufferAttr::place() const {
  std::string region = stringifyRegion(getRegion()).str();
  return isList(getRegion()) ? region + "[" + std::to_string(getIndex()) + "]"
                             : region + " + " + std::to_string(getOffset());
}

LogicalResult
TensorMapAttr::verify(llvm::function_ref<InFlightDiagnostic()> error,
                      int64_t operand, int64_t offset, Type element,
                      ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides,
                      ArrayRef<int64_t> box, ArrayRef<int64_t> steps,
                      int64_t swizzle, int64_t samples) {
  // The limits are those of cuTensorMapEncodeTiled.
  constexpr size_t maxRank = 5;
  constexpr int64_t maxSize = int64_t{1} << 32, maxStride = int64_t{1} << 40,
                    maxBox = 256, maxStep = 8, granule = 16;
  auto outside = [&](StringRef what, int64_t least, int64_t most,
                     int64_t value) -> LogicalResult {
    if (value >= least && value <= most)
      return success();
    return error() << "expects '" << what << "' from " << least << " to "
                   << most << ", got " << value;
  };
  const size_t rank = sizes.size();
  if (rank < 1 || rank > maxRank || strides.size() != rank ||
      box.size() != rank || steps.size() != rank)
    return error() << "expects sizes, strides, box and steps of 1 to "
                   << maxRank << " dimensions, got " << rank << ", "
                   << strides.size() << ", " << box.size() << " and "
                   << steps.size();
  // Of what a model's table names, those that a copy may fill with zeros.
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return error() << "expects elements of f32, f16 or bf16, got " << element;
  const int64_t elementBytes = element.getIntOrFloatBitWidth() / 8;
  if (failed(outside("operand", 0, 1023, operand)) ||
      failed(outside("offset", 0, maxRegionBytes, offset)) ||
      failed(outside("samples", 0, static_cast<int64_t>(rank), samples)))
    return failure();
  for (size_t i = 0; i < rank; ++i)
    if (failed(outside("sizes", 1, maxSize, sizes[i])) ||
        failed(outside("strides", 1, maxStride, strides[i])) ||
        failed(outside("box", 1, maxBox, box[i])) ||
        failed(outside("steps", 1, maxStep, steps[i])))
      return failure();
  if (strides[0] != elementBytes)
    return error() << "expects the innermost stride to be an element's, "
                   << elementBytes << ", got " << strides[0];
  for (int64_t bytes : strides.drop_front())
    if (bytes % granule)
      return error() << "expects strides of multiples of " << granule
                     << " bytes, got " << bytes;
  if (offset % granule)
    return error() << "expects an offset of a multiple of " << granule
                   << " bytes, got " << offset;
  if (swizzle != 0 && swizzle != 32 && swizzle != 64 && swizzle != 128)
    return error() << "expects a swizzle of 0, 32, 64 or 128 bytes, got "
                   << swizzle;
  const int64_t rowBytes = box[0] * elementBytes;
  if (rowBytes % granule || (swizzle && rowBytes > swizzle))
    return error() << "expects a box with rows of a multiple of " << granule
                   << " bytes" << (swizzle ? ", at most the swizzle's" : "")
                   << ", got " << rowBytes;
  return success();
}

LogicalResult KernelAttr::verify(llvm::function_ref<InFlightDiagnostic()> error,
                                 FlatSymbolRefAttr, int64_t launch,
                                 int64_t tasks, int64_t tasksPerSample,
                                 int64_t scratch, int64_t threads,
                                 int64_t shared, bool dependent, int64_t slice,
                                 ArrayRef<TensorMapAttr> maps) {
  for (auto [what, value] :
       {std::pair("launch", launch), std::pair("tasks", tasks),
        std::pair("tasks of a sample", tasksPerSample),
        std::pair("scratch", scratch), std::pair("threads", threads),
        std::pair("shared", shared), std::pair("slice", slice)})
    if (value < 0 || value > maxRegionBytes)
      return error() << "expects '" << what << "' from 0 to " << maxRegionBytes
                     << ", got " << value;
  if (!maps.empty() && !threads)
    return error() << "expects 'maps' of a kernel with 'threads' alone";
  if (dependent && !threads)
    return error() << "expects 'dependent' of a kernel with 'threads' alone";
  return success();
}

LogicalResult ShardsAttr::verify(llvm::function_ref<InFlightDiagnostic()> error,
                                 int64_t elements, int64_t slice,
                                 int64_t offset) {
  if (elements < 1 || slice < 1 || offset < 0 || offset >= elements)
    return error() << "expects 'elements' and 'slice' of at least 1 and an "
                      "'offset' below 'elements', got "
                   << elements << ", " << slice << " and " << offset;
  return success();
}

int64_t ShardsAttr::getOwner(int64_t i, int64_t ranks) const {
  const int64_t slices = llvm::divideCeilSigned(getElements(), getSlice());
  // The last rank whose first slice is not behind that of the element.
  return llvm::divideFloorSigned((i / getSlice() + 1) * ranks - 1, slices);
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
