//===- Programs.cpp - Verifiers of fusions and programs -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Exec/IR/ExecDialect.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace segc::exec {

//===----------------------------------------------------------------------===//
// FusionOp
//===----------------------------------------------------------------------===//

LogicalResult FusionOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.empty() || block.getOperations().size() != 2)
    return emitOpError("expects one op and exec.yield in its body, got ")
           << block.getOperations().size() << " ops";
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield)
    return emitOpError("expects its body to end with exec.yield, got '")
           << block.back().getName() << "'";
  Operation *op = getComputation();
  if (!llvm::equal(op->getOperands(), block.getArguments()))
    return op->emitOpError("expects the ")
           << block.getNumArguments()
           << " arguments of the exec.fusion as its operands, in order";
  if (!llvm::equal(yield.getOperands(), op->getResults()))
    return yield.emitOpError("expects the ")
           << op->getNumResults() << " results of '" << op->getName()
           << "' as its operands, in order";
  return success();
}

//===----------------------------------------------------------------------===//
// ProgramOp
//===----------------------------------------------------------------------===//

ReturnOp ProgramOp::getReturn() {
  return cast<ReturnOp>(getBody().front().getTerminator());
}

StringRef ProgramOp::getValueName(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return cast<StringAttr>(getArgumentNames()[argument.getArgNumber()]);
  ReturnOp end = getReturn();
  for (auto [returned, name] : llvm::zip_equal(end.getValues(), end.getNames()))
    if (returned == value)
      return cast<StringAttr>(name);
  return "";
}

SmallVector<Value> ProgramOp::getListed(Region region) {
  SmallVector<Value> list;
  auto add = [&](Value value) {
    BufferAttr buffer = bufferOf(value);
    if (buffer.getRegion() != region)
      return;
    size_t index = buffer.getIndex();
    if (list.size() <= index)
      list.resize(index + 1);
    list[index] = value;
  };
  llvm::for_each(getBody().getArguments(), add);
  llvm::for_each(getReturn().getValues(), add);
  return list;
}

LogicalResult ProgramOp::verify() {
  constexpr int64_t maxBatch = int64_t{1} << 31, maxArena = int64_t{1} << 46;
  auto arguments = static_cast<int64_t>(getBody().getNumArguments());
  if (static_cast<int64_t>(getArgumentBuffers().size()) != arguments ||
      static_cast<int64_t>(getArgumentNames().size()) != arguments)
    return emitOpError("expects a name and a buffer for each of ")
           << arguments << " arguments, got " << getArgumentNames().size()
           << " and " << getArgumentBuffers().size();
  auto inRange = [&](StringRef what, int64_t value, int64_t min,
                     int64_t max) -> LogicalResult {
    if (value >= min && value <= max)
      return success();
    return emitOpError("expects ")
           << what << " from " << min << " to " << max << ", got " << value;
  };
  int64_t arena = getArena();
  if (failed(inRange("batch", getBatch(), 1, maxBatch)) ||
      failed(inRange("arena", arena, 0, maxArena)) ||
      failed(inRange("bound", getBound(), 0, arena)))
    return failure();
  if (arena % regionAlignment)
    return emitOpError("expects arena to be a multiple of ")
           << regionAlignment << ", got " << arena;
  for (BlockArgument argument : getBody().getArguments()) {
    auto buffer =
        cast<BufferAttr>(getArgumentBuffers()[argument.getArgNumber()]);
    if (argument.getType() != buffer.getType())
      return emitOpError("expects argument #")
             << argument.getArgNumber() << " of type " << argument.getType()
             << " in a buffer of that type, got " << buffer.getType();
    if (buffer.getRegion() == Region::Arena ||
        buffer.getRegion() == Region::Outputs)
      return emitOpError("expects argument #")
             << argument.getArgNumber()
             << " in a region that the caller fills, got " << buffer.place();
  }
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  for (Operation &op : getBody().front())
    if (op.getDialect() != (*this)->getDialect())
      return op.emitOpError("is no command of a program");
  return success();
}

//===----------------------------------------------------------------------===//
// ReturnOp
//===----------------------------------------------------------------------===//

LogicalResult ReturnOp::verify() {
  if (getNames().size() != getValues().size())
    return emitOpError("expects a name for each of ")
           << getValues().size() << " values, got " << getNames().size();
  llvm::SmallDenseSet<Value> seen;
  for (auto [i, value] : llvm::enumerate(getValues())) {
    if (isa<BlockArgument>(value) || !seen.insert(value).second)
      return emitOpError("expects value #")
             << i << " to be a command's result that is returned once, got an "
             << "argument or a repeated value";
    BufferAttr buffer = bufferOf(value);
    if (buffer && buffer.getRegion() == Region::Arena)
      return emitOpError("expects value #")
             << i << " in a region that outlives the call, got "
             << buffer.place();
  }
  return success();
}

} // namespace segc::exec
