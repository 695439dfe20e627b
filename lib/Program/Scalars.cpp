//===- Scalars.cpp - Scalars of a call ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scalars.h"

#include "segc/Program/Programs.h"
#include "segc/model.h"

using namespace mlir;

namespace segc {

namespace {
struct Scalar {
  StringLiteral name;
  size_t offset;
  bool isFloat;
};
} // namespace

static constexpr Scalar scalars[] = {
    {"learning_rate", offsetof(segc_scalars, learning_rate), true},
    {"momentum", offsetof(segc_scalars, momentum), true},
    {"weight_decay", offsetof(segc_scalars, weight_decay), true},
    {"loss_scale", offsetof(segc_scalars, loss_scale), true},
    {"step", offsetof(segc_scalars, step), false},
    {"seed", offsetof(segc_scalars, seed), false},
    {"sample_offset", offsetof(segc_scalars, sample_offset), false},
    {"growth_interval", offsetof(segc_scalars, growth_interval), false},
    {"finite_steps", offsetof(segc_scalars, finite_steps), false},
    {"skipped_steps", offsetof(segc_scalars, skipped_steps), false}};

static exec::BufferAttr bufferOf(MLIRContext *context, const Scalar &scalar) {
  Builder b(context);
  Type type = scalar.isFloat ? Type(b.getF32Type()) : Type(b.getI64Type());
  return exec::BufferAttr::get(exec::Region::Scalars,
                               static_cast<int64_t>(scalar.offset),
                               RankedTensorType::get({}, type));
}

exec::BufferAttr scalarBuffer(MLIRContext *context, StringRef name) {
  const auto *found = llvm::find_if(
      scalars, [&](const Scalar &scalar) { return scalar.name == name; });
  return found == std::end(scalars) ? exec::BufferAttr()
                                    : bufferOf(context, *found);
}

bool isScalarBuffer(exec::BufferAttr buffer) {
  return llvm::any_of(scalars, [&](const Scalar &scalar) {
    return bufferOf(buffer.getContext(), scalar) == buffer;
  });
}

ArrayRef<StringLiteral> advancedScalarNames() {
  static constexpr StringLiteral names[] = {
      "step", "loss_scale", "growth_interval", "finite_steps", "skipped_steps"};
  return names;
}

/// Returns the argument for the scalar of this name, and adds it if the entry
/// has none.
static Value scalarArgument(exec::ProgramOp program, StringRef name) {
  exec::BufferAttr buffer = scalarBuffer(program.getContext(), name);
  for (BlockArgument argument : program.getBody().getArguments())
    if (exec::bufferOf(argument) == buffer)
      return argument;
  OpBuilder b(program.getContext());
  auto append = [&](ArrayAttr list, Attribute last) {
    SmallVector<Attribute> all(list.getValue());
    all.push_back(last);
    return b.getArrayAttr(all);
  };
  program.setArgumentNamesAttr(
      append(program.getArgumentNames(), b.getStringAttr(name)));
  program.setArgumentBuffersAttr(append(program.getArgumentBuffers(), buffer));
  return program.getBody().addArgument(buffer.getType(), program.getLoc());
}

void addAdvanceScalars(exec::ProgramOp program) {
  exec::ReturnOp end = program.getReturn();
  Value finite;
  for (auto [value, name] : llvm::zip_equal(
           end.getValues(), end.getNames().getAsRange<StringAttr>()))
    if (name.getValue() == "finite")
      finite = value;
  if (!finite)
    return;
  SmallVector<Value> operands = {finite};
  for (StringRef name : advancedScalarNames())
    operands.push_back(scalarArgument(program, name));
  OpBuilder b(end);
  const Type number = b.getI64Type(), scale = b.getF32Type();
  auto types = llvm::map_to_vector(
      ArrayRef<Type>{number, scale, number, number},
      [](Type type) -> Type { return RankedTensorType::get({}, type); });
  auto advance = exec::AdvanceScalarsOp::create(
      b, end.getLoc(), TypeRange(types), ValueRange(operands));
  SmallVector<Value> values(end.getValues());
  SmallVector<Attribute> names(end.getNames().getValue());
  for (auto [i, next] : llvm::enumerate(advance->getResults())) {
    values.push_back(next);
    // The growth interval, at index 1, does not change.
    names.push_back(b.getStringAttr(advancedScalarNames()[i + (i > 1)]));
  }
  exec::ReturnOp::create(b, end.getLoc(), values, b.getArrayAttr(names));
  end.erase();
}

LogicalResult verifyAdvanceScalars(exec::ProgramOp program) {
  auto advances =
      llvm::to_vector(program.getBody().getOps<exec::AdvanceScalarsOp>());
  StringRef name = program.getSymName();
  size_t expected = name == "apply_step" || name == "train_step";
  if (advances.size() != expected)
    return program.emitOpError("expects ")
           << expected
           << " exec.advance_scalars, which ends an optimizer step, got "
           << advances.size();
  for (exec::AdvanceScalarsOp advance : advances)
    for (auto [scalar, wanted] : llvm::zip_equal(
             advance->getOperands().drop_front(), advancedScalarNames())) {
      exec::BufferAttr place = scalarBuffer(program.getContext(), wanted),
                       actual = exec::bufferOf(scalar);
      if (actual != place)
        return advance.emitOpError("expects ")
               << wanted << " at " << place.place() << ", got "
               << actual.place();
    }
  return success();
}

} // namespace segc
