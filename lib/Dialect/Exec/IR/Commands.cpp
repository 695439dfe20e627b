//===- Commands.cpp - Interfaces and verifiers of commands ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Exec/IR/ExecDialect.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace segc::exec {

//===----------------------------------------------------------------------===//
// Shared helpers
//===----------------------------------------------------------------------===//

/// Returns buffer `i`; null if there are fewer, which the verifier reports.
static BufferAttr bufferAt(ArrayAttr buffers, unsigned i) {
  return i < buffers.size() ? cast<BufferAttr>(buffers[i]) : BufferAttr();
}

/// Verifies that there is a buffer of the result's type for each result.
static LogicalResult verifyBuffers(CommandOpInterface command,
                                   ArrayAttr buffers) {
  ResultRange writes = command.getWrites();
  if (buffers.size() != writes.size())
    return command.emitOpError("expects a buffer for each of ")
           << writes.size() << " results, got " << buffers.size();
  for (auto [i, write] : llvm::enumerate(writes))
    if (Type type = bufferAt(buffers, i).getType(); type != write.getType())
      return command.emitOpError("expects result #")
             << i << " of type " << write.getType()
             << " in a buffer of that type, got " << type;
  return success();
}

static FusionOp lookupFusion(Operation *from, StringAttr name) {
  return SymbolTable::lookupNearestSymbolFrom<FusionOp>(from, name);
}

/// Verifies that operands and results have the types of the fusion's.
static LogicalResult verifySignature(CommandOpInterface command,
                                     FusionOp fusion) {
  auto compare = [&](StringRef what, TypeRange actual,
                     TypeRange expected) -> LogicalResult {
    if (actual.size() != expected.size())
      return command.emitOpError("expects ")
             << expected.size() << " " << what << "s, as @"
             << fusion.getSymName() << " has, got " << actual.size();
    for (auto [i, pair] : llvm::enumerate(llvm::zip_equal(actual, expected)))
      if (auto [got, wanted] = pair; got != wanted)
        return command.emitOpError("expects ")
               << what << " #" << i << " of type " << wanted << ", as @"
               << fusion.getSymName() << " has, got " << got;
    return success();
  };
  return failure(failed(compare("operand", TypeRange(command.getReads()),
                                fusion.getInputTypes())) ||
                 failed(compare("result", TypeRange(command.getWrites()),
                                fusion.getOutputTypes())));
}

/// Returns the kernel's fusion, or emits an error if it is no kernel of this
/// module.
static FailureOr<FusionOp> verifyKernel(Operation *op, SymbolRefAttr name,
                                        SymbolTableCollection &symbols) {
  Operation *function = symbols.lookupNearestSymbolFrom(op, name);
  KernelAttr kernel = kernelAttrOf(function);
  if (!kernel || !isa<FunctionOpInterface>(function))
    return op->emitOpError("expects the kernel ")
           << name << " to be a function of this module with the attribute "
           << kernelAttrName << (function ? ", which it lacks" : ", got none");
  auto fusion =
      symbols.lookupNearestSymbolFrom<FusionOp>(op, kernel.getFusion());
  if (!fusion)
    return op->emitOpError("expects the kernel ")
           << name << " to belong to an exec.fusion of this module, got "
           << kernel.getFusion();
  return fusion;
}

