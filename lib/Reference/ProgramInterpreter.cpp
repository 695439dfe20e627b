//===- ProgramInterpreter.cpp - Evaluation of programs --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramCollectives.h"
#include "segc/Dialect/Seg/IR/FusionParts.h"
#include "segc/Reference/Programs.h"
#include "segc/Reference/Reference.h"

using namespace mlir;

namespace segc::reference {

/// Returns the op that a launch or a call computes; null for other commands.
static Operation *computationOf(Operation *command) {
  if (auto launch = dyn_cast<exec::LaunchOp>(command))
    return launch.getFusion().getComputation();
  if (auto call = dyn_cast<exec::CallOp>(command))
    return call.getFusionOp().getComputation();
  return nullptr;
}

namespace {

/// Returns the operands at their places in the result, with zeros between them.
HostTensor joined(exec::JoinOp op, const Tensors &operands) {
  exec::BufferAttr to = op.getBuffer(0);
  HostTensor result(to.getType().getShape(), operands.front().kind());
  int64_t width = to.getType().getElementTypeBitWidth() / 8;
  for (auto [input, tensor] : llvm::zip_equal(op.getInputs(), operands))
    llvm::copy(tensor.values(),
               result.values().begin() +
                   (exec::bufferOf(input).getOffset() - to.getOffset()) /
                       width);
  return result;
}

/// Returns the next step, loss scale, finite and skipped steps.
Tensors advanceScalars(const Tensors &operands) {
  const bool finite = operands[0][0] != 0;
  HostTensor step = operands[1], scale = operands[2], finiteSteps = operands[4],
             skippedSteps = operands[5];
  const int64_t interval = operands[3].integers()[0];
  int64_t &run = finiteSteps.integers()[0],
          &skipped = skippedSteps.integers()[0];
  step.integers()[0] += finite;
  skipped = finite ? 0 : skipped + 1;
  if (interval > 0) {
    run = finite ? run + 1 : 0;
    if (!finite) {
      scale[0] = std::max(1.0, roundTo(ElementKind::F32, scale[0] / 2));
    } else if (run >= interval) {
      scale[0] =
          std::min<double>(2 * scale[0], std::numeric_limits<float>::max());
      run = 0;
    }
  }
  return {step, scale, finiteSteps, skippedSteps};
}

/// Evaluates a command on every rank.
FailureOr<std::vector<Tensors>>
evaluateCommand(exec::CommandOpInterface command, ArrayRef<Tensors> operands) {
  if (auto join = dyn_cast<exec::JoinOp>(*command))
    return std::vector<Tensors>(1, {joined(join, operands.front())});
  if (auto collective = dyn_cast<exec::CollectiveOp>(*command))
    return evaluateCollective(collective, operands);
  if (auto launch = dyn_cast<exec::LaunchOp>(*command);
      launch && launch.getSharded())
    return evaluateShared(launch, operands);
  std::vector<Tensors> results;
  for (const Tensors &mine : operands) {
    if (isa<exec::AdvanceScalarsOp>(*command)) {
      results.push_back(advanceScalars(mine));
      continue;
    }
    Operation *op = computationOf(command);
    if (!op) { // Copies return their operands.
      results.push_back(mine);
      continue;
    }
    auto computed =
        evaluateOp(op,
                   llvm::map_to_vector(
                       mine, [](const HostTensor &tensor) { return &tensor; }),
                   Precision::Storage);
    if (failed(computed))
      return failure();
    results.push_back(std::move(*computed));
  }
  return results;
}

/// One run of a program on the memory of each rank.
class ProgramRun {
public:
  ProgramRun(exec::ProgramOp program, MutableArrayRef<ProgramMemory> ranks);
  LogicalResult run();

private:
  LogicalResult checkBytes(exec::CommandOpInterface command);
  LogicalResult prepare(exec::PrepareOp op);
  LogicalResult checkPrepared(exec::LaunchOp launch);
  LogicalResult runCommand(exec::CommandOpInterface command);
  bool keeps(exec::CommandOpInterface command, unsigned write) const;
  void poisonArena(exec::BufferAttr buffer);

