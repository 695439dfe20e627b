//===- GradientAccumulator.h - Gradients of parts of a step -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_GRADIENTACCUMULATOR_H
#define SEGC_RUNTIME_TRAIN_GRADIENTACCUMULATOR_H

#include "segc/Runtime/Device/ModelRunner.h"

namespace segc {

/// Adds up the gradients of the parts of a step, in memory of the device, and
/// makes their mean the gradient of the step. Parts are added in their order,
/// with the same bits on any device.
///
/// For ranks it stands in front of their collectives: the mean of the parts of
/// this rank is formed in each bucket of gradients when that starts, so that
/// only the last part of a step sends, while it computes. A program that is
/// recorded with it has the means in its graph.
class GradientAccumulator : public Collectives {
public:
  /// `ranks` are the collectives of the runner's programs; null in one process.
  /// Both outlive this.
  GradientAccumulator(ModelRunner &runner, int64_t parts, Collectives *ranks)
      : runner(runner), parts(parts), ranks(ranks) {}

  /// Adds the gradients of a part that is not the last one.
  Status add();
  /// Replaces the gradients of the last part by the mean of all, in one
  /// process.
  Status finish();
  /// Forgets what was added: the next part is the first of a step.
  void clear() { added = 0; }

  int64_t rank() const override { return ranks->rank(); }
  int64_t size() const override { return ranks->size(); }
  void beginPart(const StepPart &part) override { ranks->beginPart(part); }
  StatusOr<uint64_t> start(const segc_collective &collective) override;
  Status wait(uint64_t ticket) override { return ranks->wait(ticket); }
  Status prepare(const segc_collective &collective) override;
  Status enqueue(Stream &stream, const segc_collective &collective) override;
  CollectiveTimes times() override { return ranks->times(); }

private:
  /// Allocates what sums take on the device, once.
  Status reserve();
  /// Forms the mean in a bucket of gradients.
  Status merge(Stream &stream, const segc_collective &collective) const;

  ModelRunner &runner;
  int64_t parts;
  Collectives *ranks;
  int64_t added = 0;     ///< Parts.
  DeviceBuffer sums;     ///< As the gradients.
  DeviceBuffer divisors; ///< Of a sum, 1, and of the mean.
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_GRADIENTACCUMULATOR_H
