//===- Schedule.cpp - Learning rate and loss scale over a run -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

using namespace segc;

static constexpr double polyPower = 0.9, annealingFloor = 0.1;
static constexpr int64_t stepsToDouble = 2000;
/// A dynamic scale that starts at 2^15 is down to 1 by then.
static constexpr int64_t maxSkippedSteps = 16;

double Schedule::at(int64_t step) const {
  double rate = withoutWarmup(step);
  int64_t epoch = step / stepsPerEpoch;
  if (epoch >= warmupEpochs)
    return rate;
  double progress =
      static_cast<double>(epoch + 1) / static_cast<double>(warmupEpochs);
  return initialLearningRate + (rate - initialLearningRate) * progress;
}

double Schedule::withoutWarmup(int64_t step) const {
  if (byEpochs)
    step -= step % stepsPerEpoch;
  double fraction = std::min(1.0, static_cast<double>(step) /
                                      static_cast<double>(totalSteps));
  switch (kind) {
  case Kind::None:
    return learningRate;
  case Kind::Poly:
    return (learningRate - endLearningRate) *
               std::pow(1 - fraction, polyPower) +
           endLearningRate;
  case Kind::Cosine:
    return learningRate * 0.5 * (1 + std::cos(M_PI * fraction));
  case Kind::Piecewise:
    return learningRate *
           std::pow(milestoneFactor, std::upper_bound(milestones.begin(),
                                                      milestones.end(), step) -
                                         milestones.begin());
  case Kind::CosineAnnealing:
    break;
  }
  int64_t cycle = std::max<int64_t>(1, firstCycleSteps), begin = 0;
  while (step - begin >= cycle) {
    begin += cycle;
    cycle *= 2;
  }
  double within =
      static_cast<double>(step - begin) / static_cast<double>(cycle);
  double wave = 0.5 * (1 + std::cos(M_PI * within));
  return learningRate * ((1 - annealingFloor) * wave + annealingFloor);
}

const char *segc::scheduleName(Schedule::Kind kind) {
  switch (kind) {
  case Schedule::Kind::None:
    return "none";
  case Schedule::Kind::Poly:
    return "poly";
  case Schedule::Kind::Cosine:
    return "cosine";
  case Schedule::Kind::CosineAnnealing:
    return "cosine_annealing";
  case Schedule::Kind::Piecewise:
    return "piecewise";
  }
  return "";
}

StatusOr<Schedule::Kind> segc::parseScheduleKind(const std::string &name) {
  for (Schedule::Kind kind :
       {Schedule::Kind::None, Schedule::Kind::Poly, Schedule::Kind::Cosine,
        Schedule::Kind::CosineAnnealing, Schedule::Kind::Piecewise})
    if (name == scheduleName(kind))
      return kind;
  if (name == "constant")
    return Schedule::Kind::None;
  return wrongUsage("--scheduler " + name +
                    ": expected none, constant, poly, cosine, "
                    "cosine_annealing or piecewise");
}

bool LossScale::maySkip() const {
  return scale > 1 && skippedSteps < maxSkippedSteps;
}

void LossScale::writeTo(segc_scalars &scalars) const {
  scalars.loss_scale = static_cast<float>(scale);
  scalars.growth_interval = dynamic ? stepsToDouble : 0;
  scalars.finite_steps = finiteSteps;
  scalars.skipped_steps = skippedSteps;
}

void LossScale::readFrom(const segc_scalars &scalars) {
  if (dynamic) // a fixed one need not be an f32
    scale = scalars.loss_scale;
  finiteSteps = scalars.finite_steps;
  skippedSteps = scalars.skipped_steps;
}

StatusOr<LossScale> segc::parseLossScale(const std::string &text) {
  if (text == "dynamic")
    return LossScale::start();
  double scale = 0;
  const char *end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, scale);
  if (error == std::errc() && stopped == end && scale >= 1 &&
      scale <= double{std::numeric_limits<float>::max()})
    return LossScale::fixed(scale);
  return wrongUsage("--loss-scale " + text +
                    ": expected dynamic or a number of at least 1");
}
