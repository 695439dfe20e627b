//===- ForwardEpilogue.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A store of the result stands between a run's loads and those of the next, and
// may be to the same memory: operands are loaded of several runs before any of
// them is computed, the first ahead of the barrier behind the sums. A thread
// reads its runs before it stores them, so results may be computed in place.

#include "FactorCopies.h"
#include "ForwardGemm.h"
#include "QuantizedFilter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

int64_t ForwardGemm::storeLanes(const ConvProblem &problem) {
  return std::min<int64_t>(4, runLanes({problem.groupOutputs()}));
}

ForwardGemm::Runs::Runs(seg::FusionOp fusion, const ConvProblem &problem,
                        const GemmTile &tile, int64_t threads)
    : lanes(storeLanes(problem)), columns(tile.columns / tile.cluster),
      vectors(columns / lanes), rowStep(threads / vectors),
      count(divideUp(tile.rows, rowStep)) {
  auto space = cast<RankedTensorType>(fusion.getRoot()->getResult(0).getType());
  SmallVector<PointwiseOperand> operands =
      pointwiseOperands(fusion, fusion.getEpilogue(), space);
  // Terms of reductions may read inputs that no pointwise op does.
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>())
    for (Value operand : op.getTermOperands())
      if (auto input = dyn_cast<BlockArgument>(operand);
          input && llvm::none_of(operands, [&](const PointwiseOperand &other) {
            return other.input == input;
          }))
        operands.push_back(
            {input, seg::classifyBroadcast(
                        cast<RankedTensorType>(input.getType()), space)});
  int64_t bytes = 0;
  for (const PointwiseOperand &operand : operands) {
    bool isOfSample = operand.kind == Broadcast::PerSample && tile.samples > 1;
    if (operand.isShared() && !isOfSample) {
      shared.push_back(operand);
      continue;
    }
    own.push_back(operand);
    bytes += operand.elementBytes() * lanes;
  }
  // Loads of a thread that hide what they wait for; without any, runs whose
  // instructions hide each other's latencies.
  constexpr int64_t wantedBytes = 64, maxRuns = 8, independentRuns = 4;
  int64_t wanted = own.empty()
                       ? independentRuns
                       : std::clamp(wantedBytes / bytes, int64_t{1}, maxRuns);
  underWay = std::gcd(count, static_cast<int64_t>(llvm::bit_floor(
                                 static_cast<uint64_t>(wanted))));
}

int64_t ForwardGemm::finishRounds(seg::FusionOp fusion,
                                  const ConvProblem &problem,
                                  const GemmTile &tile, int64_t threads) {
  // A power of two of them finish a tile, not those that copy.
  Runs runs(
      fusion, problem, tile,
      static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(threads))));
  if (!runs.own.empty())
    return runs.count / runs.underWay;
  return runs.shared.empty() && fusion.getRoot()->getNumOperands() < 3 ? 0 : 1;
}

ForwardGemm::Pixel ForwardGemm::runPixel(Value row, bool isBounded) {
  Pixel pixel = pixelOf(row, *runWindow);
  if (!hasWholeColumns())
    pixel.exists = k.both(pixel.exists, isRun);
  if (isBounded)
    pixel.exists = k.both(pixel.exists, k.less(row, k.index(tile.rows)));
  return pixel;
}