/// Verifies that the kernel's first parameters match the tensors it is launched
/// with. Code generator and runtime of the target define the other parameters.
static LogicalResult verifyParameters(Operation *op, SymbolRefAttr name,
                                      SymbolTableCollection &symbols,
                                      ArrayRef<Type> tensors) {
  auto function = dyn_cast_if_present<FunctionOpInterface>(
      symbols.lookupNearestSymbolFrom(op, name));
  if (!function)
    return success();
  if (function.getNumArguments() < tensors.size())
    return op->emitOpError("expects ")
           << name << " to have parameters for " << tensors.size()
           << " buffers, got " << function.getNumArguments();
  for (auto [i, type] : llvm::enumerate(tensors)) {
    auto memory = dyn_cast<MemRefType>(function.getArgumentTypes()[i]);
    auto tensor = cast<RankedTensorType>(type);
    // After the lowering to LLVM, parameters are pointers without a type to
    // check. 16-bit floats may be stored as integers.
    if (memory && memory.hasStaticShape() &&
        (memory.getNumElements() != tensor.getNumElements() ||
         memory.getElementTypeBitWidth() != tensor.getElementTypeBitWidth()))
      return op->emitOpError("expects parameter #")
             << i << " of " << name << " to hold " << tensor << ", got "
             << memory;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// LaunchOp
//===----------------------------------------------------------------------===//

ValueRange LaunchOp::getReads() { return getInputs(); }
ResultRange LaunchOp::getWrites() { return getOutputs(); }
BufferAttr LaunchOp::getBuffer(unsigned i) { return bufferAt(getBuffers(), i); }
ArrayRef<Attribute> LaunchOp::getWorkspace() {
  return getTemporaries().getValue();
}

SmallVector<Operation *> LaunchOp::getKernelFunctions() {
  return llvm::map_to_vector(
      getKernels().getAsRange<SymbolRefAttr>(), [&](auto name) {
        return SymbolTable::lookupNearestSymbolFrom(*this, name);
      });
}

FusionOp LaunchOp::getFusion() {
  return lookupFusion(
      *this, kernelAttrOf(getKernelFunctions().front()).getFusion().getAttr());
}

bool LaunchOp::isPrepared() {
  return llvm::any_of(getTemporaries().getAsRange<BufferAttr>(),
                      [](auto b) { return b.getRegion() == Region::Prepared; });
}

size_t LaunchOp::getMainKernel() {
  for (auto [i, kernel] : llvm::enumerate(getKernelFunctions()))
    if (kernelAttrOf(kernel).getTasksPerSample() > 0)
      return i;
  return 0;
}

ShardsAttr LaunchOp::getShards() {
  const int64_t slice = kernelAttrOf(getKernelFunctions().front()).getSlice();
  int64_t elements = 0;
  for (Type type : getInputs().getTypes())
    elements =
        std::max(elements, cast<RankedTensorType>(type).getNumElements());
  return slice ? ShardsAttr::get(getContext(), elements, slice, 0)
               : ShardsAttr();
}

ShardsAttr LaunchOp::getShardsOfPartials() {
  const KernelAttr kernel = kernelAttrOf(getKernelFunctions().front());
  return kernel.getSlice() && getKernels().size() > 1
             ? ShardsAttr::get(getContext(), kernel.getTasks(), /*slice=*/1,
                               /*offset=*/0)
             : ShardsAttr();
}

LogicalResult LaunchOp::verify() {
  if (getKernels().empty())
    return emitOpError("expects at least one kernel");
  for (auto [i, buffer] :
       llvm::enumerate(getTemporaries().getAsRange<BufferAttr>()))
    if (buffer.getRegion() != Region::Arena &&
        (i > 0 || buffer.getRegion() != Region::Prepared))
      return emitOpError("expects temporary #")
             << i << " in the arena" << (i ? "" : " or prepared") << ", got "
             << buffer.place();
  if (LibraryCallAttr call = getCallAttr())
    for (int64_t input : call.getInputs())
      if (input < 0 || input >= static_cast<int64_t>(getInputs().size()))
        return emitOpError("expects its call to read some of ")
               << getInputs().size() << " operands, got operand " << input;
  return verifyBuffers(*this, getBuffers());
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  SmallVector<Type> tensors(getInputs().getTypes());
  llvm::append_range(tensors, getOutputs().getTypes());
  for (auto buffer : getTemporaries().getAsRange<BufferAttr>())
    tensors.push_back(buffer.getType());
  FusionOp fusion;
  int64_t expected = isPrepared();
  for (auto name : getKernels().getAsRange<SymbolRefAttr>()) {
    FailureOr<FusionOp> found = verifyKernel(*this, name, symbols);
    if (failed(found))
      return failure();
    if (fusion && *found != fusion)
      return emitOpError("expects kernels of one exec.fusion, got @")
             << fusion.getSymName() << " and @" << found->getSymName();
    fusion = *found;
    int64_t launch =
        kernelAttrOf(symbols.lookupNearestSymbolFrom(*this, name)).getLaunch();
    if (launch != expected)
      return emitOpError("expects the kernels of @")
             << fusion.getSymName() << " in their order, launch " << expected
             << " next, got launch " << launch << ", " << name;
    ++expected;
    if (failed(verifyParameters(*this, name, symbols, tensors)))
      return failure();
  }
  if (getSharded() && !getShards())
    return emitOpError("expects a first kernel with a slice where it is "
                       "sharded, got ")
           << getKernels()[0];
  return verifySignature(*this, fusion);
}

//===----------------------------------------------------------------------===//
// PrepareOp
//===----------------------------------------------------------------------===//

ValueRange PrepareOp::getReads() { return (*this)->getOperands(); }
ResultRange PrepareOp::getWrites() { return (*this)->getResults(); }
BufferAttr PrepareOp::getBuffer(unsigned i) {
  return bufferAt(getBuffers(), i);
}
ArrayRef<Attribute> PrepareOp::getWorkspace() { return {}; }

Operation *PrepareOp::getKernelFunction() {
  return SymbolTable::lookupNearestSymbolFrom(*this, getKernelAttr());
}
FusionOp PrepareOp::getFusion() {
  return lookupFusion(*this,
                      kernelAttrOf(getKernelFunction()).getFusion().getAttr());
}

LogicalResult PrepareOp::verify() {
  if (failed(verifyBuffers(*this, getBuffers())))
    return failure();
  if (BufferAttr buffer = getBuffer(0); buffer.getRegion() != Region::Prepared)
    return emitOpError("expects its result in the region 'prepared', got ")
           << buffer.place();
  return success();
}

LogicalResult PrepareOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<FusionOp> fusion = verifyKernel(*this, getKernelAttr(), symbols);
  if (failed(fusion))
    return failure();
  int64_t launch =
      kernelAttrOf(symbols.lookupNearestSymbolFrom(*this, getKernelAttr()))
          .getLaunch();
  if (launch != 0)
    return emitOpError("expects the first kernel of @")
           << fusion->getSymName() << ", got launch " << launch;
  TypeRange types = fusion->getInputTypes();
  if (static_cast<int64_t>(getPosition()) < 0 || getPosition() >= types.size())
    return emitOpError("expects one of ")
           << types.size() << " operands of @" << fusion->getSymName()
           << ", got operand " << static_cast<int64_t>(getPosition());
  if (types[getPosition()] != getInput().getType())
    return emitOpError("expects operand ")
           << getPosition() << " of type " << types[getPosition()] << ", as @"
           << fusion->getSymName() << " has, got " << getInput().getType();
  SmallVector<Type> tensors(types);
  llvm::append_range(tensors, fusion->getOutputTypes());
  tensors.push_back(getOutput().getType());
  return verifyParameters(*this, getKernelAttr(), symbols, tensors);
}

//===----------------------------------------------------------------------===//
// CallOp, CopyOp, JoinOp
//===----------------------------------------------------------------------===//

ValueRange CallOp::getReads() { return getInputs(); }
ResultRange CallOp::getWrites() { return getOutputs(); }
BufferAttr CallOp::getBuffer(unsigned i) { return bufferAt(getBuffers(), i); }
ArrayRef<Attribute> CallOp::getWorkspace() {
  return getTemporaries().getValue();
}
FusionOp CallOp::getFusionOp() {
  return lookupFusion(*this, getFusionAttr().getAttr());
}

LogicalResult CallOp::verify() {
  for (auto [i, buffer] :
       llvm::enumerate(getTemporaries().getAsRange<BufferAttr>()))
    if (buffer.getRegion() != Region::Arena)
      return emitOpError("expects temporary #")
             << i << " in the arena, got " << buffer.place();
  return verifyBuffers(*this, getBuffers());
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto fusion =
      symbols.lookupNearestSymbolFrom<FusionOp>(*this, getFusionAttr());
  if (!fusion)
    return emitOpError("expects an exec.fusion of this module, got ")
           << getFusionAttr();
  return verifySignature(*this, fusion);
}

ValueRange CopyOp::getReads() { return (*this)->getOperands(); }
ResultRange CopyOp::getWrites() { return (*this)->getResults(); }
BufferAttr CopyOp::getBuffer(unsigned i) { return bufferAt(getBuffers(), i); }
ArrayRef<Attribute> CopyOp::getWorkspace() { return {}; }

LogicalResult CopyOp::verify() {
  if (getInput().getType() != getOutput().getType())
    return emitOpError("expects a result of type ")
           << getInput().getType() << ", as its operand, got "
           << getOutput().getType();
  return verifyBuffers(*this, getBuffers());
}

ValueRange JoinOp::getReads() { return getInputs(); }
ResultRange JoinOp::getWrites() { return (*this)->getResults(); }
BufferAttr JoinOp::getBuffer(unsigned i) { return bufferAt(getBuffers(), i); }
ArrayRef<Attribute> JoinOp::getWorkspace() { return {}; }

LogicalResult JoinOp::verify() {
  Type element = getOutput().getType().getElementType();
  for (auto [i, input] : llvm::enumerate(getInputs()))
    if (Type other = cast<RankedTensorType>(input.getType()).getElementType();
        other != element)
      return emitOpError("expects operand #")
             << i << " of " << element << ", as its result, got " << other;
  return verifyBuffers(*this, getBuffers());
}

//===----------------------------------------------------------------------===//
// AdvanceScalarsOp
//===----------------------------------------------------------------------===//

ValueRange AdvanceScalarsOp::getReads() { return (*this)->getOperands(); }
ResultRange AdvanceScalarsOp::getWrites() { return (*this)->getResults(); }
BufferAttr AdvanceScalarsOp::getBuffer(unsigned i) {
  const Value replaced[] = {getStep(), getLossScale(), getFiniteSteps(),
                            getSkippedSteps()};
  auto argument = dyn_cast<BlockArgument>(replaced[i]);
  return argument ? bufferOf(argument) : BufferAttr();
}
ArrayRef<Attribute> AdvanceScalarsOp::getWorkspace() { return {}; }

LogicalResult AdvanceScalarsOp::verify() {
  for (auto [i, scalar] : llvm::enumerate(getOperands().drop_front())) {
    auto argument = dyn_cast<BlockArgument>(scalar);
    BufferAttr buffer = argument ? bufferOf(argument) : BufferAttr();
    if (!buffer || buffer.getRegion() != Region::Scalars)
      return emitOpError("expects operand #")
             << i + 1
             << " to be an argument of the program in the region 'scalars', "
                "got "
             << (buffer ? buffer.place() : "the result of a command");
  }
  return success();
}

//===----------------------------------------------------------------------===//
// CollectiveOp
//===----------------------------------------------------------------------===//

ValueRange CollectiveOp::getReads() { return getInputs(); }
ResultRange CollectiveOp::getWrites() { return getOutputs(); }
BufferAttr CollectiveOp::getBuffer(unsigned i) {
  return bufferAt(getBuffers(), i);
}
ArrayRef<Attribute> CollectiveOp::getWorkspace() { return {}; }

LogicalResult CollectiveOp::verify() {
  if (getInputs().empty())
    return emitOpError("expects at least one tensor");
  if (getInputs().getTypes() != getOutputs().getTypes())
    return emitOpError("expects results of the types of its operands");
  if (failed(verifyBuffers(*this, getBuffers())))
    return failure();
  Type all =
      cast<RankedTensorType>(getInputs().front().getType()).getElementType();
  if (std::optional<Type> type = getTravels())
    if (!all.isF32() || !(type->isBF16() || type->isF16()))
      return emitOpError("expects values of f32 to travel as bf16 or f16, got ")
             << all << " as " << *type;
  const bool isShared = getKind() == CollectiveKind::ReduceScatter ||
                        getKind() == CollectiveKind::AllGather;
  if (isShared != static_cast<bool>(getShards()))
    return emitOpError("expects shards of reduce_scatter and all_gather alone, "
                       "got ")
           << stringifyCollectiveKind(getKind())
           << (isShared ? " without" : " with");
  if (getTravels() && getKind() == CollectiveKind::AllGather)
    return emitOpError(
        "expects the values of all_gather to travel as they are");
  BufferAttr last;
  for (auto [i, buffer] :
       llvm::enumerate(getBuffers().getAsRange<BufferAttr>())) {
    Type element = buffer.getType().getElementType();
    if (!isa<FloatType>(element))
      return emitOpError("expects floats in result #")
             << i << ", got " << buffer.getType();
    if (last && last.getType().getElementType() != element)
      return emitOpError("expects results of one element type, got ")
             << last.getType() << " and " << buffer.getType();
    if (last && !buffer.follows(last))
      return emitOpError("expects result #")
             << i << " to follow " << last.place() << ", which ends at "
             << last.getEnd() << ", got " << buffer.place();
    last = buffer;
  }
  if (const ShardsAttr shards = getShardsAttr()) {
    const int64_t begin =
        cast<BufferAttr>(getBuffers().getValue().front()).getOffset();
    const int64_t end = shards.getOffset() + (last.getEnd() - begin) * 8 /
                                                 all.getIntOrFloatBitWidth();
    if (end > shards.getElements())
      return emitOpError("expects values within ")
             << shards.getElements() << " elements, got some up to " << end;
  }
  return success();
}

} // namespace segc::exec
