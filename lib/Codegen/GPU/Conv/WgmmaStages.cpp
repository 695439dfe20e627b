//===- WgmmaStages.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaStages.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

Value WgmmaStages::word(int64_t value) {
  return arith::ConstantIntOp::create(b, k.loc(), value, 32);
}

Value WgmmaStages::barrier(Value stage, int64_t which) {
  constexpr int64_t barrierBytes = 8;
  return k.sharedPointer(
      k.add(k.mul(stage, 2 * barrierBytes), barriers + which * barrierBytes));
}

void WgmmaStages::wait(Value barrier, Value parity) {
  constexpr int64_t nanoseconds = 10'000'000; // Of one try of many.
  NVVM::MBarrierTryWaitParityOp::create(b, k.loc(), barrier, parity,
                                        word(nanoseconds));
}

/// Emits a loop over the steps from `place` on, which becomes that of the next.
SmallVector<Value> WgmmaStages::forSteps(
    Value steps, Place &place, ValueRange init,
    llvm::function_ref<SmallVector<Value>(Value, Place, ValueRange)> body) {
  SmallVector<Value> all(init);
  all.append({place.stage, place.parity});
  all = k.loop(k.index(0), steps, 1, all, [&](Value step, ValueRange carried) {
    auto values = carried.drop_back(2);
    Place place{carried[values.size()], carried[values.size() + 1]};
    SmallVector<Value> next = body(step, place, values);
    Value following = k.add(place.stage, 1);
    Value isLast = arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq,
                                         following, k.index(count));
    Value other = arith::XOrIOp::create(b, k.loc(), place.parity, word(1));
    next.push_back(
        arith::SelectOp::create(b, k.loc(), isLast, k.index(0), following));
    next.push_back(
        arith::SelectOp::create(b, k.loc(), isLast, other, place.parity));
    return next;
  });
  place = {all[init.size()], all[init.size() + 1]};
  all.truncate(init.size());
  return all;
}

/// One thread arrives when it begins to fill a stage, and one of each warp when
/// it has multiplied.
void WgmmaStages::init() {
  k.ifThen(k.less(k.thread(), k.index(1)), [&] {
    for (int64_t stage = 0; stage < count; ++stage) {
      NVVM::MBarrierInitOp::create(b, k.loc(), full(k.index(stage)), word(1),
                                   Value());
      NVVM::MBarrierInitOp::create(b, k.loc(), empty(k.index(stage)),
                                   word(consumers / 32), Value());
    }
    NVVM::FenceMbarrierInitOp::create(b, k.loc());
  });
  k.barrier();
}

/// A barrier that nobody has waited for is past the phase of parity 1: the
/// first stages are empty.
void WgmmaStages::fill(Value steps, int64_t copiedBytes,
                       llvm::function_ref<void(Value, Value)> copies) {
  Value copier = arith::CmpIOp::create(b, k.loc(), arith::CmpIPredicate::eq,
                                       k.thread(), k.index(consumers));
  k.ifThen(copier, [&] {
    Place first = firstPlace();
    forSteps(steps, first, {}, [&](Value step, Place place, ValueRange) {
      wait(empty(place.stage),
           arith::XOrIOp::create(b, k.loc(), place.parity, word(1)));
      // What lies outside is zero, and counts.
      NVVM::MBarrierArriveExpectTxOp::create(
          b, k.loc(), Type(), full(place.stage), word(copiedBytes),
          NVVM::MemScopeKind::CTA, /*relaxed=*/false, Value());
      copies(step, place.stage);
      return SmallVector<Value>();
    });
  });
}

void WgmmaStages::copyBox(Value byte, unsigned map, const GemmBox &box,
                          Value stage) {
  auto cluster = LLVM::LLVMPointerType::get(
      b.getContext(),
      static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster));
  Value to =
      LLVM::AddrSpaceCastOp::create(b, k.loc(), cluster, k.sharedPointer(byte));
  auto at = llvm::map_to_vector(box, [&](Value coordinate) {
    return b.createOrFold<arith::IndexCastOp>(k.loc(), b.getI32Type(),
                                              coordinate);
  });
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      b, k.loc(), to, k.tensorMap(map), at, full(stage),
      /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
      /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
      /*group=*/nullptr, /*predicate=*/Value());
}

/// A stage is empty when the product after its own has begun.
SmallVector<Value> WgmmaStages::multiply(
    Value steps, ValueRange sums,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> multiply,
    Place *place) {
  Value leads = k.less(k.rem(k.thread(), 32), k.index(1));
  auto release = [&](Value condition, Value stage) {
    k.ifThen(condition, [&] {
      NVVM::MBarrierArriveOp::create(b, k.loc(), b.getI64Type(), empty(stage),
                                     Value());
    });
  };
  Place current = place ? *place : firstPlace();
  SmallVector<Value> init(sums);
  init.push_back(k.index(0));
  SmallVector<Value> results = forSteps(
      steps, current, init, [&](Value step, Place own, ValueRange carried) {
        wait(full(own.stage), own.parity);
        NVVM::WgmmaFenceAlignedOp::create(b, k.loc());
        SmallVector<Value> next = multiply(own.stage, carried.drop_back());
        NVVM::WgmmaGroupSyncAlignedOp::create(b, k.loc());
        NVVM::WgmmaWaitGroupSyncOp::create(b, k.loc(), uint64_t{1});
        release(k.both(leads, k.less(k.index(0), step)), carried.back());
        next.push_back(own.stage);
        return next;
      });
  NVVM::WgmmaWaitGroupSyncOp::create(b, k.loc(), uint64_t{0});
  if (place) {
    release(leads, results.back());
    *place = current;
  }
  results.truncate(sums.size());
  return results;
}

