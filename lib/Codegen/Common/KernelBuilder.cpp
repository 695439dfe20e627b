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
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// KernelBody
//===----------------------------------------------------------------------===//

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

Value KernelBody::ifElse(Value condition, llvm::function_ref<Value()> then,
                         llvm::function_ref<Value()> otherwise) {
  auto branch = [&](llvm::function_ref<Value()> body) {
    return [this, body](OpBuilder &, Location loc) {
      scf::YieldOp::create(b, loc, body());
    };
  };
  return scf::IfOp::create(b, location, condition, branch(then),
                           branch(otherwise))
      .getResult(0);
}

Value KernelBody::both(Value x, Value y) {
  return b.createOrFold<arith::AndIOp>(location, x, y);
}

VectorType KernelBody::vectorType(int64_t lanes) {
  return VectorType::get({lanes}, b.getF32Type());
}

static Type elementOf(Value memref) {
  return cast<MemRefType>(memref.getType()).getElementType();
}

Value KernelBody::load(Value memref, Value index, int64_t lanes, Value mask) {
  auto type = VectorType::get({lanes}, elementOf(memref));
  Value value;
  if (mask)
    value = vector::MaskedLoadOp::create(
        b, location, type, memref, index, mask,
        arith::ConstantOp::create(b, location, b.getZeroAttr(type)));
  else
    value = vector::LoadOp::create(b, location, type, memref, index,
                                   /*nontemporal=*/false, alignment(type));
  return seg::widenFloat(b, location, value);
}

void KernelBody::prefetch(Value memref, Value index, unsigned locality) {
  memref::PrefetchOp::create(b, location, memref, ValueRange{index},
                             /*isWrite=*/false, locality,
                             /*isDataCache=*/true);
}

Value KernelBody::asStored(Value value, Value memref) {
  Type element = elementOf(memref);
  return getElementTypeOrSelf(value.getType()) == element
             ? value
             : seg::narrowFloat(b, location, value, element);
}

void KernelBody::store(Value value, Value memref, Value index, Value mask) {
  value = asStored(value, memref);
  if (mask)
    vector::MaskedStoreOp::create(b, location, memref, index, mask, value);
  else
    vector::StoreOp::create(b, location, value, memref, index,
                            /*nontemporal=*/false,
                            alignment(cast<VectorType>(value.getType())));
}