Point ForwardGemm::pointOf(const Pixel &pixel) {
  return {k.add(k.mul(pixel.sample, product(problem.out)), pixel.number),
          pixel.sample, runChannel};
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// Returns the type of a value in as few registers as its bits take.
static VectorType packedType(OpBuilder &b, VectorType type) {
  constexpr unsigned wordBits = 32;
  unsigned bits = type.getElementTypeBitWidth();
  int64_t all = type.getNumElements() * bits;
  return bits < wordBits && all % wordBits == 0
             ? VectorType::get({all / wordBits}, b.getI32Type())
             : type;
}

/// Loads an operand at a point: as it is stored where it has an element for
/// each of the tensor.
static Value loadPacked(GpuKernelBody &k, const PointwiseOperand &operand,
                        const Point &point, int64_t channels, int64_t lanes) {
  Value memref = k.input(operand.input.getArgNumber());
  if (operand.kind != Broadcast::None)
    return loadBroadcast(k, memref, operand.kind, point, channels, lanes,
                         Value());
  OpBuilder &b = k.builder();
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  Value value = vector::LoadOp::create(
      b, k.loc(), type, memref,
      broadcastElement(k, operand.kind, point, channels),
      /*nontemporal=*/false, llvm::MaybeAlign(lanes * operand.elementBytes()));
  return b.createOrFold<vector::BitCastOp>(k.loc(), packedType(b, type), value);
}

/// Returns what `loadPacked` has loaded as emitters take it.
static Value unpack(GpuKernelBody &k, const PointwiseOperand &operand,
                    Value value, int64_t lanes) {
  if (operand.kind != Broadcast::None)
    return value;
  OpBuilder &b = k.builder();
  Type element =
      cast<MemRefType>(k.input(operand.input.getArgNumber()).getType())
          .getElementType();
  return seg::widenFloat(
      b, k.loc(),
      b.createOrFold<vector::BitCastOp>(
          k.loc(), VectorType::get({lanes}, element), value));
}

SmallVector<Value> ForwardGemm::loadRun(const Pixel &pixel) {
  SmallVector<Value> values;
  Point point = pointOf(pixel);
  for (const PointwiseOperand &operand : runs->own) {
    Type type;
    values.push_back(k.ifElse(
        pixel.exists,
        [&] {
          Value value =
              loadPacked(k, operand, point, problem.outChannels, runs->lanes);
          type = value.getType();
          return value;
        },
        [&]() -> Value {
          return arith::ConstantOp::create(k.builder(), k.loc(),
                                           k.builder().getZeroAttr(type));
        }));
  }
  return values;
}

void ForwardGemm::loadChannels() {
  runs = std::make_unique<Runs>(fusion, problem, tile, k.threads());
  // A block of a cluster finishes a tile of its own columns.
  runColumn = k.mul(k.rem(k.thread(), runs->vectors), runs->lanes);
  if (tile.cluster > 1)
    runColumn = k.add(k.mul(rank, runs->columns), runColumn);
  runRow = k.div(k.thread(), runs->vectors);
  runChannel = channelOf(runColumn);
  if (!hasWholeColumns()) {
    isRun = isColumn(runColumn);
    runChannel = k.min(runChannel, k.index(problem.outChannels - runs->lanes));
  }
  if (root->getNumOperands() > 2)
    bias = k.load(inputOf(k, root->getOperand(2)), runChannel, runs->lanes);
  if (seg::multipliesInt8(root))
    scales =
        k.load(k.temp(), k.add(runChannel, firstScale(problem)), runs->lanes);
}

void ForwardGemm::beginFinish() {
  if (!runs)
    loadChannels();
  runWindow = std::make_unique<ConvWindow>(
      tile.phases == 1 ? ConvWindow(k, problem, phaseNumber)
                       : windowOf(runColumn));
  for (int64_t i = 0; i < runs->underWay; ++i)
    llvm::append_range(
        firstRuns, loadRun(runPixel(k.add(runRow, i * runs->rowStep),
                                    /*isBounded=*/runs->rowStep > tile.rows)));
  for (const PointwiseOperand &operand : runs->shared)
    sharedValues[operand.input] =
        loadPacked(k, operand, {Value(), sample, runChannel},
                   problem.outChannels, runs->lanes);
  if (tile.samples > 1)
    return;
  bool readsFirst = false;
  for (const Reduction &reduction : reductions(fusion, problem, tile)) {
    RunSums &own =
        sumsOfRuns.emplace_back(runSums(reduction, sample, k.index(0)));
    for (const ChannelRow &row : own.channelRows) {
      bool isInput = isa<BlockArgument>(seg::storedValue(row.operand));
      own.rows.push_back(isInput ? loadRow(row) : Value());
      readsFirst |= !isInput;
    }
  }
  // Nobody stores it before all threads have read it.
  if (readsFirst)
    firstPixel = loadRun(pixelOf(k.index(0), *runWindow));
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

PointwiseEmitter ForwardGemm::computeRun(const GemmSums &sums, Value row,
                                         const Pixel &pixel,
                                         ValueRange loaded) {
  Value value = sums.load(row, runColumn, runs->lanes);
  seg::PointwiseMath math(k.builder(), k.loc(), value.getType());
  if (scales)
    value = math.mul(value, scales);
  if (bias)
    value = math.add(value, bias);
  DenseMap<Value, Value> values = sharedValues;
  values[root->getResult(0)] = value;
  for (auto [operand, one] : llvm::zip_equal(runs->own, loaded))
    values[operand.input] = unpack(k, operand, one, runs->lanes);
  PointwiseEmitter pointwise(
      k, fusion, cast<RankedTensorType>(root->getResult(0).getType()));
  pointwise.setNarrowing([this](Value value, Type stored) {
    return stored.isInteger(16)
               ? roundToBf16(k, value, stored)
               : seg::narrowFloat(k.builder(), k.loc(), value, stored);
  });
  pointwise.compute(pointOf(pixel), runs->lanes, Value(), values);
  return pointwise;
}

/// Stores the thread's runs, and returns the sums of their terms.
SmallVector<Value> ForwardGemm::storeRuns(const GemmSums &sums) {
  bool isBounded = runs->rowStep > tile.rows;
  auto emitRuns = [&](Value first, ValueRange carried) {
    int64_t underWay = runs->underWay, step = underWay * runs->rowStep;
    size_t operands = runs->own.size(), loads = firstRuns.size();
    SmallVector<Value> next, totals(carried.drop_front(loads));
    if (underWay < runs->count)
      for (int64_t i = 0; i < underWay; ++i)
        llvm::append_range(
            next, loadRun(runPixel(k.add(first, step + i * runs->rowStep),
                                   /*isBounded=*/true)));
    for (int64_t i = 0; i < underWay; ++i) {
      Value row = k.add(first, i * runs->rowStep);
      Pixel pixel = runPixel(row, isBounded);
      PointwiseEmitter pointwise =
          computeRun(sums, isBounded ? k.min(row, k.index(tile.rows - 1)) : row,
                     pixel, carried.slice(i * operands, operands));
      Point point = pointOf(pixel);
      k.ifThen(pixel.exists, [&] { pointwise.store(point, Value()); });
      MutableArrayRef<Value> rest = totals;
      for (const RunSums &own : sumsOfRuns) {
        ChannelReductionOpInterface op = own.reduction.op;
        SmallVector<Value> elements;
        for (Value operand : op.getTermOperands())
          elements.push_back(seg::widenFloat(
              k.builder(), k.loc(),
              pointwise.operand(operand, point, runs->lanes, Value())));
        auto added = rest.take_front(op.getSumCount());
        llvm::copy(addTerms(own, elements, pixel.exists, added), added.begin());
        rest = rest.drop_front(added.size());
      }
    }
    next.append(totals);
    return next;
  };
  SmallVector<Value> init = firstRuns;
  for (RunSums &own : sumsOfRuns) {
    init.append(own.reduction.op.getSumCount(), k.zeroVector(runs->lanes));
    for (auto [row, value] : llvm::zip_equal(own.channelRows, own.rows)) {
      if (value)
        continue;
      Pixel first = pixelOf(k.index(0), *runWindow);
      PointwiseEmitter pointwise =
          computeRun(sums, k.index(0), first, firstPixel);
      value = seg::widenFloat(
          k.builder(), k.loc(),
          pointwise.operand(row.operand, pointOf(first), runs->lanes, Value()));
    }
  }
  SmallVector<Value> results =
      runs->underWay == runs->count
          ? emitRuns(runRow, init)
          : k.loop(runRow, k.index(tile.rows), runs->underWay * runs->rowStep,
                   init, emitRuns);
  return SmallVector<Value>(llvm::drop_begin(
      results, results.size() - (init.size() - firstRuns.size())));
}

void ForwardGemm::finish(const GemmSums &sums) {
  SmallVector<Value> totals = storeRuns(sums);
  if (tile.cluster > 1)
    k.clusterBarrier();
  if (tile.samples > 1) {
    for (const Reduction &reduction : reductions(fusion, problem, tile))
      sumSamples(reduction);
    return;
  }
  ValueRange rest = totals;
  for (RunSums &own : sumsOfRuns) {
    // The sums of the tile have been read, or those of the reduction before.
    k.barrier();
    unsigned count = own.reduction.op.getSumCount();
    sumThreads(own, rest.take_front(count));
    rest = rest.drop_front(count);
  }
}

} // namespace segc
