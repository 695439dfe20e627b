//===- EmulateNVVMOps.cpp - Operations of NVIDIA GPUs ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmulation.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace segc {

/// Returns the value of a special register; null for other operations.
Value KernelEmulation::specialRegister(Operation *op) {
  Location loc = op->getLoc();
  auto truncated = [&](Value value) -> Value {
    return LLVM::TruncOp::create(b, loc, word, value);
  };
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](NVVM::ThreadIdXOp) { return index; })
      .Case([&](NVVM::BlockDimXOp) {
        return field(offsetof(segc_emulator_thread, threads), word);
      })
      .Case([&](NVVM::BlockIdXOp) { return truncated(task); })
      .Case([&](NVVM::GridDimXOp) {
        return truncated(
            field(offsetof(segc_emulator_thread, blocks), i64Type));
      })
      .Case([&](NVVM::LaneIdOp) -> Value {
        return LLVM::AndOp::create(b, loc, index, i32(31));
      })
      .Case([&](NVVM::WarpIdOp) -> Value {
        return LLVM::LShrOp::create(b, loc, index, i32(5));
      })
      .Case([&](NVVM::WarpSizeOp) { return i32(32); })
      .Case<NVVM::ThreadIdYOp, NVVM::ThreadIdZOp, NVVM::BlockIdYOp,
            NVVM::BlockIdZOp>([&](Operation *) { return i32(0); })
      .Case<NVVM::BlockDimYOp, NVVM::BlockDimZOp, NVVM::GridDimYOp,
            NVVM::GridDimZOp>([&](Operation *) { return i32(1); })
      .Default([](Operation *) { return Value(); });
}

/// Returns the kind of a product of tiles; nothing if it has no emulation.
static std::optional<segc_emulator_mma> kindOf(NVVM::MmaOp op) {
  NVVM::MMAShapeAttr shape = op.getShape();
  auto type = op.getMultiplicandAPtxType();
  bool isS8 = type == NVVM::MMATypes::s8;
  NVVM::MMATypes sums = isS8 ? NVVM::MMATypes::s32 : NVVM::MMATypes::f32;
  if (op.accumPtxType() != sums || op.resultPtxType() != sums ||
      shape.getM() != 16 || shape.getN() != 8 || !type ||
      op.getMultiplicandBPtxType() != type ||
      op.getLayoutA() != NVVM::MMALayout::row ||
      op.getLayoutB() != NVVM::MMALayout::col)
    return std::nullopt;
  if (isS8)
    return shape.getK() == 32 &&
                   op.getIntOverflowBehavior() == NVVM::MMAIntOverflow::wrapped
               ? std::optional(SEGC_EMULATOR_MMA_S8_K32)
               : std::nullopt;
  auto either =
      [&](int64_t deep, segc_emulator_mma ofDeep, int64_t flat,
          segc_emulator_mma ofFlat) -> std::optional<segc_emulator_mma> {
    if (shape.getK() == deep)
      return ofDeep;
    if (shape.getK() == flat)
      return ofFlat;
    return std::nullopt;
  };
  switch (*type) {
  case NVVM::MMATypes::f16:
    return either(16, SEGC_EMULATOR_MMA_F16_K16, 8, SEGC_EMULATOR_MMA_F16_K8);
  case NVVM::MMATypes::bf16:
    return either(16, SEGC_EMULATOR_MMA_BF16_K16, 8, SEGC_EMULATOR_MMA_BF16_K8);
  case NVVM::MMATypes::tf32:
    return either(8, SEGC_EMULATOR_MMA_TF32_K8, 4, SEGC_EMULATOR_MMA_TF32_K4);
  default:
    return std::nullopt;
  }
}

/// Rounds a value to the nearest of bf16, to even; a NaN to that of cvt.
Value KernelEmulation::roundedToBf16(Value value) {
  Location loc = value.getLoc();
  Value bits = LLVM::BitcastOp::create(b, loc, word, value);
  Value odd = LLVM::AndOp::create(
      b, loc, LLVM::LShrOp::create(b, loc, bits, i32(16)), i32(1));
  Value rounded = LLVM::LShrOp::create(
      b, loc,
      LLVM::AddOp::create(b, loc,
                          LLVM::AddOp::create(b, loc, bits, i32(0x7fff)), odd),
      i32(16));
  Value isNaN =
      LLVM::FCmpOp::create(b, loc, LLVM::FCmpPredicate::uno, value, value);
  return LLVM::SelectOp::create(b, loc, isNaN, i32(0x7fff), rounded);
}

