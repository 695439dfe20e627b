//===- MemoryVerifier.cpp - Verifier of program memory --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Program/MemoryVerifier.h"

#include "segc/Program/Programs.h"

using namespace mlir;

namespace segc {

/// Last use of a value that outlives the program.
static constexpr int untilTheEnd = std::numeric_limits<int>::max();

static int64_t aligned(int64_t bytes) {
  return llvm::alignTo(bytes, exec::regionAlignment);
}

MemoryVerifier::Occupant MemoryVerifier::occupant(exec::BufferAttr buffer,
                                                  Value value, int writer) {
  Occupant result{buffer, value, writer, {}, writer};
  if (!value)
    return result;
  for (Operation *user : value.getUsers()) {
    int reader = isa<exec::ReturnOp>(user) ? untilTheEnd : order.indexOf(user);
    result.readers.push_back(reader);
    result.last = std::max(result.last, reader);
  }
  return result;
}

/// "result #0 of tensor<..>" or "the temporary".
static std::string nameOf(Value value) {
  if (!value)
    return "the temporary";
  std::string name;
  llvm::raw_string_ostream out(name);
  if (auto argument = dyn_cast<BlockArgument>(value))
    out << "argument #" << argument.getArgNumber();
  else
    out << "result #" << cast<OpResult>(value).getResultNumber();
  out << " of " << value.getType();
  return name;
}

/// "bytes 0 to 64 of the arena", "outputs[1]".
static std::string bytesOf(exec::BufferAttr buffer) {
  if (exec::BufferAttr::isList(buffer.getRegion()))
    return buffer.place();
  return "bytes " + std::to_string(buffer.getOffset()) + " to " +
         std::to_string(buffer.getEnd()) + " of the region '" +
         stringifyRegion(buffer.getRegion()).str() + "'";
}

LogicalResult MemoryVerifier::verifyBytes(int command,
                                          const Occupant &written) {
  exec::BufferAttr buffer = written.buffer;
  if (buffer.getRegion() != exec::Region::Arena)
    return success();
  int64_t arena = program.getArena();
  exec::CommandOpInterface op = order.command(command);
  if (buffer.getOffset() % exec::regionAlignment)
    return op.emitOpError("expects ")
           << nameOf(written.value) << " at a multiple of "
           << exec::regionAlignment << " bytes, got " << buffer.getOffset();
  if (buffer.getEnd() > arena)
    return op.emitOpError("expects ")
           << nameOf(written.value) << " within the arena of " << arena
           << " bytes, got " << buffer.getBytes() << " bytes at "
           << buffer.getOffset();
  return success();
}

InFlightDiagnostic MemoryVerifier::conflict(int command,
                                            const Occupant &written,
                                            const Occupant &old) {
  exec::CommandOpInterface op = order.command(command);
  InFlightDiagnostic diag = op.emitOpError("command ")
                            << command << " writes " << nameOf(written.value)
                            << " to " << bytesOf(written.buffer) << ", over "
                            << nameOf(old.value);
  if (old.writer >= 0)
    diag << " of command " << old.writer;
  diag << " at " << bytesOf(old.buffer) << ", which is needed ";
  if (old.last == untilTheEnd)
    diag << "after the program";
  else
    diag << "until command " << old.last;
  if (old.writer >= 0)
    diag.attachNote(order.command(old.writer)->getLoc())
        << "command " << old.writer;
  return diag;
}

/// The operand and result numbers of values of one command.
static std::optional<unsigned> numberIn(ValueRange values, Value value) {
  auto it = llvm::find(values, value);
  return it == values.end() ? std::nullopt
                            : std::optional<unsigned>(it - values.begin());
}

/// Whether the command may overwrite its operand with a result.
static bool mayReplace(exec::CommandOpInterface command, Value operand,
                       Value result) {
  exec::BufferAttr from = exec::bufferOf(operand), to = exec::bufferOf(result);
  if (isa<exec::JoinOp>(*command))
    return to.getOffset() <= from.getOffset() && from.getEnd() <= to.getEnd();
  if (!from.samePlace(to) || from.getBytes() != to.getBytes())
    return false;
  // Kernels that update values outside the arena do so in place by design.
  if (from.getRegion() != exec::Region::Arena)
    return !isa<exec::CopyOp>(*command);
  std::optional<unsigned> input = numberIn(command.getReads(), operand),
                          output = numberIn(command.getWrites(), result);
  if (!input || !output)
    return false;
  if (auto launch = dyn_cast<exec::LaunchOp>(*command))
    return mayOverwrite(launch, *input, *output);
  return isa<exec::CollectiveOp>(*command) && input == output;
}

/// Verifies that a command may overwrite an occupant.
LogicalResult MemoryVerifier::replace(int command, const Occupant &written,
                                      const Occupant &old) {
  bool readsIt = false;
  auto done = [&](int access) {
    if (access == command) {
      readsIt = true;
      return old.writer != command;
    }
    return access < 0 ||
           (access != untilTheEnd && order.isBefore(access, command));
  };
  if (!done(old.writer) || !llvm::all_of(old.readers, done))
    return conflict(command, written, old);
  if (!readsIt)
    return success();
  if (!old.value || !written.value ||
      !mayReplace(order.command(command), old.value, written.value))
    return conflict(command, written, old)
           << "; a result may take the place of an operand that is read "
              "element by element, at its type, and by no later command";
  if (old.buffer.getRegion() == exec::Region::Arena) {
    // Both are live while the command runs, but share bytes.
    change[command] -= aligned(old.buffer.getBytes());
    change[command + 1] += aligned(old.buffer.getBytes());
    ++inPlace;
  }
  return success();
}

LogicalResult MemoryVerifier::write(int command, Occupant written) {
  exec::BufferAttr buffer = written.buffer;
  if (failed(verifyBytes(command, written)))
    return failure();
  Place place(static_cast<int>(buffer.getRegion()), buffer.getIndex());
  for (const Occupant &argument : arguments[place])
    if (argument.buffer.overlaps(buffer) &&
        failed(replace(command, written, argument)))
      return failure();
  std::map<int64_t, Occupant> &there = memory[place];
  auto other = there.lower_bound(buffer.getOffset());
  if (other != there.begin() &&
      std::prev(other)->second.buffer.overlaps(buffer))
    --other;
  while (other != there.end() && other->first < buffer.getEnd()) {
    if (failed(replace(command, written, other->second)))
      return failure();
    other = there.erase(other);
  }
  if (buffer.getRegion() == exec::Region::Arena && buffer.getBytes() > 0) {
    int last = std::max(written.last, command);
    change[command] += aligned(buffer.getBytes());
    change[last + 1] -= aligned(buffer.getBytes());
  }
  if (buffer.getBytes() > 0)
    there.emplace(buffer.getOffset(), std::move(written));
  return success();
}

LogicalResult MemoryVerifier::verifyReads(int command) {
  exec::CommandOpInterface op = order.command(command);
  if (auto join = dyn_cast<exec::JoinOp>(*op))
    for (auto [i, read] : llvm::enumerate(join.getInputs()))
      if (!exec::bufferOf(read).overlaps(join.getBuffer(0)) ||
          !mayReplace(op, read, join.getOutput()))
        return op.emitOpError("expects operand #")
               << i << " within " << bytesOf(join.getBuffer(0)) << ", got "
               << bytesOf(exec::bufferOf(read));
  for (auto [i, read] : llvm::enumerate(op.getReads()))
    if (int writer = order.indexOf(read.getDefiningOp());
        writer >= 0 && !order.isBefore(writer, command)) {
      InFlightDiagnostic diag =
          op.emitOpError("command ")
          << command << " of stream '" << op.getStreamName()
          << "' reads operand #" << i << ", which command " << writer
          << " of stream '" << order.command(writer).getStreamName()
          << "' may not have written yet; expects an exec.wait between them";
      diag.attachNote(order.command(writer)->getLoc()) << "command " << writer;
      return diag;
    }
  return success();
}

void MemoryVerifier::findBound() {
  int64_t alive = 0;
  for (auto [command, difference] : change)
    bound = std::max(bound, alive += difference);
}

LogicalResult MemoryVerifier::verify() {
  for (BlockArgument argument : program.getBody().getArguments()) {
    exec::BufferAttr buffer = exec::bufferOf(argument);
    arguments[{static_cast<int>(buffer.getRegion()), buffer.getIndex()}]
        .push_back(occupant(buffer, argument, -1));
  }
  for (int index = 0; index < order.size(); ++index) {
    exec::CommandOpInterface command = order.command(index);
    if (failed(verifyReads(index)))
      return failure();
    for (auto [number, result] : llvm::enumerate(command.getWrites()))
      if (failed(
              write(index, occupant(command.getBuffer(number), result, index))))
        return failure();
    for (Attribute temporary : command.getWorkspace())
      if (auto buffer = cast<exec::BufferAttr>(temporary);
          buffer.getRegion() != exec::Region::Prepared &&
          failed(write(index, occupant(buffer, nullptr, index))))
        return failure();
  }
  findBound();
  return success();
}

} // namespace segc
