//===- Schedule.h - Learning rate and loss scale over a run -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_SCHEDULE_H
#define SEGC_RUNTIME_TRAIN_SCHEDULE_H

#include "segc/Base/Status.h"
#include "segc/model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

// Larger than any run, and so small that epochs times steps, and steps times
// samples, fit 64 bits.
inline constexpr int64_t maxEpochs = 1'000'000'000;
inline constexpr int64_t maxSteps = 1'000'000'000'000;
inline constexpr int64_t maxBatch = 1 << 20;
/// The largest rate. Larger rates overflow in the first step.
inline constexpr double maxRate = 1e6;

/// Learning rate of a step t = 0, 1, ... of T.
///   none:             lr
///   poly:             (lr - end) (1 - t/T)^0.9 + end
///   cosine:           lr (1 + cos(pi t/T)) / 2
///   cosine_annealing: restarts; the first cycle has F steps, each later one
///                     twice as many; from lr down to lr/10
///   piecewise:        lr times a factor for each milestone m <= t
/// By epochs, t is that of the epoch's first step, as in nnU-Net v2.
/// In the epochs e = 1, 2, ... of a warm-up of W the rate is
/// initial + (rate - initial) e/W.
struct Schedule {
  enum class Kind { None, Poly, Cosine, CosineAnnealing, Piecewise };
  Kind kind = Kind::None;
  double learningRate = 1e-4;
  double endLearningRate = 1e-5;   ///< poly
  int64_t firstCycleSteps = 4096;  ///< cosine_annealing
  std::vector<int64_t> milestones; ///< piecewise; steps, ascending
  double milestoneFactor = 0.1;    ///< piecewise
  bool byEpochs = false;
  int64_t totalSteps = 1;
  double initialLearningRate = 1e-4; ///< warm-up
  int64_t warmupEpochs = 0;
  int64_t stepsPerEpoch = 1;

  double at(int64_t step) const;

private:
  double withoutWarmup(int64_t step) const;
};

const char *scheduleName(Schedule::Kind kind);
/// Parses the name of a kind; "constant" is none, too.
StatusOr<Schedule::Kind> parseScheduleKind(const std::string &name);

/// The factor of the loss that keeps 16-bit gradients from vanishing. A step
/// whose gradients are not finite is skipped. A dynamic scale is then halved;
/// it is doubled after 2000 finite steps in a row.
struct LossScale {
  bool dynamic = false;
  double scale = 1;
  int64_t finiteSteps = 0;  ///< In a row, since the scale changed.
  int64_t skippedSteps = 0; ///< In a row, until now.

  static LossScale fixed(double scale = 1) { return {false, scale, 0, 0}; }
  static LossScale start() { return {true, 32768, 0, 0}; }
  /// Returns whether another step may be skipped: the scale can still be
  /// lowered, and not too many steps were skipped in a row.
  bool maySkip() const;
  /// The step that `scalars` are of takes the scale; it leaves the next one.
  void writeTo(segc_scalars &scalars) const;
  void readFrom(const segc_scalars &scalars);
};

/// Parses "dynamic" or a number of at least 1.
StatusOr<LossScale> parseLossScale(const std::string &text);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_SCHEDULE_H