Value KernelBody::loadScalar(Value memref, Value index) {
  return seg::widenFloat(b, location,
                         memref::LoadOp::create(b, location, memref, index));
}
void KernelBody::storeScalar(Value value, Value memref, Value index) {
  memref::StoreOp::create(b, location, asStored(value, memref), memref, index);
}
Value KernelBody::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      b, location, VectorType::get({lanes}, scalar.getType()), scalar);
}
Value KernelBody::broadcast(Value scalar, Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? splat(scalar, vector.getNumElements()) : scalar;
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
// Buffers of operands and results, arithmetic on f64
//===----------------------------------------------------------------------===//

Value inputOf(KernelBody &k, Value operand) {
  return k.input(cast<BlockArgument>(seg::storedValue(operand)).getArgNumber());
}

Value outputOf(KernelBody &k, Value result) {
  if (result.hasOneUse())
    if (auto narrowed = dyn_cast<seg::CastOp>(*result.user_begin()))
      result = narrowed.getOutput();
  for (OpOperand &use : result.getUses())
    if (isa<seg::YieldOp>(use.getOwner()))
      return k.output(use.getOperandNumber());
  return {};
}

Value memoryOf(KernelBody &k, Value value) {
  value = seg::storedValue(value);
  return isa<BlockArgument>(value) ? inputOf(k, value) : outputOf(k, value);
}

static Type withElement(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.clone(element) : element;
}
Value toDouble(KernelBody &k, Value value) {
  return arith::ExtFOp::create(
      k.builder(), k.loc(),
      withElement(value.getType(), k.builder().getF64Type()), value);
}
Value toFloat(KernelBody &k, Value value) {
  return arith::TruncFOp::create(
      k.builder(), k.loc(),
      withElement(value.getType(), k.builder().getF32Type()), value);
}
Value doubleConstant(KernelBody &k, double value) {
  return arith::ConstantOp::create(k.builder(), k.loc(),
                                   k.builder().getF64FloatAttr(value));
}
Value indexToDouble(KernelBody &k, Value index) {
  Value wide = arith::IndexCastOp::create(k.builder(), k.loc(),
                                          k.builder().getI64Type(), index);
  return arith::SIToFPOp::create(k.builder(), k.loc(), k.builder().getF64Type(),
                                 wide);
}
Value loadDouble(KernelBody &k, Value memref, Value index) {
  return toDouble(k, k.loadScalar(memref, index));
}
seg::PointwiseMath doubles(KernelBody &k) {
  return {k.builder(), k.loc(), k.builder().getF64Type()};
}

//===----------------------------------------------------------------------===//
// Fusions
//===----------------------------------------------------------------------===//

std::string kernelName(seg::FusionOp fusion, size_t index) {
  return "k" + std::to_string(index) + "_" +
         fusion.getMainOp()->getName().stripDialect().str();
}

std::string kernelKey(seg::FusionOp fusion) {
  std::string key;
  llvm::raw_string_ostream out(key);
  // Kernels do not depend on whether the temporary is prepared.
  if (seg::StrategyAttr strategy = fusion.getStrategyAttr())
    out << strategy.withPrepared(false);
  DenseMap<Value, int> numbers;
  auto number = [&](Value v) {
    return numbers.try_emplace(v, numbers.size()).first->second;
  };
  for (Value argument : fusion.getBody().getArguments())
    out << '%' << number(argument) << argument.getType();
  for (Operation &op : fusion.getBody().front()) {
    // Discardable attributes describe the origin of an op, not its semantics.
    out << ';' << op.getName() << op.getPropertiesAsAttribute();
    for (Value operand : op.getOperands())
      out << '%' << number(operand);
    for (Value result : op.getResults())
      out << '=' << number(result) << result.getType();
  }
  return key;
}

//===----------------------------------------------------------------------===//
// Emitters
//===----------------------------------------------------------------------===//

SmallVector<Type> FusionEmitterBase::bufferTypes() {
  SmallVector<Type> types;
  for (Type type :
       llvm::concat<Type>(llvm::to_vector(fusion->getOperandTypes()),
                          llvm::to_vector(fusion->getResultTypes()))) {
    auto tensor = cast<RankedTensorType>(type);
    types.push_back(MemRefType::get({tensor.getNumElements()},
                                    seg::storageType(tensor.getElementType())));
  }
  types.push_back(
      MemRefType::get({fusion.getTempBytes() / 4}, builder.getF32Type()));
  if (int64_t sumsBytes = fusion.getSumsBytes())
    types.push_back(MemRefType::get({sumsBytes / 4}, builder.getF32Type()));
  return types;
}

KernelArguments FusionEmitterBase::bufferArguments(ValueRange arguments) {
  unsigned inputs = fusion.getNumOperands(), outputs = fusion.getNumResults();
  KernelArguments result;
  result.inputs = llvm::to_vector(arguments.take_front(inputs));
  result.outputs = llvm::to_vector(arguments.slice(inputs, outputs));
  result.temp = arguments[inputs + outputs];
  if (fusion.getSumsBytes())
    result.sums = arguments[inputs + outputs + 1];
  return result;
}

void FusionEmitter::launch(TaskCount tasks, int64_t scratchBytes,
                           llvm::function_ref<void(KernelBody &)> body) {
  Type f32 = builder.getF32Type(), index = builder.getIndexType();
  SmallVector<Type> types = bufferTypes();
  types.push_back(MemRefType::get({scratchBytes / 4}, f32));
  types.append({index, index});
  auto function =
      func::FuncOp::create(builder, fusion.getLoc(), emission.nextSymbol(),
                           builder.getFunctionType(types, {}));
  function->setAttr(tasksAttrName, builder.getDenseI64ArrayAttr(
                                       {tasks.fixed, tasks.perSample}));
  function->setAttr(scratchAttrName, builder.getI64IntegerAttr(scratchBytes));
  emission.kernels.push_back({function, tasks, scratchBytes});
  if (emission.declareOnly)
    return function.setPrivate();
  Block *block = function.addEntryBlock();
  KernelArguments arguments = bufferArguments(block->getArguments());
  auto own = block->getArguments().take_back(3);
  arguments.scratch = own[0];
  arguments.batch = own[1];
  arguments.task = own[2];
  KernelBody kernel(OpBuilder::atBlockBegin(block), fusion.getLoc(), arguments);
  body(kernel);
  func::ReturnOp::create(kernel.builder(), fusion.getLoc());
}

} // namespace segc
