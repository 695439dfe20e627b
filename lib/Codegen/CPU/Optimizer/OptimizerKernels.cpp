//===- OptimizerKernels.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Updates of flat parameters. They may be in place, because every element is
// read before it is written. Values that depend only on the step are computed
// once per task.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/Formulas.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

/// The tasks of a launch over `size` elements.
static TaskCount tasksOf(int64_t size) {
  return {llvm::divideCeilSigned(size, taskElements), 0, taskElements};
}

namespace {

/// Returns the elements [begin, end) of the current task.
std::pair<Value, Value> taskRange(KernelBody &k, int64_t size) {
  Value begin = k.mul(k.task(), taskElements);
  return {begin, k.min(k.add(begin, taskElements), k.index(size))};
}

struct UpdateKernel : CpuFormulaModel<OptimizerUpdateOpInterface> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto update = cast<OptimizerUpdateOpInterface>(op);
    auto params =
        cast<RankedTensorType>(update.getReplacedOperands().front().getType());
    int64_t size = params.getNumElements(), lanes = cpuTarget(emitter).lanes;
    emitter.launch(tasksOf(size), 0, [&](KernelBody &k) {
      UpdateBody body(k, k.vectorType(lanes));
      auto [begin, end] = taskRange(k, size);
      Value finite = body.broadcast(body.isNonZero(update.getFiniteScalar()));
      SmallVector<Value> stepValues = update.emitStepValues(body);
      forVectors(k, begin, end, lanes, 2, [&](Value i, Value mask) {
        emitUpdatedVector(body, update, i, lanes, mask, finite, stepValues);
      });
    });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// all_finite
//===----------------------------------------------------------------------===//

/// Gradients have no batch dimension, so tasks divide all elements whatever the
/// rank.
template <typename OpTy>
struct FlatSumKernel : CpuOpModel<OpTy> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    auto flatSum = cast<OpTy>(fusion.getRoot());
    return tasksOf(flatSum.getInput().getType().getNumElements()).fixed * 4;
  }
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto flatSum = cast<OpTy>(op);
    int64_t size = flatSum.getInput().getType().getNumElements(),
            lanes = cpuTarget(emitter).lanes;
    emitter.launch(tasksOf(size), 0, [&](KernelBody &k) {
      Value begin = k.mul(k.task(), taskElements),
            end = k.min(k.add(begin, taskElements), k.index(size));
      seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
      Value sum = addPixelVectors(
          k, begin, end, lanes, k.zeroVector(lanes),
          [&](Value i, Value, Value mask) {
            Value x = k.load(inputOf(k, flatSum.getInput()), i, lanes, mask);
            return SmallVector<Value>{emitSumTerm(flatSum, m, x)};
          })[0];
      k.storeScalar(sumLanes(k, sum), k.temp(), k.task());
    });
    emitter.launch({1, 0}, 0, [&](KernelBody &k) {
      Value sum = k.loop(
          k.index(0), k.index(tasksOf(size).fixed), 1, {k.scalarConstant(0)},
          [&](Value i, ValueRange sum) -> SmallVector<Value> {
            return {arith::AddFOp::create(k.builder(), k.loc(), sum[0],
                                          k.loadScalar(k.temp(), i))};
          })[0];
      k.storeScalar(emitSumResult(flatSum, k, sum),
                    outputOf(k, flatSum.getOutput()), k.index(0));
    });
    return success();
  }
};

} // namespace

void segc::addOptimizerModels(KernelModels &models) {
  models.push_back(std::make_unique<UpdateKernel>());
  models.push_back(std::make_unique<FlatSumKernel<seg::AllFiniteOp>>());
  models.push_back(std::make_unique<FlatSumKernel<seg::ClipScaleOp>>());
}
