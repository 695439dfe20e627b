//===- TrainStep.cpp - Construction of train_step -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramBuilder.h"
#include "segc/Program/Programs.h"

using namespace mlir;

namespace segc {

namespace {

/// Concatenates two programs.
class StepBuilder {
public:
  StepBuilder(exec::ProgramOp grad, exec::ProgramOp apply)
      : grad(grad), apply(apply), b(OpBuilder::atBlockEnd(grad->getBlock())) {}
  void build();

private:
  void addArguments(exec::ProgramOp half);
  void addCommands(exec::ProgramOp half);
  void joinGradients();
  void addReturns(exec::ProgramOp half, ArrayRef<exec::Region> regions);

  exec::ProgramOp grad, apply, step;
  OpBuilder b;
  IRMapping values;
  llvm::DenseMap<Attribute, Value> known; ///< Arguments by buffer.
  SmallVector<Attribute> names, buffers;
  SmallVector<Value> results;
  SmallVector<Attribute> resultNames;
  int64_t outputs = 0; ///< Outputs of the programs so far.
};

} // namespace

/// Adds the arguments of a half. Arguments with equal buffers are merged;
/// gradients of the second half are results of the first.
void StepBuilder::addArguments(exec::ProgramOp half) {
  Block &block = step.getBody().front();
  for (auto [argument, name, buffer] :
       llvm::zip_equal(half.getBody().getArguments(), half.getArgumentNames(),
                       half.getArgumentBuffers())) {
    if (half == apply &&
        cast<exec::BufferAttr>(buffer).getRegion() == exec::Region::Gradients)
      continue;
    Value &value = known[buffer];
    if (!value) {
      value = block.addArgument(argument.getType(), argument.getLoc());
      names.push_back(name);
      buffers.push_back(buffer);
    }
    values.map(argument, value);
  }
}

/// Renumbers outputs of the second half to follow those of the first.
static void moveOutputs(Operation *command, int64_t by) {
  auto list = command->getAttrOfType<ArrayAttr>("buffers");
  auto moved = llvm::map_to_vector(list, [&](Attribute attr) -> Attribute {
    auto buffer = cast<exec::BufferAttr>(attr);
    return buffer.getRegion() != exec::Region::Outputs
               ? buffer
               : exec::BufferAttr::get(buffer.getRegion(),
                                       buffer.getIndex() + by,
                                       buffer.getType());
  });
  command->setAttr("buffers", ArrayAttr::get(command->getContext(), moved));
}

void StepBuilder::addCommands(exec::ProgramOp half) {
  for (Operation &command : half.getBody().front().without_terminator()) {
    Operation *copy = b.clone(command, values);
    if (outputs && copy->hasAttr("buffers"))
      moveOutputs(copy, outputs);
  }
  outputs += half.getListed(exec::Region::Outputs).size();
}

void StepBuilder::joinGradients() {
  for (BlockArgument argument : apply.getBody().getArguments()) {
    exec::BufferAttr all = exec::bufferOf(argument);
    if (all.getRegion() != exec::Region::Gradients)
      continue;
    SmallVector<Value> parts;
    for (Value value : grad.getReturn().getValues())
      if (exec::bufferOf(value).overlaps(all))
        parts.push_back(values.lookup(value));
    auto join =
        exec::JoinOp::create(b, argument.getLoc(), all.getType(), parts,
                             b.getArrayAttr(all), b.getStringAttr("compute"));
    values.map(argument, join.getOutput());
    results.push_back(join.getOutput());
    resultNames.push_back(apply.getArgumentNames()[argument.getArgNumber()]);
  }
}

void StepBuilder::addReturns(exec::ProgramOp half,
                             ArrayRef<exec::Region> without) {
  exec::ReturnOp end = half.getReturn();
  for (auto [value, name] : llvm::zip_equal(end.getValues(), end.getNames()))
    if (!llvm::is_contained(without, exec::bufferOf(value).getRegion())) {
      results.push_back(values.lookup(value));
      resultNames.push_back(name);
    }
}

void StepBuilder::build() {
  step = exec::ProgramOp::create(
      b, grad.getLoc(), b.getStringAttr("train_step"), grad.getBatchAttr(),
      b.getI64IntegerAttr(std::max(grad.getArena(), apply.getArena())),
      b.getI64IntegerAttr(std::max(grad.getBound(), apply.getBound())),
      ArrayAttr(), ArrayAttr());
  b.setInsertionPointToEnd(&step.getBody().emplaceBlock());
  addArguments(grad);
  addArguments(apply);
  step.setArgumentNamesAttr(b.getArrayAttr(names));
  step.setArgumentBuffersAttr(b.getArrayAttr(buffers));
  addCommands(grad);
  joinGradients();
  addCommands(apply);
  addReturns(grad, {exec::Region::Gradients});
  addReturns(apply, {});
  exec::ReturnOp::create(b, grad.getReturn().getLoc(), results,
                         b.getArrayAttr(resultNames));
}

void buildTrainStep(ModuleOp module) {
  exec::ProgramOp grad = findProgram(module, "grad_step"),
                  apply = findProgram(module, "apply_step");
  if (grad && apply)
    StepBuilder(grad, apply).build();
}

} // namespace segc