void WgmmaStages::meetCluster() {
  k.ifThen(k.less(k.index(consumers - 1), k.thread()), [&] {
    k.clusterBarrier();
    k.clusterBarrier();
  });
}

void publishStores(GpuKernelBody &k) {
  OpBuilder &b = k.builder();
  NVVM::FenceProxyOp::create(
      b, k.loc(), NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

constexpr int64_t descriptorUnit = 16; // Bytes.

/// The leading dimension is one instruction deep where rows lie along the
/// depth; it is then not read.
WgmmaLayout WgmmaLayout::ofBoxes(bool isAlongDepth, int64_t rowBytes,
                                 int64_t rows) {
  return {isAlongDepth, rowBytes, isAlongDepth ? wgmmaDepth : rows * rowBytes,
          8 * rowBytes};
}

int64_t WgmmaLayout::instructionBytes() const {
  return isAlongDepth ? 2 * wgmmaDepth : wgmmaDepth * swizzledBytes;
}

Value wgmmaDescriptor(GpuKernelBody &k, Value byte, const WgmmaLayout &layout) {
  OpBuilder &b = k.builder();
  auto word = [&](int64_t value) {
    return arith::ConstantIntOp::create(b, k.loc(), value, 32);
  };
  uint64_t swizzle = layout.swizzledBytes == 128  ? 1
                     : layout.swizzledBytes == 64 ? 2
                     : layout.swizzledBytes == 32 ? 3
                                                  : 0,
           leading = layout.leadingBytes / descriptorUnit,
           stride = layout.strideBytes / descriptorUnit;
  Value address = LLVM::PtrToIntOp::create(b, k.loc(), b.getI32Type(),
                                           k.sharedPointer(byte));
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

Value wgmmaDescriptorAt(GpuKernelBody &k, Value descriptor, int64_t bytes) {
  OpBuilder &b = k.builder();
  return b.createOrFold<arith::AddIOp>(
      k.loc(), descriptor,
      arith::ConstantIntOp::create(b, k.loc(), bytes / descriptorUnit, 64));
}

Value wgmmaZeros(GpuKernelBody &k, int64_t columns) {
  OpBuilder &b = k.builder();
  return LLVM::ZeroOp::create(
      b, k.loc(),
      LLVM::LLVMStructType::getLiteral(
          b.getContext(), SmallVector<Type>(columns / 2, b.getF32Type())));
}

Value wgmmaProduct(GpuKernelBody &k, MultiplyType type, int64_t columns,
                   Value a, const WgmmaLayout &layoutA, Value b,
                   const WgmmaLayout &layoutB, Value sums) {
  auto factors = type == MultiplyType::F16 ? NVVM::WGMMATypes::f16
                                           : NVVM::WGMMATypes::bf16;
  // For both, `row` is along the depth of A and `col` along that of B.
  auto layout = [](bool isRow) {
    return isRow ? NVVM::MMALayout::row : NVVM::MMALayout::col;
  };
  OpBuilder &builder = k.builder();
  return NVVM::WgmmaMmaAsyncOp::create(
      builder, k.loc(), sums.getType(), sums, a, b,
      NVVM::MMAShapeAttr::get(builder.getContext(), wgmmaRows, columns,
                              wgmmaDepth),
      factors, factors, NVVM::WGMMATypes::f32, NVVM::WGMMAScaleOut::one,
      NVVM::WGMMAScaleIn::one, NVVM::WGMMAScaleIn::one,
      layout(layoutA.isAlongDepth), layout(!layoutB.isAlongDepth),
      /*satfinite=*/nullptr);
}

/// A lane has two columns of rows lane / 4 and lane / 4 + 8 of each 16 x 8.
void forWgmmaSums(GpuKernelBody &k, Value sums, int64_t columns,
                  llvm::function_ref<void(Value, Value, Value)> visit) {
  OpBuilder &b = k.builder();
  Value lane = k.rem(k.thread(), 32), warp = k.rem(k.div(k.thread(), 32), 4),
        row = k.add(k.mul(warp, 16), k.div(lane, 4)),
        column = k.mul(k.rem(lane, 4), 2);
  for (int64_t j = 0; j < columns / 8; ++j)
    for (int64_t half = 0; half < 2; ++half) {
      SmallVector<Value> pair;
      for (int64_t i = 0; i < 2; ++i)
        pair.push_back(LLVM::ExtractValueOp::create(b, k.loc(), sums,
                                                    4 * j + 2 * half + i));
      visit(vector::FromElementsOp::create(b, k.loc(), k.vectorType(2), pair),
            k.add(row, half * 8), k.add(column, j * 8));
    }
}

} // namespace segc
