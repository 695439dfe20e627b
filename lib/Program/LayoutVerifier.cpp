//===- LayoutVerifier.cpp - Verifier of programs and their layout ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayoutVerifier.h"
#include "Scalars.h"

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Program/Programs.h"
#include "segc/Transforms/Layout.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

using exec::Region;

static constexpr StringLiteral programNames[] = {
    "predict",    "evaluate_step", "train_step", "grad_step",
    "apply_step", "prepare",       "augment"};

namespace {

/// Verifies the arguments and results of one program.
class LayoutVerifier {
public:
  LayoutVerifier(exec::ProgramOp program, DictionaryAttr layout)
      : program(program), layout(layout) {
    for (auto [list, types] :
         {std::pair("parameters", &parameters), std::pair("states", &states)})
      for (auto tensor :
           layout.getAs<ArrayAttr>(list).getAsRange<DictionaryAttr>())
        (*types)[tensor.getAs<IntegerAttr>("offset").getInt()] =
            tensor.getAs<TypeAttr>("type").getValue();
  }
  LogicalResult verify();

private:
  LogicalResult verifyBuffer(const Twine &what, Value value);
  LogicalResult verifyScalar(const Twine &what, exec::BufferAttr buffer);
  LogicalResult verifyList(Region region);
  LogicalResult verifyBatch();
  bool isFlat(exec::BufferAttr buffer) const;

  exec::ProgramOp program;
  DictionaryAttr layout;
  llvm::DenseMap<int64_t, Type> parameters, states; ///< By offset.
};

} // namespace

/// Whether the buffer holds all parameters, all gradients or a slot.
bool LayoutVerifier::isFlat(exec::BufferAttr buffer) const {
  int64_t bytes = layout.getAs<IntegerAttr>("parameter_bytes").getInt();
  auto slots = static_cast<int64_t>(layout.getAs<ArrayAttr>("slots").size());
  bool slot = buffer.getRegion() == Region::Optimizer;
  RankedTensorType type = buffer.getType();
  return bytes > 0 && type.getRank() == 1 && type.getElementType().isF32() &&
         type.getNumElements() * 4 == bytes &&
         (slot ? buffer.getOffset() % bytes == 0 &&
                     buffer.getOffset() / bytes < slots
               : buffer.getOffset() == 0);
}

LogicalResult LayoutVerifier::verifyScalar(const Twine &what,
                                           exec::BufferAttr buffer) {
  if (isScalarBuffer(buffer))
    return success();
  return program.emitOpError()
         << what << " is no scalar of a call: " << buffer.getType() << " at "
         << buffer.place();
}

LogicalResult LayoutVerifier::verifyBuffer(const Twine &what, Value value) {
  exec::BufferAttr buffer = exec::bufferOf(value);
  RankedTensorType type = buffer.getType();
  if (!seg::hasBoundedShape(type))
    return program.emitOpError()
           << what << " ('" << program.getValueName(value)
           << "') expects 1 to 2^40 elements, got " << type;
  switch (buffer.getRegion()) {
  case Region::Inputs:
  case Region::Outputs:
    if (type.getElementType().isF32() || type.getElementType().isInteger(32))
      return success();
    return program.emitOpError() << what << " expects f32 or i32, got " << type;
  case Region::Scalars:
    return verifyScalar(what, buffer);
  case Region::Prepared:
    return success(); // Checked with the program `prepare`.
  case Region::States:
    if (states.lookup(buffer.getOffset()) == type)
      return success();
    break;
  case Region::Arena:
    return success(); // MemoryVerifier knows its size.
  default:
    if (isFlat(buffer) || (buffer.getRegion() != Region::Optimizer &&
                           parameters.lookup(buffer.getOffset()) == type))
      return success();
  }
  return program.emitOpError()
         << what << " ('" << program.getValueName(value) << "', " << type
         << ") at " << buffer.place() << " is not what " << layoutAttrName
         << " has there";
}

