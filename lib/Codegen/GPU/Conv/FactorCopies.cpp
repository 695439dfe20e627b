//===- FactorCopies.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FactorCopies.h"

#include "MmaBlock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

FactorCopies::FactorCopies(GpuKernelBody &k, MultiplyType multiplyType,
                           int64_t elements, bool isInt8)
    : piece(isInt8                               ? 16
            : multiplyType == MultiplyType::Tf32 ? 4
                                                 : 8),
      memory(k.sharedView(
          isInt8 ? k.builder().getI8Type()
                 : factorType(k.builder().getContext(), multiplyType),
          elements)),
      k(k), multiplyType(multiplyType), isInt8(isInt8) {}

bool FactorCopies::mayCopy(const GemmRun &run, int64_t lanes) const {
  return run.isPacked ||
         (!isInt8 && run.memref &&
          copiesAsynchronously(getElementTypeOrSelf(run.memref.getType()),
                               lanes, multiplyType));
}

void FactorCopies::copy(const GemmRun &run, int64_t lanes, Value to) {
  OpBuilder &b = k.builder();
  int64_t packed = run.isPacked ? piece / 4 : 1, count = lanes / packed;
  Value none = k.index(0), all = k.index(count);
  auto ifInside = [&](Value value) {
    return arith::SelectOp::create(b, k.loc(), run.inside, value, none)
        .getResult();
  };
  nvgpu::DeviceAsyncCopyOp::create(
      b, k.loc(), nvgpu::DeviceAsyncTokenType::get(b.getContext()),
      run.isPacked ? k.scratch() : memory, k.div(to, packed), run.memref,
      ifInside(k.div(run.element, packed)), b.getIndexAttr(count),
      ifInside(all), lanes == piece ? b.getUnitAttr() : UnitAttr());
}

Value roundToBf16(GpuKernelBody &k, Value value, Type stored) {
  OpBuilder &b = k.builder();
  Type pair = VectorType::get({2}, b.getBF16Type());
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  auto element = [&](int64_t lane) -> Value {
    return lane < lanes
               ? vector::ExtractOp::create(b, k.loc(), value, lane).getResult()
               : k.scalarConstant(0);
  };
  SmallVector<Value> words;
  for (int64_t lane = 0; lane < lanes; lane += 2)
    words.push_back(LLVM::BitcastOp::create(
        b, k.loc(), b.getI32Type(),
        NVVM::ConvertF32x2ToBF16x2Op::create(
            b, k.loc(), pair, element(lane + 1), element(lane),
            /*random_bits=*/Value(), NVVM::FPRoundingMode::RN)));
  if (lanes == 1)
    return vector::BroadcastOp::create(
        b, k.loc(), VectorType::get({1}, stored),
        arith::TruncIOp::create(b, k.loc(), stored, words.front()));
  return vector::BitCastOp::create(
      b, k.loc(), VectorType::get({lanes}, stored),
      vector::FromElementsOp::create(
          b, k.loc(), VectorType::get({lanes / 2}, b.getI32Type()), words));
}

/// The low bytes of whole numbers in f32, packed in vectors of f32.
static Value packBytes(GpuKernelBody &k, Value value) {
  OpBuilder &b = k.builder();
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  // At 1.5 * 2^23 the last place of an f32 is 1.
  seg::PointwiseMath m(b, k.loc(), value.getType());
  Value shifted = vector::BitCastOp::create(
      b, k.loc(), VectorType::get({lanes}, b.getI32Type()),
      m.add(value, m.constant(0x1.8p23)));
  Value bytes = arith::TruncIOp::create(
      b, k.loc(), VectorType::get({lanes}, b.getI8Type()), shifted);
  return vector::BitCastOp::create(b, k.loc(), k.vectorType(lanes / 4), bytes);
}

Value FactorCopies::load(const GemmRun &run, int64_t lanes) {
  Type stored = cast<MemRefType>(memory.getType()).getElementType();
  if (isInt8)
    return k.ifElse(
        run.inside, [&] { return packBytes(k, run.load(lanes)); },
        [&] { return k.zeroVector(lanes / 4); });
  auto asFactors = [&](Value value) {
    bool rounds = multiplyType == MultiplyType::Bf16 &&
                  getElementTypeOrSelf(value.getType()).isF32();
    return rounds ? roundToBf16(k, value, stored) : k.asStored(value, memory);
  };
  return k.ifElse(
      run.inside, [&] { return asFactors(run.load(lanes)); },
      [&]() -> Value {
        auto type = VectorType::get({lanes}, stored);
        return arith::ConstantOp::create(k.builder(), k.loc(),
                                         k.builder().getZeroAttr(type));
      });
}

