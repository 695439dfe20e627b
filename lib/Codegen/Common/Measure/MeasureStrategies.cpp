//===- MeasureStrategies.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/MeasureStrategies.h"

#include "segc/Base/Random.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Runtime/Core/ThreadPool.h"

using namespace mlir;

namespace segc {

/// Rounds are repeated for at least this time, within these bounds of their
/// number.
static constexpr double minSeconds = 0.3;
static constexpr size_t minRounds = 5, maxRounds = 100;
/// The part of the time that another strategy must save to replace the first.
static constexpr double minSaving = 0.03;

/// Makes a buffer for a value, filled with random floats or, for integers, with
/// zeros, which are valid labels.
static GuardedBuffer makeBuffer(Value value, uint64_t stream) {
  auto type = cast<RankedTensorType>(value.getType());
  GuardedBuffer buffer(type);
  std::vector<double> values(type.getNumElements());
  CounterRng rng(1, stream);
  if (isa<FloatType>(type.getElementType()))
    for (auto [i, value] : llvm::enumerate(values))
      value = rng.uniform(i, -0.5f, 0.5f);
  buffer.set(values);
  return buffer;
}

static double median(std::vector<double> values) {
  llvm::sort(values);
  return values[values.size() / 2];
}

/// Runs each timer once in every round, so that disturbances of the machine
/// affect all of them, and returns the medians.
static std::vector<double>
runInTurns(ArrayRef<std::function<double()>> timers) {
  for (const auto &timer : timers)
    timer(); // Warms up the caches.
  std::vector<std::vector<double>> times(timers.size());
  double total = 0;
  for (size_t round = 0;
       round < maxRounds && (round < minRounds || total < minSeconds); ++round)
    for (auto [timer, seconds] : llvm::zip_equal(timers, times))
      total += seconds.emplace_back(timer());
  std::vector<double> medians;
  for (std::vector<double> &seconds : times)
    medians.push_back(median(std::move(seconds)));
  return medians;
}

llvm::Expected<std::vector<double>>
measureStrategies(seg::FusionOp fusion, ArrayRef<seg::StrategyAttr> strategies,
                  const StrategyContext &context, ThreadPool &pool) {
  std::vector<OwningOpRef<seg::FusionOp>> copies;
  SmallVector<seg::FusionOp> fusions;
  for (seg::StrategyAttr strategy : strategies) {
    fusions.push_back(fusion.clone());
    copies.emplace_back(fusions.back());
    fusions.back().setStrategyAttr(strategy);
  }
  auto runner = KernelRunner::compile(fusions, context.target);
  if (!runner)
    return runner.takeError();

  std::vector<GuardedBuffer> buffers;
  for (Value value : fusion->getOperands())
    buffers.push_back(makeBuffer(value, buffers.size()));
  for (Value value : fusion->getResults())
    buffers.emplace_back(cast<RankedTensorType>(value.getType()));
  auto operands = llvm::map_to_vector(
      buffers, [](GuardedBuffer &buffer) -> void * { return buffer.data(); });
  Value batched = fusion.getRoot()->getOperand(0);
  int64_t batch = cast<RankedTensorType>(batched.getType()).getDimSize(0);
  std::vector<std::function<double()>> timers;
  for (auto [i, strategy] : llvm::enumerate(strategies))
    timers.push_back((*runner)->timer(
        i, operands, batch, isPrepared(strategy, context) ? 1 : 0, pool));
  return runInTurns(timers);
}

size_t fastestStrategy(ArrayRef<double> seconds) {
  size_t best =
      std::min_element(seconds.begin(), seconds.end()) - seconds.begin();
  return seconds[best] < (1 - minSaving) * seconds.front() ? best : 0;
}

} // namespace segc
