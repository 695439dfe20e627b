//===- WgmmaBlock.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Shared memory holds A and B of a step in boxes as TMA writes them: rows of
// 32, 64 or 128 bytes, whose pieces of 16 bytes are permuted in groups of 8
// rows (the swizzle of that size). Rows lie along the depth ("K-major" in PTX),
// one box for all rows or columns, or across it ("MN-major"), a box for each
// 16, 32 or 64 of them.

#include "WgmmaBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class WgmmaBlock {
public:
  WgmmaBlock(GpuKernelBody &k, ConvGemm &gemm, const WgmmaTiling &tiling)
      : k(k), b(k.builder()), gemm(gemm), tiling(tiling), tile(tiling.tile),
        barriers(4 * (cast<MemRefType>(k.scratch().getType()).getDimSize(0) -
                      tiling.barrierFloats())),
        columns(WgmmaTiling::columnsOfWarpgroup(tile)) {}

  void emit();

private:
  static constexpr int64_t depth = 16; ///< Of an instruction.
  static constexpr int64_t barrierBytes = 8;

  /// The place of a step: a stage, and how often it was used before, modulo 2.
  struct Place {
    Value stage, parity;
  };
  /// Emits a loop over the steps.
  SmallVector<Value>
  forSteps(ValueRange init,
           llvm::function_ref<SmallVector<Value>(Value step, Place, ValueRange)>
               body);

  void initBarriers();
  void produce();
  void copyStep(Value step, Value stage, Value full);
  SmallVector<Value> consume();
  Value multiply(Value stage, Value sums);
  Value multiplyOnce(Value a, Value b, Value sums);
  void storeSums(Value sums);

  Value word(int64_t value) {
    return arith::ConstantIntOp::create(b, k.loc(), value, 32);
  }
  Value toWord(Value index) {
    return b.createOrFold<arith::IndexCastOp>(k.loc(), b.getI32Type(), index);
  }
  Value full(Value stage) { return barrier(stage, 0); }
  Value empty(Value stage) { return barrier(stage, 1); }
  Value barrier(Value stage, int64_t which) {
    return k.sharedPointer(
        k.add(k.mul(stage, 2 * barrierBytes), barriers + which * barrierBytes));
  }
  void wait(Value barrier, Value parity) {
    constexpr int64_t nanoseconds = 10'000'000; // Of one try of many.
    NVVM::MBarrierTryWaitParityOp::create(b, k.loc(), barrier, parity,
                                          word(nanoseconds));
  }
  void arrive(Value barrier) {
    NVVM::MBarrierArriveOp::create(b, k.loc(), b.getI64Type(), barrier,
                                   Value());
  }
  Value startOf(GemmOperand operand, Value stage) {
    Value start = k.mul(stage, tiling.stageBytes());
    return operand == GemmOperand::A
               ? start
               : k.add(start, tiling.bytes(GemmOperand::A));
  }
  bool isAlongDepth(GemmOperand operand) const {
    return gemm.access(operand).alongDepth;
  }
  Value descriptor(GemmOperand operand, Value stage, Value first);
  /// Of 16 bytes, from one instruction's factors to the next one's.
  int64_t descriptorStep(GemmOperand operand) const {
    return (isAlongDepth(operand) ? 2 * depth
                                  : 2 * depth * gemm.boxWidth(operand)) /
           16;
  }

  GpuKernelBody &k;
  OpBuilder &b;
  ConvGemm &gemm;
  WgmmaTiling tiling;
  GemmTile tile;
  int64_t barriers; ///< The first byte of the barriers.
  int64_t columns;  ///< Of a warpgroup.
  Value warpgroup, firstRow, firstColumn;
};

void WgmmaBlock::emit() {
  initBarriers();
  produce();
  k.ifThen(k.less(k.thread(), k.index(WgmmaTiling::consumers)), [&] {
    k.withThreads(WgmmaTiling::consumers, [&] {
      warpgroup = k.div(k.thread(), WgmmaTiling::warpgroup);
      bool down = tile.rows > WgmmaTiling::rows;
      firstRow = down ? k.mul(warpgroup, WgmmaTiling::rows) : k.index(0);
      firstColumn = down ? k.index(0) : k.mul(warpgroup, columns);
      Value sums = consume().front();
      // The sums take the place of the factors.
      k.barrier();
      storeSums(sums);
      k.barrier();
      gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
    });
  });
}

