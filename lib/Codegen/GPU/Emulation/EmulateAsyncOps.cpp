//===- EmulateAsyncOps.cpp - mbarriers, tensor copies, wgmma --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmulation.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// mbarriers and tensor copies
//===----------------------------------------------------------------------===//

/// Tries to wait for a parity, or for the phase that an arrival has returned.
Value KernelEmulation::tryMbarrier(Value mbarrier, Value phase) {
  Location loc = current->getLoc();
  if (phase.getType() != word)
    phase = LLVM::TruncOp::create(b, loc, word, phase);
  Value ended =
      call(SEGC_EMULATOR_FUNCTION(try_mbarrier), {mbarrier, phase}, word);
  return LLVM::TruncOp::create(b, loc, b.getI1Type(), ended);
}

void KernelEmulation::loadTensor(
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op) {
  call(SEGC_EMULATOR_FUNCTION(load_tensor),
       {op.getDstMem(), op.getTmaDescriptor(),
        storeWords(WordArray::Coordinates, op.getCoordinates()),
        i32(op.getCoordinates().size()), op.getMbar()});
}

void KernelEmulation::storeTensor(
    NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp op) {
  call(SEGC_EMULATOR_FUNCTION(store_tensor),
       {op.getTmaDescriptor(), op.getSrcMem(),
        storeWords(WordArray::Coordinates, op.getCoordinates()),
        i32(op.getCoordinates().size())});
}

//===----------------------------------------------------------------------===//
// wgmma
//===----------------------------------------------------------------------===//

/// Returns the type of a product's factors; nothing if it has no emulation.
static std::optional<segc_emulator_wgmma_type>
typeOf(NVVM::WgmmaMmaAsyncOp op) {
  NVVM::MMAShapeAttr shape = op.getShape();
  NVVM::WGMMATypes type = op.getTypeA();
  bool isTF32 = type == NVVM::WGMMATypes::tf32,
       isTransposed = op.getLayoutA() == NVVM::MMALayout::col ||
                      op.getLayoutB() == NVVM::MMALayout::row;
  if (op.getTypeB() != type || op.getTypeD() != NVVM::WGMMATypes::f32 ||
      shape.getM() != 64 || shape.getK() != (isTF32 ? 8 : 16) ||
      shape.getN() < 8 || shape.getN() > 256 || shape.getN() % 8 ||
      (isTF32 && isTransposed))
    return std::nullopt;
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return SEGC_EMULATOR_WGMMA_F16;
  case NVVM::WGMMATypes::bf16:
    return SEGC_EMULATOR_WGMMA_BF16;
  case NVVM::WGMMATypes::tf32:
    return SEGC_EMULATOR_WGMMA_TF32;
  default:
    return std::nullopt;
  }
}

Value KernelEmulation::wgmma(NVVM::WgmmaMmaAsyncOp op,
                             segc_emulator_wgmma_type type) {
  Location loc = op.getLoc();
  auto results = cast<LLVM::LLVMStructType>(op.getType());
  int64_t count = results.getBody().size();
  uint32_t flags = 0;
  auto setIf = [&](bool condition, segc_emulator_wgmma_flags flag) {
    flags |= condition ? flag : 0;
  };
  setIf(op.getLayoutA() == NVVM::MMALayout::col,
        SEGC_EMULATOR_WGMMA_A_MN_MAJOR);
  setIf(op.getLayoutB() == NVVM::MMALayout::row,
        SEGC_EMULATOR_WGMMA_B_MN_MAJOR);
  setIf(op.getScaleA() == NVVM::WGMMAScaleIn::neg,
        SEGC_EMULATOR_WGMMA_NEGATE_A);
  setIf(op.getScaleB() == NVVM::WGMMAScaleIn::neg,
        SEGC_EMULATOR_WGMMA_NEGATE_B);
  bool isFromZero = op.getScaleD() == NVVM::WGMMAScaleOut::zero;
  setIf(isFromZero, SEGC_EMULATOR_WGMMA_FROM_ZERO);
  SmallVector<Value> accumulators;
  for (int64_t i = 0; i < count && !isFromZero; ++i)
    accumulators.push_back(
        LLVM::ExtractValueOp::create(b, loc, op.getInouts(), i));
  Value result = call(SEGC_EMULATOR_FUNCTION(wgmma),
                      {i32(type), i32(op.getShape().getN()), i32(flags),
                       op.getDescriptorA(), op.getDescriptorB(),
                       storeWords(WordArray::Accumulators, accumulators)},
                      b.getF32Type());
  Value all = LLVM::PoisonOp::create(b, loc, results);
  for (int64_t i = 0; i < count; ++i)
    all = LLVM::InsertValueOp::create(b, loc, all, result, i);
  return all;
}