  exec::ProgramOp program;
  MutableArrayRef<ProgramMemory> ranks;
  /// Values whose live range ends at the command.
  llvm::DenseMap<Operation *, SmallVector<Value>> dying;
};

} // namespace

ProgramRun::ProgramRun(exec::ProgramOp program,
                       MutableArrayRef<ProgramMemory> ranks)
    : program(program), ranks(ranks) {
  llvm::DenseMap<Value, Operation *> last;
  for (Operation &op : program.getBody().front()) {
    for (Value result : op.getResults())
      last[result] = &op;
    for (Value operand : op.getOperands())
      last[operand] = &op;
  }
  for (auto [value, op] : last)
    if (isa<RankedTensorType>(value.getType()))
      dying[op].push_back(value);
}

/// Poisons a buffer of the arena. Other regions outlive the call or belong to
/// the caller.
void ProgramRun::poisonArena(exec::BufferAttr buffer) {
  if (buffer.getRegion() == exec::Region::Arena)
    for (ProgramMemory &memory : ranks)
      memory.poison(buffer);
}

LogicalResult ProgramRun::checkBytes(exec::CommandOpInterface command) {
  auto check = [&](exec::BufferAttr buffer) -> LogicalResult {
    bool inside = ranks.front().holds(buffer) &&
                  (buffer.getRegion() != exec::Region::Arena ||
                   buffer.getEnd() <= static_cast<int64_t>(program.getArena()));
    if (inside)
      return success();
    return command.emitOpError("accesses ")
           << buffer.getBytes() << " bytes at " << buffer.place()
           << ", which end outside the region";
  };
  for (Value read : command.getReads())
    if (failed(check(exec::bufferOf(read))))
      return failure();
  for (Value write : command.getWrites())
    if (failed(check(exec::bufferOf(write))))
      return failure();
  for (Attribute own : command.getWorkspace())
    if (auto buffer = cast<exec::BufferAttr>(own);
        buffer.getRegion() == exec::Region::Arena && failed(check(buffer)))
      return failure();
  return success();
}

LogicalResult ProgramRun::prepare(exec::PrepareOp op) {
  for (ProgramMemory &memory : ranks)
    memory.prepared[op.getBuffer(0).getOffset()] = {
        op.getFusion().getSymNameAttr(),
        static_cast<unsigned>(op.getPosition()),
        memory.version(exec::bufferOf(op.getInput()))};
  return success();
}

LogicalResult ProgramRun::checkPrepared(exec::LaunchOp launch) {
  if (!launch.isPrepared())
    return success();
  auto buffer = cast<exec::BufferAttr>(launch.getTemporaries()[0]);
  for (ProgramMemory &memory : ranks) {
    auto found = memory.prepared.find(buffer.getOffset());
    if (found == memory.prepared.end() ||
        found->second.fusion != launch.getFusion().getSymNameAttr())
      return launch.emitOpError("reads ")
             << buffer.place() << ", which was not prepared for @"
             << launch.getFusion().getSymName();
    const ProgramMemory::Prepared &made = found->second;
    if (memory.version(exec::bufferOf(launch.getInputs()[made.position])) !=
        made.version)
      return launch.emitOpError("reads ")
             << buffer.place() << ", which was prepared from other values than "
             << "operand #" << made.position << " has now";
  }
  return success();
}

/// Returns whether the result is computed in place: kernels read each element
/// of an operand in the same buffer before they write it. All kernels do that
/// update regions which outlive the call.
bool ProgramRun::keeps(exec::CommandOpInterface command, unsigned write) const {
  exec::BufferAttr buffer = command.getBuffer(write);
  auto fusion = dyn_cast_if_present<seg::FusionOp>(computationOf(command));
  for (auto [i, read] : llvm::enumerate(command.getReads()))
    if (exec::BufferAttr other = exec::bufferOf(read);
        other == buffer &&
        (buffer.getRegion() != exec::Region::Arena || !fusion ||
         seg::readsBeforeWriting(fusion, i, write)))
      return true;
  return false;
}

LogicalResult ProgramRun::runCommand(exec::CommandOpInterface command) {
  if (failed(checkBytes(command)))
    return failure();
  if (auto op = dyn_cast<exec::PrepareOp>(*command))
    return prepare(op);
  if (isa<exec::JoinOp>(*command))
    return success(); // The operands are already at their places in the result.
  if (auto launch = dyn_cast<exec::LaunchOp>(*command);
      launch && failed(checkPrepared(launch)))
    return failure();
  // Kernels may write at any time, so memory that they write is poisoned before
  // operands are read.
  for (Attribute own : command.getWorkspace())
    poisonArena(cast<exec::BufferAttr>(own));
  for (unsigned i = 0; i < command.getWrites().size(); ++i)
    if (!keeps(command, i))
      for (ProgramMemory &memory : ranks)
        memory.poison(command.getBuffer(i));
  std::vector<Tensors> operands;
  for (ProgramMemory &memory : ranks) {
    Tensors &mine = operands.emplace_back();
    for (Value read : command.getReads())
      mine.push_back(memory.read(exec::bufferOf(read)));
  }
  auto results = evaluateCommand(command, operands);
  if (failed(results))
    return failure();
  // Values that die here are poisoned before results are written, which may use
  // the same memory.
  for (Value value : dying.lookup(command))
    poisonArena(exec::bufferOf(value));
  for (auto [memory, mine] : llvm::zip_equal(ranks, *results))
    for (auto [i, tensor] : llvm::enumerate(mine))
      memory.write(command.getBuffer(i), tensor);
  for (Attribute own : command.getWorkspace())
    poisonArena(cast<exec::BufferAttr>(own));
  return success();
}

LogicalResult ProgramRun::run() {
  for (ProgramMemory &memory : ranks)
    memory.poison(exec::Region::Arena);
  for (auto command : program.getBody().getOps<exec::CommandOpInterface>())
    if (failed(runCommand(command)))
      return failure();
  return success();
}

LogicalResult runProgram(exec::ProgramOp program,
                         MutableArrayRef<ProgramMemory> ranks) {
  return ProgramRun(program, ranks).run();
}

FailureOr<std::vector<HostTensor>>
evaluateProgram(exec::ProgramOp program, ArrayRef<HostTensor> arguments) {
  llvm::DenseMap<Value, HostTensor> values;
  for (auto [argument, tensor] :
       llvm::zip_equal(program.getBody().getArguments(), arguments))
    values[argument] = tensor;
  auto read = [&](ValueRange range) {
    Tensors tensors;
    for (Value value : range)
      tensors.push_back(values.find(value)->second);
    return tensors;
  };
  for (auto command : program.getBody().getOps<exec::CommandOpInterface>()) {
    if (isa<exec::PrepareOp>(*command))
      return command.emitOpError("writes a kernel's layout, which has no "
                                 "value in this evaluation");
    auto results = evaluateCommand(command, {read(command.getReads())});
    if (failed(results))
      return failure();
    for (auto [value, tensor] :
         llvm::zip_equal(command.getWrites(), results->front()))
      values[value] = std::move(tensor);
  }
  return read(program.getReturn().getValues());
}

} // namespace segc::reference
