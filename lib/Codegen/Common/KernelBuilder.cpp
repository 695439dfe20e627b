//===- KernelBuilder.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// KernelBody
//===----------------------------------------------------------------------===//

KernelBody::KernelBody(OpBuilder builder, func::FuncOp function,
                       seg::FusionOp fusion)
    : b(builder), location(fusion.getLoc()), function(function),
      inputCount(fusion.getNumOperands()), outputCount(fusion.getNumResults()) {
}

Value KernelBody::output(unsigned i) const {
  return function.getArgument(inputCount + i);
}
Value KernelBody::temp() const {
  return function.getArgument(inputCount + outputCount);
}
Value KernelBody::scratch() const {
  return function.getArgument(inputCount + outputCount + 1);
}
Value KernelBody::batch() const {
  return function.getArgument(inputCount + outputCount + 2);
}
Value KernelBody::task() const {
  return function.getArgument(inputCount + outputCount + 3);
}

Value KernelBody::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, location, value);
}
Value KernelBody::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(location, x, y);
}
Value KernelBody::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(location, x, y);
}
Value KernelBody::mul(Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(location, x, y);
}
Value KernelBody::div(Value x, Value y) {
  return b.createOrFold<arith::DivUIOp>(location, x, y);
}
Value KernelBody::rem(Value x, Value y) {
  return b.createOrFold<arith::RemUIOp>(location, x, y);
}
Value KernelBody::min(Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(location, x, y);
}
Value KernelBody::max(Value x, Value y) {
  return b.createOrFold<arith::MaxSIOp>(location, x, y);
}
Value KernelBody::less(Value x, Value y) {
  return b.createOrFold<arith::CmpIOp>(location, arith::CmpIPredicate::slt, x,
                                       y);
}

SmallVector<Value> KernelBody::delinearize(Value linear,
                                           ArrayRef<int64_t> sizes) {
  SmallVector<Value> result(sizes.size());
  for (size_t i = sizes.size(); i-- > 1;) {
    result[i] = rem(linear, sizes[i]);
    linear = div(linear, sizes[i]);
  }
  if (!sizes.empty())
    result[0] = linear;
  return result;
}

void KernelBody::loop(Value low, Value high, int64_t step,
                      llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, location, low, high, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value> KernelBody::loop(
    Value low, Value high, int64_t step, ValueRange init,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, location, low, high, index(step), init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!init.empty())
      scf::YieldOp::create(b, location, next);
  }
  return SmallVector<Value>(loop.getResults());
}

void KernelBody::ifThen(Value condition, llvm::function_ref<void()> then) {
  auto op = scf::IfOp::create(b, location, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.thenBlock());
  then();
}

VectorType KernelBody::vectorType(int64_t lanes) {
  return VectorType::get({lanes}, b.getF32Type());
}

Value KernelBody::load(Value memref, Value index, int64_t lanes, Value mask) {
  if (!mask)
    return vector::LoadOp::create(b, location, vectorType(lanes), memref,
                                  index);
  return vector::MaskedLoadOp::create(b, location, vectorType(lanes), memref,
                                      index, mask, zeroVector(lanes));
}

void KernelBody::store(Value value, Value memref, Value index, Value mask) {
  if (mask)
    vector::MaskedStoreOp::create(b, location, memref, index, mask, value);
  else
    vector::StoreOp::create(b, location, value, memref, index);
}

Value KernelBody::loadScalar(Value memref, Value index) {
  return memref::LoadOp::create(b, location, memref, index);
}
void KernelBody::storeScalar(Value value, Value memref, Value index) {
  memref::StoreOp::create(b, location, value, memref, index);
}
Value KernelBody::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      b, location, VectorType::get({lanes}, scalar.getType()), scalar);
}
Value KernelBody::zeroVector(int64_t lanes) {
  return arith::ConstantOp::create(b, location,
                                   b.getZeroAttr(vectorType(lanes)));
}
Value KernelBody::scalarConstant(double value) {
  return arith::ConstantOp::create(
      b, location, b.getF32FloatAttr(static_cast<float>(value)));
}
Value KernelBody::prefixMask(Value count, int64_t lanes) {
  return vector::CreateMaskOp::create(
      b, location, VectorType::get({lanes}, b.getI1Type()), count);
}

//===----------------------------------------------------------------------===//
// FusionEmitter
//===----------------------------------------------------------------------===//

int64_t FusionEmitter::strategyInt(StringRef name) {
  return fusion.getStrategyAttr().getAs<IntegerAttr>(name).getInt();
}

ArrayRef<int64_t> FusionEmitter::strategyInts(StringRef name) {
  return fusion.getStrategyAttr().getAs<DenseI64ArrayAttr>(name).asArrayRef();
}

void FusionEmitter::launch(TaskCount tasks, int64_t scratchBytes,
                           llvm::function_ref<void(KernelBody &)> body) {
  Type f32 = builder.getF32Type(), index = builder.getIndexType();
  SmallVector<Type> types;
  for (Type type :
       llvm::concat<Type>(llvm::to_vector(fusion->getOperandTypes()),
                          llvm::to_vector(fusion->getResultTypes()))) {
    auto tensor = cast<RankedTensorType>(type);
    types.push_back(
        MemRefType::get({tensor.getNumElements()}, tensor.getElementType()));
  }
  int64_t tempBytes = 0;
  if (DictionaryAttr strategy = fusion.getStrategyAttr())
    if (auto attr = strategy.getAs<IntegerAttr>(strategyTempName))
      tempBytes = attr.getInt();
  types.push_back(MemRefType::get({tempBytes / 4}, f32));
  types.push_back(MemRefType::get({scratchBytes / 4}, f32));
  types.append({index, index});

  std::string name = symbol;
  if (!functions.empty())
    name += "_" + std::to_string(functions.size());
  auto function = func::FuncOp::create(builder, fusion.getLoc(), name,
                                       builder.getFunctionType(types, {}));
  function->setAttr(tasksAttrName, builder.getDenseI64ArrayAttr(
                                       {tasks.fixed, tasks.perSample}));
  function->setAttr(scratchAttrName, builder.getI64IntegerAttr(scratchBytes));
  OpBuilder inner = OpBuilder::atBlockBegin(function.addEntryBlock());
  KernelBody kernel(inner, function, fusion);
  body(kernel);
  func::ReturnOp::create(kernel.builder(), fusion.getLoc());
  functions.push_back(function);
}

} // namespace segc
