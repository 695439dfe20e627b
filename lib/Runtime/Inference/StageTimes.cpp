//===- StageTimes.cpp - Time of the stages of a prediction --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/StageTimes.h"

#include <algorithm>

using namespace segc;

std::vector<StageTimes::Stage> StageTimes::stages() const {
  std::lock_guard<std::mutex> lock(mutex);
  return all;
}

double StageTimes::longestStart() const {
  std::lock_guard<std::mutex> lock(mutex);
  return longest;
}

void StageTimes::add(const char *name, double seconds, int64_t count) {
  std::lock_guard<std::mutex> lock(mutex);
  auto stage = std::find_if(all.begin(), all.end(), [&](const Stage &known) {
    return known.name == name;
  });
  if (stage == all.end())
    stage = all.insert(stage, Stage{name, 0, 0});
  stage->seconds += seconds;
  stage->count += count;
}

void StageTimes::caseStarts(double preparation) {
  std::lock_guard<std::mutex> lock(mutex);
  started = {preparation, Clock::now()};
}

void StageTimes::networkStarts() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!started)
    return;
  longest = std::max(longest, started->preparation +
                                  secondsBetween(started->at, Clock::now()));
  started.reset();
}