SmallVector<Value> WgmmaBlock::forSteps(
    ValueRange init,
    llvm::function_ref<SmallVector<Value>(Value, Place, ValueRange)> body) {
  SmallVector<Value> all(init);
  all.append({k.index(0), word(0)});
  return k.loop(
      k.index(0), gemm.stepCount(), 1, all,
      [&](Value step, ValueRange carried) {
        auto values = carried.drop_back(2);
        Place place{carried[values.size()], carried[values.size() + 1]};
        SmallVector<Value> next = body(step, place, values);
        Value following = k.add(place.stage, 1);
        Value isLast =
            arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq,
                                  following, k.index(tiling.stages));
        Value other = arith::XOrIOp::create(b, k.loc(), place.parity, word(1));
        next.push_back(
            arith::SelectOp::create(b, k.loc(), isLast, k.index(0), following));
        next.push_back(
            arith::SelectOp::create(b, k.loc(), isLast, other, place.parity));
        return next;
      });
}

/// One thread arrives when it begins to fill a stage, and one of each warp when
/// it has multiplied.
void WgmmaBlock::initBarriers() {
  k.ifThen(k.less(k.thread(), k.index(1)), [&] {
    for (int64_t stage = 0; stage < tiling.stages; ++stage) {
      NVVM::MBarrierInitOp::create(b, k.loc(), full(k.index(stage)), word(1),
                                   Value());
      NVVM::MBarrierInitOp::create(b, k.loc(), empty(k.index(stage)),
                                   word(WgmmaTiling::consumers / 32), Value());
    }
    NVVM::FenceMbarrierInitOp::create(b, k.loc());
  });
  k.barrier();
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

/// A barrier that nobody has waited for is past the phase of parity 1: the
/// first stages are empty.
void WgmmaBlock::produce() {
  Value isFirst =
      arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq, k.thread(),
                            k.index(WgmmaTiling::consumers));
  k.ifThen(isFirst, [&] {
    forSteps({}, [&](Value step, Place place, ValueRange) {
      wait(empty(place.stage),
           arith::XOrIOp::create(b, k.loc(), place.parity, word(1)));
      copyStep(step, place.stage, full(place.stage));
      return SmallVector<Value>();
    });
  });
}

void WgmmaBlock::copyStep(Value step, Value stage, Value full) {
  auto cluster = LLVM::LLVMPointerType::get(
      b.getContext(),
      static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster));
  // What lies outside is zero, and counts.
  NVVM::MBarrierArriveExpectTxOp::create(
      b, k.loc(), Type(), full,
      word(2 * tile.depth * (tile.rows + tile.columns)),
      NVVM::MemScopeKind::CTA, /*relaxed=*/false, Value());
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B}) {
    SmallVector<GemmBox> boxes = gemm.boxes(operand, step);
    int64_t bytes = 2 * tile.depth *
                    (operand == GemmOperand::A ? tile.rows : tile.columns) /
                    static_cast<int64_t>(boxes.size());
    for (auto [i, box] : llvm::enumerate(boxes)) {
      Value to = k.sharedPointer(
          k.add(startOf(operand, stage), static_cast<int64_t>(i) * bytes));
      to = LLVM::AddrSpaceCastOp::create(b, k.loc(), cluster, to);
      auto at = llvm::map_to_vector(
          box, [&](Value coordinate) { return toWord(coordinate); });
      NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
          b, k.loc(), to, k.tensorMap(operand == GemmOperand::B), at, full,
          /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
          /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE,
          /*isCTAOnly=*/false, /*group=*/nullptr, /*predicate=*/Value());
    }
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Describes an operand of a stage from row or column `first` on (PTX ISA,
/// "Matrix Descriptor Format").
Value WgmmaBlock::descriptor(GemmOperand operand, Value stage, Value first) {
  int64_t rowBytes = 2 * gemm.boxWidth(operand);
  bool along = isAlongDepth(operand);
  // Boxes across the depth have `width` rows or columns each.
  Value start = k.add(startOf(operand, stage),
                      k.mul(first, along ? rowBytes : 2 * tile.depth));
  uint64_t swizzle = rowBytes == 128 ? 1 : rowBytes == 64 ? 2 : 3;
  // The leading dimension is one instruction deep where rows lie along the
  // depth; it is then not read.
  uint64_t leading = along ? 1 : tile.depth * rowBytes / 16,
           stride = 8 * rowBytes / 16;
  Value address = LLVM::PtrToIntOp::create(b, k.loc(), b.getI32Type(),
                                           k.sharedPointer(start));
  Value low = arith::AndIOp::create(
      b, k.loc(), arith::ShRUIOp::create(b, k.loc(), address, word(4)),
      word(0x3fff));
  Value fields = arith::ConstantIntOp::create(
      b, k.loc(),
      static_cast<int64_t>(leading << 16 | stride << 32 | swizzle << 62), 64);
  return arith::OrIOp::create(
      b, k.loc(), arith::ExtUIOp::create(b, k.loc(), b.getI64Type(), low),
      fields);
}

/// Multiplies all steps; a stage is empty when the product after its own has
/// begun.
SmallVector<Value> WgmmaBlock::consume() {
  Type f32 = b.getF32Type();
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), SmallVector<Type>(columns / 2, f32));
  Value leads = k.less(k.rem(k.thread(), 32), k.index(1));
  SmallVector<Value> init{LLVM::ZeroOp::create(b, k.loc(), type), k.index(0)};
  SmallVector<Value> sums =
      forSteps(init, [&](Value step, Place place, ValueRange carried) {
        wait(full(place.stage), place.parity);
        NVVM::WgmmaFenceAlignedOp::create(b, k.loc());
        Value products = multiply(place.stage, carried[0]);
        NVVM::WgmmaGroupSyncAlignedOp::create(b, k.loc());
        NVVM::WgmmaWaitGroupSyncOp::create(b, k.loc(), uint64_t{1});
        k.ifThen(k.both(leads, k.less(k.index(0), step)),
                 [&] { arrive(empty(carried[1])); });
        return SmallVector<Value>{products, place.stage};
      });
  NVVM::WgmmaWaitGroupSyncOp::create(b, k.loc(), uint64_t{0});
  return sums;
}