Value FactorCopies::begin(GemmRun run, const GemmRuns &runs, int64_t i,
                          llvm::function_ref<Value()> place) {
  if (mayCopy(run, runs.lanes)) {
    Value to = place();
    runs.ifExists(k, i, [&] { copy(run, runs.lanes, to); });
    return nullptr;
  }
  run.inside = runs.inside(k, i, run.inside);
  return load(run, runs.lanes);
}

void FactorCopies::storeRun(Value value, Value to) {
  if (isInt8)
    k.store(value, k.scratch(), k.div(to, 4));
  else
    k.store(value, memory, to);
}

void FactorCopies::store(Value value, const GemmRuns &runs, int64_t i,
                         Value to) {
  runs.ifExists(k, i, [&] { storeRun(value, to); });
}

bool FactorCopies::bringRuns(ArrayRef<FactorRun> runs, int64_t lanes) {
  constexpr size_t together = 4;
  bool copies = false;
  SmallVector<std::pair<const FactorRun *, Value>> loaded;
  auto ifExists = [&](const FactorRun &run, llvm::function_ref<void()> body) {
    if (run.exists)
      k.ifThen(run.exists, body);
    else
      body();
  };
  auto storeAll = [&] {
    for (auto [run, value] : loaded)
      ifExists(*run,
               [&, run = run, value = value] { storeRun(value, run->to); });
    loaded.clear();
  };
  for (const FactorRun &each : runs) {
    if (mayCopy(each.run, lanes)) {
      ifExists(each, [&] { copy(each.run, lanes, each.to); });
      copies = true;
      continue;
    }
    GemmRun run = each.run;
    if (each.exists)
      run.inside = k.both(run.inside, each.exists);
    loaded.push_back({&each, load(run, lanes)});
    if (loaded.size() == together)
      storeAll();
  }
  storeAll();
  return copies;
}

void FactorCopies::bring(
    int64_t runs, int64_t lanes,
    llvm::function_ref<std::pair<GemmRun, Value>(Value)> runAndTo) {
  constexpr int64_t together = 4;
  int64_t threads = k.threads(),
          ofThread = std::min(together, divideUp(runs, threads)),
          step = ofThread * threads;
  auto bringSome = [&](Value first) {
    SmallVector<FactorRun> some;
    for (int64_t i = 0; i < ofThread; ++i) {
      Value number = k.add(first, k.add(k.thread(), i * threads)), exists;
      if (runs <= step ? (i + 1) * threads > runs : runs % step != 0)
        exists = k.less(number, k.index(runs));
      auto [run, to] = runAndTo(number);
      some.push_back({exists, run, to});
    }
    bringRuns(some, lanes);
  };
  // The same number of times in all threads, which then multiply together.
  if (runs <= step)
    bringSome(k.index(0));
  else
    k.loop(k.index(0), k.index(runs), step, bringSome);
}

bool FactorCopies::bringBox(const Dims &box, int64_t channels, int64_t maxLanes,
                            llvm::function_ref<std::pair<GemmRun, Value>(
                                const std::array<Value, 3> &, Value)>
                                runAndTo) {
  constexpr int64_t together = 4, lanesOfWarp = 32;
  int64_t lanes = std::min({piece, maxLanes, channels}),
          runsOfPosition = channels / lanes,
          runsOfRow = box[2] * runsOfPosition, rows = box[0] * box[1],
          warps = k.threads() / lanesOfWarp,
          rowsTogether =
              std::max<int64_t>(1, together * lanesOfWarp / runsOfRow),
          step = std::min(rowsTogether, divideUp(rows, warps)) * warps;
  Value warp = k.div(k.thread(), lanesOfWarp),
        lane = k.rem(k.thread(), lanesOfWarp);
  bool copies = false;
  auto bringRows = [&](Value first) {
    SmallVector<FactorRun> some;
    for (int64_t i = 0; i < step; i += warps) {
      Value row = k.add(first, k.add(warp, i)), rowExists;
      if (rows <= step ? i + warps > rows : rows % step != 0)
        rowExists = k.less(row, k.index(rows));
      for (int64_t j = 0; j < runsOfRow; j += lanesOfWarp) {
        Value number = k.add(lane, j), exists = rowExists;
        if (j + lanesOfWarp > runsOfRow) {
          Value inRow = k.less(number, k.index(runsOfRow));
          exists = exists ? k.both(exists, inRow) : inRow;
        }
        auto [run, to] = runAndTo({k.div(row, box[1]), k.rem(row, box[1]),
                                   k.div(number, runsOfPosition)},
                                  k.mul(k.rem(number, runsOfPosition), lanes));
        some.push_back({exists, run, to});
      }
    }
    copies = bringRuns(some, lanes);
  };
  // The same number of times in all threads, which then multiply together.
  if (rows <= step)
    bringRows(k.index(0));
  else
    k.loop(k.index(0), k.index(rows), step, bringRows);
  return copies;
}

void FactorCopies::waitForCopies(int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(k.builder(), k.loc(), groups);
  k.barrier();
}

} // namespace segc