Value KernelEmulation::shuffle(NVVM::ShflOp op) {
  Location loc = op.getLoc();
  auto result = dyn_cast<LLVM::LLVMStructType>(op.getType());
  static_assert(static_cast<int>(NVVM::ShflKind::bfly) == 0 &&
                    static_cast<int>(NVVM::ShflKind::up) == 1 &&
                    static_cast<int>(NVVM::ShflKind::down) == 2,
                "the order of kinds");
  constexpr uint32_t kinds[] = {
      SEGC_EMULATOR_SHUFFLE_BUTTERFLY, SEGC_EMULATOR_SHUFFLE_UP,
      SEGC_EMULATOR_SHUFFLE_DOWN, SEGC_EMULATOR_SHUFFLE_INDEX};
  Value value = op.getVal();
  if (value.getType() != word)
    value = LLVM::BitcastOp::create(b, loc, word, value);
  Value valid = result ? words(WordArray::Result)
                       : LLVM::ZeroOp::create(b, loc, ptr).getResult();
  Value got =
      call(SEGC_EMULATOR_FUNCTION(shuffle),
           {op.getThreadMask(), value, op.getOffset(), op.getMaskAndClamp(),
            i32(kinds[static_cast<int>(op.getKind())]), valid},
           word);
  Type type = result ? result.getBody().front() : op.getType();
  if (type != word)
    got = LLVM::BitcastOp::create(b, loc, type, got);
  if (!result)
    return got;
  Value isValid = LLVM::TruncOp::create(
      b, loc, b.getI1Type(), LLVM::LoadOp::create(b, loc, word, valid));
  Value pair = LLVM::PoisonOp::create(b, loc, result);
  pair = LLVM::InsertValueOp::create(b, loc, pair, got, ArrayRef<int64_t>{0});
  return LLVM::InsertValueOp::create(b, loc, pair, isValid,
                                     ArrayRef<int64_t>{1});
}

Value KernelEmulation::vote(Value lanes, Value predicate, uint32_t kind) {
  Value bit = LLVM::ZExtOp::create(b, current->getLoc(), word, predicate);
  return call(SEGC_EMULATOR_FUNCTION(vote), {lanes, bit, i32(kind)}, word);
}

void KernelEmulation::copyAsync(NVVM::CpAsyncOp op) {
  Value bytes = i32(op.getSize());
  Place from = placeOf(op.getSrc());
  call(SEGC_EMULATOR_FUNCTION(copy_async),
       {op.getDst(), op.getSrc(), bytes,
        op.getCpSize() ? op.getCpSize() : bytes,
        i32(from.kind == Place::Operand ? from.operand
                                        : SEGC_EMULATOR_ANY_OPERAND)});
}