/// Adds the product of a stage.
Value WgmmaBlock::multiply(Value stage, Value sums) {
  Value a = descriptor(GemmOperand::A, stage, firstRow),
        other = descriptor(GemmOperand::B, stage, firstColumn);
  auto next = [&](Value from, GemmOperand operand, int64_t i) {
    Value step = arith::ConstantIntOp::create(b, k.loc(),
                                              i * descriptorStep(operand), 64);
    return b.createOrFold<arith::AddIOp>(k.loc(), from, step);
  };
  for (int64_t i = 0; i < tile.depth / depth; ++i)
    sums = multiplyOnce(next(a, GemmOperand::A, i),
                        next(other, GemmOperand::B, i), sums);
  return sums;
}

/// Adds the product of 64 x 16 and 16 x `columns`.
Value WgmmaBlock::multiplyOnce(Value a, Value other, Value sums) {
  auto factors = tiling.multiplyType == MultiplyType::F16
                     ? NVVM::WGMMATypes::f16
                     : NVVM::WGMMATypes::bf16;
  // For both, `row` is along the depth of A and `col` along that of B.
  auto layout = [&](GemmOperand operand) {
    return isAlongDepth(operand) == (operand == GemmOperand::A)
               ? NVVM::MMALayout::row
               : NVVM::MMALayout::col;
  };
  MLIRContext *context = b.getContext();
  return NVVM::WgmmaMmaAsyncOp::create(
      b, k.loc(), sums.getType(), sums, a, other,
      NVVM::MMAShapeAttr::get(context, WgmmaTiling::rows, columns, depth),
      factors, factors, NVVM::WGMMATypes::f32, NVVM::WGMMAScaleOut::one,
      NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one, layout(GemmOperand::A),
      layout(GemmOperand::B), /*satfinite=*/nullptr);
}

/// A lane has two columns of rows lane / 4 and lane / 4 + 8 of each 16 x 8.
void WgmmaBlock::storeSums(Value sums) {
  GemmSums result(k, GemmSums::pitchOf(tile));
  Value lane = k.rem(k.thread(), 32),
        warp = k.div(k.rem(k.thread(), WgmmaTiling::warpgroup), 32);
  Value row = k.add(firstRow, k.add(k.mul(warp, 16), k.div(lane, 4))),
        column = k.add(firstColumn, k.mul(k.rem(lane, 4), 2));
  for (int64_t j = 0; j < columns / 8; ++j)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> pair;
      for (int64_t i = 0; i < 2; ++i)
        pair.push_back(LLVM::ExtractValueOp::create(b, k.loc(), sums,
                                                    4 * j + 2 * half + i));
      result.store(
          vector::FromElementsOp::create(b, k.loc(), k.vectorType(2), pair),
          k.add(row, half * 8), k.add(column, j * 8));
    }
}

} // namespace

void emitWgmmaBlock(GpuKernelBody &k, ConvGemm &gemm,
                    const WgmmaTiling &tiling) {
  WgmmaBlock(k, gemm, tiling).emit();
}

} // namespace segc
