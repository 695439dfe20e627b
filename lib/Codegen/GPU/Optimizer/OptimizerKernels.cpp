//===- OptimizerKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Updates of flat parameters. They may be in place, because a thread reads
// every element before it writes it. Values that depend only on the step are
// computed by every thread, once for the vectors of its block's chunk.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/Formulas.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

static constexpr int64_t updateThreads = 256;
/// Elements of a block.
static constexpr int64_t chunkElements = 8 << 10;

/// A task for each chunk.
static TaskCount tasksOf(int64_t size) {
  return {llvm::divideCeilSigned(size, chunkElements), 0, chunkElements};
}

namespace {

/// Calls `body` for the vectors of the block's chunk of `size` elements that
/// the thread owns, with the number of lanes: the last, cut vector comes
/// element by element. `carried` are values that each call replaces.
SmallVector<Value> forChunk(
    GpuKernelBody &k, int64_t size, int64_t lanes, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(Value, int64_t, ValueRange)> body) {
  Value begin = k.mul(k.task(), chunkElements),
        end = k.min(k.add(begin, chunkElements), k.index(size));
  Value first = k.add(begin, k.mul(k.thread(), lanes)),
        whole = k.sub(end, lanes - 1);
  SmallVector<Value> values = k.loop(
      first, whole, k.threads() * lanes, carried,
      [&](Value i, ValueRange carried) { return body(i, lanes, carried); });
  if (size % lanes == 0)
    return values;
  Value rest = k.add(k.mul(k.div(end, lanes), lanes), k.thread());
  return k.loop(
      rest, end, k.threads(), values,
      [&](Value i, ValueRange carried) { return body(i, 1, carried); });
}

struct UpdateKernel : GpuFormulaModel<OptimizerUpdateOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto update = cast<OptimizerUpdateOpInterface>(op);
    auto params =
        cast<RankedTensorType>(update.getReplacedOperands().front().getType());
    int64_t size = params.getNumElements(), lanes = emitter.getTarget().lanes;
    emitter.launch(tasksOf(size), updateThreads, 0, [&](GpuKernelBody &k) {
      // Scalars, which each width of vectors broadcasts.
      UpdateBody scalars(k, k.builder().getF32Type());
      Value finite = scalars.isNonZero(update.getFiniteScalar());
      SmallVector<Value> step = update.emitStepValues(scalars);
      forChunk(k, size, lanes, {}, [&](Value i, int64_t width, ValueRange) {
        UpdateBody body(k, k.vectorType(width));
        SmallVector<Value> stepValues;
        for (Value value : step)
          stepValues.push_back(body.broadcast(value));
        emitUpdatedVector(body, update, i, width, Value(),
                          body.broadcast(finite), stepValues);
        return SmallVector<Value>();
      });
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// all_finite
//===----------------------------------------------------------------------===//

/// Gradients have no batch dimension, so blocks divide all elements whatever
/// the rank. A second launch adds up what the blocks found.
template <typename OpTy>
struct FlatSumKernel : GpuOpModel<OpTy> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    auto flatSum = cast<OpTy>(fusion.getRoot());
    return tasksOf(flatSum.getInput().getType().getNumElements()).fixed * 4;
  }
  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    auto flatSum = cast<OpTy>(op);
    int64_t size = flatSum.getInput().getType().getNumElements(),
            lanes = emitter.getTarget().lanes;
    emitter.launch(
        tasksOf(size), updateThreads, updateThreads, [&](GpuKernelBody &k) {
          Value input = inputOf(k, flatSum.getInput());
          Value sum = forChunk(
              k, size, lanes, k.scalarConstant(0),
              [&](Value i, int64_t width, ValueRange sum) {
                seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(width));
                Value term = emitSumTerm(flatSum, m, k.load(input, i, width));
                return SmallVector<Value>{sumLanes(k, term, sum[0])};
              })[0];
          storeSum(k, sum, [&](Value total) {
            k.storeScalar(total, k.temp(), k.task());
          });
        });
    emitter.launch({1, 0}, updateThreads, updateThreads, [&](GpuKernelBody &k) {
      seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
      Value sum = k.loop(k.thread(), k.index(tasksOf(size).fixed), k.threads(),
                         k.scalarConstant(0), [&](Value i, ValueRange sum) {
                           return SmallVector<Value>{
                               m.add(sum[0], k.loadScalar(k.temp(), i))};
                         })[0];
      storeSum(k, sum, [&](Value total) {
        k.storeScalar(emitSumResult(flatSum, k, total),
                      outputOf(k, flatSum.getOutput()), k.index(0));
      });
    });
    return success();
  }

private:
  static Value sumLanes(KernelBody &k, Value vector, Value sum) {
    return vector::ReductionOp::create(k.builder(), k.loc(),
                                       vector::CombiningKind::ADD, vector, sum);
  }
  /// Adds up the threads' sums; one thread stores the total.
  static void storeSum(GpuKernelBody &k, Value sum,
                       llvm::function_ref<void(Value)> store) {
    k.storeScalar(sum, k.scratch(), k.thread());
    sumRows(k, k.threads(), 1);
    k.ifThen(k.less(k.thread(), k.index(1)),
             [&] { store(k.loadScalar(k.scratch(), k.index(0))); });
  }
};

} // namespace

void segc::addOptimizerGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<UpdateKernel>());
  models.push_back(std::make_unique<FlatSumKernel<seg::AllFiniteOp>>());
  models.push_back(std::make_unique<FlatSumKernel<seg::ClipScaleOp>>());
}