LogicalResult KernelEmulation::rewriteNVVM(Operation *op) {
  Location loc = op->getLoc();
  auto done = [&](Value result = {}) {
    if (result)
      op->replaceAllUsesWith(ValueRange(result));
    op->erase();
    return success();
  };
  auto unknown = [&]() { return failUnknown(op); };
  if (Value value = specialRegister(op))
    return done(value);
  auto asBit = [&](Value value) -> Value {
    return LLVM::TruncOp::create(b, loc, b.getI1Type(), value);
  };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](NVVM::Barrier0Op) {
        call(SEGC_EMULATOR_FUNCTION(barrier), {i32(0), i32(0)});
        return done();
      })
      .Case([&](NVVM::BarrierOp barrier) -> LogicalResult {
        if (barrier.getReductionOp())
          return unknown();
        Value number = barrier.getBarrierId(),
              threads = barrier.getNumberOfThreads();
        call(SEGC_EMULATOR_FUNCTION(barrier),
             {number ? number : i32(0), threads ? threads : i32(0)});
        return done();
      })
      .Case([&](NVVM::ClusterArriveOp) {
        call(SEGC_EMULATOR_FUNCTION(arrive_cluster), {});
        return done();
      })
      .Case([&](NVVM::ClusterWaitOp) {
        call(SEGC_EMULATOR_FUNCTION(wait_cluster), {});
        return done();
      })
      .Case([&](NVVM::GriddepcontrolOp control) {
        // That the next launch may begin changes nothing: it waits.
        if (isLaunchWait(control))
          call(SEGC_EMULATOR_FUNCTION(wait_launch), {});
        return done();
      })
      .Case([&](NVVM::MapaOp map) {
        return done(call(SEGC_EMULATOR_FUNCTION(map_shared),
                         {map.getA(), map.getB()}, map.getType()));
      })
      .Case([&](NVVM::SyncWarpOp barrier) {
        call(SEGC_EMULATOR_FUNCTION(warp_barrier), {barrier.getMask()});
        return done();
      })
      .Case([&](NVVM::ShflOp shfl) { return done(shuffle(shfl)); })
      .Case([&](NVVM::VoteSyncOp op) -> LogicalResult {
        Value lanes = op.getMask(), predicate = op.getPred();
        switch (op.getKind()) {
        case NVVM::VoteSyncKind::any:
          return done(asBit(vote(lanes, predicate, SEGC_EMULATOR_VOTE_ANY)));
        case NVVM::VoteSyncKind::all:
          return done(asBit(vote(lanes, predicate, SEGC_EMULATOR_VOTE_ALL)));
        case NVVM::VoteSyncKind::ballot:
          return done(vote(lanes, predicate, SEGC_EMULATOR_VOTE_BALLOT));
        default:
          return unknown();
        }
      })
      .Case([&](NVVM::LdMatrixOp load) -> LogicalResult {
        if (load.getEltType() != NVVM::LdStMatrixEltType::B16 ||
            load.getShape().getM() != 8 || load.getShape().getN() != 8)
          return unknown();
        bool transposed = load.getLayout() == NVVM::MMALayout::col;
        call(SEGC_EMULATOR_FUNCTION(load_matrix),
             {load.getPtr(), i32(load.getNum()), i32(transposed),
              words(WordArray::Result)});
        return done(loadWords(WordArray::Result, load.getType()));
      })
      .Case([&](NVVM::MmaOp mma) -> LogicalResult {
        std::optional<segc_emulator_mma> kind = kindOf(mma);
        if (!kind)
          return unknown();
        call(SEGC_EMULATOR_FUNCTION(multiply),
             {i32(*kind), storeWords(WordArray::A, mma.getOperandA()),
              storeWords(WordArray::B, mma.getOperandB()),
              storeWords(WordArray::C, mma.getOperandC()),
              words(WordArray::Result)});
        return done(loadWords(WordArray::Result, mma.getType()));
      })
      .Case([&](NVVM::CpAsyncOp copy) {
        copyAsync(copy);
        return done();
      })
      .Case([&](NVVM::CpAsyncCommitGroupOp) {
        call(SEGC_EMULATOR_FUNCTION(commit_copies), {});
        return done();
      })
      .Case([&](NVVM::CpAsyncWaitGroupOp wait) {
        call(SEGC_EMULATOR_FUNCTION(wait_copies), {i32(wait.getN())});
        return done();
      })
      .Case([&](NVVM::RcpApproxFtzF32Op reciprocal) {
        Value one = LLVM::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
        return done(LLVM::FDivOp::create(b, loc, one, reciprocal.getArg()));
      })
      .Case([&](NVVM::ConvertFloatToTF32Op convert) -> LogicalResult {
        if (convert.getRnd() != NVVM::FPRoundingMode::RNA ||
            convert.getSat() != NVVM::SaturationMode::NONE || convert.getRelu())
          return unknown();
        // Adds half of the last bit that stays to the magnitude.
        Value value = convert.getSrc();
        Value bits = LLVM::BitcastOp::create(b, loc, word, value);
        Value rounded = LLVM::AndOp::create(
            b, loc, LLVM::AddOp::create(b, loc, bits, i32(0x1000)),
            i32(0xffffe000));
        Value isNaN = LLVM::FCmpOp::create(b, loc, LLVM::FCmpPredicate::uno,
                                           value, value);
        return done(
            LLVM::SelectOp::create(b, loc, isNaN, i32(0x7fffe000), rounded));
      })
      .Case([&](NVVM::ConvertF32x2ToBF16x2Op convert) -> LogicalResult {
        if (convert.getRnd() != NVVM::FPRoundingMode::RN ||
            convert.getSat() != NVVM::SaturationMode::NONE || convert.getRelu())
          return unknown();
        Value words[] = {roundedToBf16(convert.getSrcLo()),
                         roundedToBf16(convert.getSrcHi())};
        Value upper = LLVM::ShlOp::create(b, loc, words[1], i32(16));
        return done(LLVM::BitcastOp::create(
            b, loc, convert.getType(),
            LLVM::OrOp::create(b, loc, words[0], upper)));
      })
      // What these order or promise is not emulated.
      .Case<NVVM::MembarOp, NVVM::PrefetchOp, NVVM::SetMaxRegisterOp>(
          [&](Operation *) { return done(); })
      .Case([&](NVVM::ElectSyncOp elect) {
        Value lanes = elect.getMembermask();
        return done(asBit(call(SEGC_EMULATOR_FUNCTION(elect),
                               {lanes ? lanes : i32(-1)}, word)));
      })
      .Default([&](Operation *) { return rewriteAsync(op); });
}

} // namespace segc