/// Reads a register that wgmma writes.
void KernelEmulation::readAccumulator(LLVM::ExtractValueOp op) {
  b.setInsertionPointAfter(op);
  Value value =
      call(SEGC_EMULATOR_FUNCTION(wgmma_accumulator),
           {op.getRes(), i32(op.getPosition().front())}, b.getF32Type());
  op.getRes().replaceAllUsesExcept(value, value.getDefiningOp());
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

LogicalResult KernelEmulation::rewriteAsync(Operation *op) {
  auto done = [&](Value result = {}) {
    if (result)
      op->replaceAllUsesWith(ValueRange(result));
    op->erase();
    return success();
  };
  auto fence = [&](segc_emulator_fence kind) {
    call(SEGC_EMULATOR_FUNCTION(fence), {i32(kind)});
    return done();
  };
  auto arrive = [&](Value mbarrier, Value count, Value bytes) {
    Value phase = call(SEGC_EMULATOR_FUNCTION(arrive_mbarrier),
                       {mbarrier, count, bytes}, i64Type);
    return done(op->getNumResults() ? phase : Value());
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](NVVM::FenceMbarrierInitOp) {
        return fence(SEGC_EMULATOR_FENCE_MBARRIER_INIT);
      })
      .Case([&](NVVM::FenceProxyOp proxy) {
        bool isShared = proxy.getKind() == NVVM::ProxyKind::async ||
                        proxy.getKind() == NVVM::ProxyKind::async_shared;
        return isShared ? fence(SEGC_EMULATOR_FENCE_PROXY_ASYNC)
                        : failUnknown(op);
      })
      .Case([&](NVVM::WgmmaFenceAlignedOp) {
        return fence(SEGC_EMULATOR_FENCE_WGMMA);
      })
      .Case([&](NVVM::MBarrierInitOp init) -> LogicalResult {
        if (init.getPredicate())
          return failUnknown(op);
        call(SEGC_EMULATOR_FUNCTION(init_mbarrier),
             {init.getAddr(), init.getCount()});
        return done();
      })
      .Case([&](NVVM::MBarrierInvalOp end) {
        call(SEGC_EMULATOR_FUNCTION(invalidate_mbarrier), {end.getAddr()});
        return done();
      })
      .Case([&](NVVM::MBarrierArriveOp arrival) {
        if (arrival.getRelaxed())
          return failUnknown(op);
        return arrive(arrival.getAddr(),
                      arrival.getCount() ? arrival.getCount() : i32(1), i32(0));
      })
      .Case([&](NVVM::MBarrierArriveExpectTxOp arrival) {
        if (arrival.getRelaxed() || arrival.getPredicate())
          return failUnknown(op);
        return arrive(arrival.getAddr(), i32(1), arrival.getTxcount());
      })
      .Case([&](NVVM::MBarrierExpectTxOp expected) {
        return arrive(expected.getAddr(), i32(0), expected.getTxcount());
      })
      .Case([&](NVVM::MBarrierTryWaitParityOp wait) {
        call(SEGC_EMULATOR_FUNCTION(wait_mbarrier),
             {wait.getAddr(), wait.getPhase()});
        return done();
      })
      .Case<NVVM::MBarrierTryWaitOp, NVVM::MBarrierTestWaitOp>([&](auto wait) {
        if (wait.getRelaxed())
          return failUnknown(op);
        return done(tryMbarrier(wait.getAddr(), wait.getStateOrPhase()));
      })
      .Case([&](NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp load)
                -> LogicalResult {
        if (load.getMode() != NVVM::TMALoadMode::TILE ||
            load.getMulticastMask() || load.getPredicate())
          return failUnknown(op);
        loadTensor(load);
        return done();
      })
      .Case([&](NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp store)
                -> LogicalResult {
        if (store.getMode() != NVVM::TMAStoreMode::TILE || store.getPredicate())
          return failUnknown(op);
        storeTensor(store);
        return done();
      })
      .Case([&](NVVM::CpAsyncBulkCommitGroupOp) {
        call(SEGC_EMULATOR_FUNCTION(commit_stores), {});
        return done();
      })
      .Case([&](NVVM::CpAsyncBulkWaitGroupOp wait) {
        call(SEGC_EMULATOR_FUNCTION(wait_stores),
             {i32(wait.getGroup()), i32(wait.getRead().has_value())});
        return done();
      })
      .Case([&](NVVM::WgmmaMmaAsyncOp product) -> LogicalResult {
        auto type = typeOf(product);
        if (!type)
          return failUnknown(op);
        return done(wgmma(product, *type));
      })
      .Case([&](NVVM::WgmmaGroupSyncAlignedOp) {
        call(SEGC_EMULATOR_FUNCTION(commit_wgmma), {});
        return done();
      })
      .Case([&](NVVM::WgmmaWaitGroupSyncOp wait) {
        call(SEGC_EMULATOR_FUNCTION(wait_wgmma), {i32(wait.getGroup())});
        return done();
      })
      .Default([&](Operation *) { return failUnknown(op); });
}

LogicalResult KernelEmulation::failUnknown(Operation *op) {
  return op->emitOpError("has no emulation on the host");
}

} // namespace segc
