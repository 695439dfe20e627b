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

Value KernelBody::load(Value memref, Value index, int64_t lanes, Value mask) {
  if (!mask)
    return vector::LoadOp::create(b, location, vectorType(lanes), memref, index,
                                  /*nontemporal=*/false, alignment(lanes));
  return vector::MaskedLoadOp::create(b, location, vectorType(lanes), memref,
                                      index, mask, zeroVector(lanes));
}

void KernelBody::store(Value value, Value memref, Value index, Value mask) {
  if (mask)
    vector::MaskedStoreOp::create(b, location, memref, index, mask, value);
  else
    vector::StoreOp::create(
        b, location, value, memref, index, /*nontemporal=*/false,
        alignment(cast<VectorType>(value.getType()).getNumElements()));
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
// Memory of the root's operands and results; f64
//===----------------------------------------------------------------------===//

Value inputOf(KernelBody &k, Value operand) {
  return k.input(cast<BlockArgument>(operand).getArgNumber());
}

Value outputOf(KernelBody &k, Value result) {
  for (OpOperand &use : result.getUses())
    if (isa<seg::YieldOp>(use.getOwner()))
      return k.output(use.getOperandNumber());
  return {};
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

//===----------------------------------------------------------------------===//
// Fusions
//===----------------------------------------------------------------------===//

Operation *fusionRoot(seg::FusionOp fusion) {
  // After the prologue, before reductions of what it computes.
  Operation *root = nullptr, *rearrangement = nullptr;
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (isa<seg::PointwiseOpInterface>(op))
      continue;
    if (isa<seg::RearrangementOpInterface>(op))
      rearrangement = &op;
    else if (!root)
      root = &op;
  }
  return root ? root : rearrangement;
}

Operation *fusionLead(seg::FusionOp fusion) {
  Operation *root = fusionRoot(fusion);
  return root ? root : &fusion.getBody().front().front();
}

std::string kernelName(seg::FusionOp fusion, size_t index) {
  return "k" + std::to_string(index) + "_" +
         fusionLead(fusion)->getName().stripDialect().str();
}

std::string kernelKey(seg::FusionOp fusion) {
  std::string key;
  llvm::raw_string_ostream out(key);
  // When the temporary is filled makes no difference to the kernels.
  NamedAttrList strategy(fusion.getStrategyAttr());
  strategy.erase(strategyPreparedName);
  out << strategy.getDictionary(fusion.getContext());
  DenseMap<Value, int> numbers;
  auto number = [&](Value v) {
    return numbers.try_emplace(v, numbers.size()).first->second;
  };
  for (Value argument : fusion.getBody().getArguments())
    out << '%' << number(argument) << argument.getType();
  for (Operation &op : fusion.getBody().front()) {
    out << ';' << op.getName() << op.getAttrDictionary();
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

int64_t FusionEmitterBase::strategyInt(StringRef name) {
  return fusion.getStrategyAttr().getAs<IntegerAttr>(name).getInt();
}

ArrayRef<int64_t> FusionEmitterBase::strategyInts(StringRef name) {
  return fusion.getStrategyAttr().getAs<DenseI64ArrayAttr>(name).asArrayRef();
}

SmallVector<Type> FusionEmitterBase::bufferTypes() {
  SmallVector<Type> types;
  for (Type type :
       llvm::concat<Type>(llvm::to_vector(fusion->getOperandTypes()),
                          llvm::to_vector(fusion->getResultTypes()))) {
    auto tensor = cast<RankedTensorType>(type);
    types.push_back(
        MemRefType::get({tensor.getNumElements()}, tensor.getElementType()));
  }
  DictionaryAttr strategy = fusion.getStrategyAttr();
  int64_t tempBytes = strategyBytes(strategy, strategyTempName),
          sumsBytes = strategyBytes(strategy, strategySumsName);
  types.push_back(MemRefType::get({tempBytes / 4}, builder.getF32Type()));
  if (sumsBytes)
    types.push_back(MemRefType::get({sumsBytes / 4}, builder.getF32Type()));
  return types;
}

KernelArguments FusionEmitterBase::bufferArguments(ValueRange arguments) {
  unsigned inputs = fusion.getNumOperands(), outputs = fusion.getNumResults();
  KernelArguments result;
  result.inputs = llvm::to_vector(arguments.take_front(inputs));
  result.outputs = llvm::to_vector(arguments.slice(inputs, outputs));
  result.temp = arguments[inputs + outputs];
  if (strategyBytes(fusion.getStrategyAttr(), strategySumsName))
    result.sums = arguments[inputs + outputs + 1];
  return result;
}

std::string FusionEmitterBase::kernelSymbol(size_t count) const {
  return count ? symbol + "_" + std::to_string(count) : symbol;
}

void FusionEmitter::launch(TaskCount tasks, int64_t scratchBytes,
                           llvm::function_ref<void(KernelBody &)> body) {
  Type f32 = builder.getF32Type(), index = builder.getIndexType();
  SmallVector<Type> types = bufferTypes();
  types.push_back(MemRefType::get({scratchBytes / 4}, f32));
  types.append({index, index});
  auto function = func::FuncOp::create(builder, fusion.getLoc(),
                                       kernelSymbol(functions.size()),
                                       builder.getFunctionType(types, {}));
  function->setAttr(tasksAttrName, builder.getDenseI64ArrayAttr(
                                       {tasks.fixed, tasks.perSample}));
  function->setAttr(scratchAttrName, builder.getI64IntegerAttr(scratchBytes));
  Block *block = function.addEntryBlock();
  KernelArguments arguments = bufferArguments(block->getArguments());
  auto own = block->getArguments().take_back(3);
  arguments.scratch = own[0];
  arguments.batch = own[1];
  arguments.task = own[2];
  KernelBody kernel(OpBuilder::atBlockBegin(block), fusion.getLoc(), arguments);
  body(kernel);
  func::ReturnOp::create(kernel.builder(), fusion.getLoc());
  functions.push_back(function);
}

} // namespace segc