/// Verifies that each index has one name.
LogicalResult LayoutVerifier::verifyList(Region region) {
  for (auto [i, value] : llvm::enumerate(program.getListed(region)))
    if (!value)
      return program.emitOpError("expects a tensor in ")
             << stringifyRegion(region) << "[" << i
             << "], as there are more of them";
  llvm::SmallDenseSet<int64_t> seen;
  for (BlockArgument argument : program.getBody().getArguments())
    if (exec::BufferAttr buffer = exec::bufferOf(argument);
        buffer.getRegion() == region && region == Region::Inputs &&
        !seen.insert(buffer.getIndex()).second)
      return program.emitOpError("expects one argument for each input, got ")
             << buffer.place() << " again";
  return success();
}

/// Verifies the batch, which is that of the first input.
LogicalResult LayoutVerifier::verifyBatch() {
  SmallVector<Value> inputs = program.getListed(Region::Inputs);
  auto image = inputs.empty() || !inputs.front()
                   ? RankedTensorType()
                   : cast<RankedTensorType>(inputs.front().getType());
  int64_t samples = image && image.getRank() > 2 ? image.getDimSize(0) : 1;
  if (static_cast<int64_t>(program.getBatch()) == samples)
    return success();
  return program.emitOpError("expects batch ")
         << samples
         << (image ? ", as its first input has" : ", as it has no input")
         << ", got " << program.getBatch();
}

LogicalResult LayoutVerifier::verify() {
  if (failed(verifyBatch()))
    return failure();
  for (auto [i, argument] : llvm::enumerate(program.getBody().getArguments()))
    if (failed(verifyBuffer("argument #" + Twine(i), argument)))
      return failure();
  exec::ReturnOp end = program.getReturn();
  for (auto [i, value] : llvm::enumerate(end.getValues()))
    if (failed(verifyBuffer("result #" + Twine(i), value)))
      return failure();
  for (auto command : program.getBody().getOps<exec::CommandOpInterface>())
    for (Value write : command.getWrites())
      if (!llvm::is_contained(end.getValues(), write) &&
          failed(verifyBuffer("a value", write)))
        return failure();
  return failure(failed(verifyList(Region::Inputs)) ||
                 failed(verifyList(Region::Outputs)) ||
                 failed(verifyAdvanceScalars(program)));
}

/// Whether the program returns the gradient of every parameter.
static bool yieldsGradients(exec::ProgramOp program, DictionaryAttr layout) {
  llvm::DenseSet<int64_t> offsets;
  for (Value value : program.getReturn().getValues())
    if (exec::BufferAttr buffer = exec::bufferOf(value);
        buffer.getRegion() == Region::Gradients)
      offsets.insert(buffer.getOffset());
  return llvm::all_of(
      layout.getAs<ArrayAttr>("parameters").getAsRange<DictionaryAttr>(),
      [&](DictionaryAttr parameter) {
        return offsets.contains(
            parameter.getAs<IntegerAttr>("offset").getInt());
      });
}

/// Verifies the names of a model's programs.
static LogicalResult verifyEntries(ModuleOp module, DictionaryAttr layout) {
  for (auto program : module.getOps<exec::ProgramOp>())
    if (!llvm::is_contained(programNames, program.getSymName()))
      return program.emitOpError("is no entry of a model: expects ")
             << llvm::join(ArrayRef(programNames), ", ");
  exec::ProgramOp predict = findProgram(module, "predict"),
                  step = findProgram(module, "grad_step");
  if (!predict)
    return module.emitError("expects an entry 'predict'");
  for (StringRef other : {"apply_step", "train_step"})
    if (!step != !findProgram(module, other))
      return module.emitError("expects 'grad_step' and '")
             << other << "', or neither of them";
  if (step && !yieldsGradients(step, layout))
    return step.emitOpError("expects the gradient of every parameter among its "
                            "results; run seg-autodiff first");
  SmallVector<Value> inputs = predict.getListed(Region::Inputs);
  if (inputs.empty() || !inputs.front() ||
      cast<RankedTensorType>(inputs.front().getType()).getRank() < 3)
    return predict.emitOpError("expects the image as its first input");
  return success();
}

LogicalResult verifyLayout(ModuleOp module) {
  if (failed(verifyLayoutAttr(module)))
    return failure();
  auto layout = module->getAttrOfType<DictionaryAttr>(layoutAttrName);
  if (failed(verifyEntries(module, layout)))
    return failure();
  for (auto program : module.getOps<exec::ProgramOp>())
    if (failed(LayoutVerifier(program, layout).verify()))
      return failure();
  return success();
}

} // namespace segc
