//===- FakePlan.h - A plan of the fake model of patches ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKEPLAN_H
#define SEGC_UNITTESTS_RUNTIME_FAKEPLAN_H

#include "segc/Plan/Plan.h"

namespace segc {

/// A plan by the rules of v2 that fits the model FakePatches.
inline Plan fakePlan() {
  PlanConfiguration configuration;
  configuration.name = "3d_fullres";
  configuration.spacing = {1, 1, 1};
  configuration.medianShape = {36, 50, 35};
  configuration.patch = {8, 8, 8};
  configuration.topology.kernels = {{3, 3, 3}};
  configuration.topology.strides = {{1, 1, 1}};
  configuration.filters = {32};
  configuration.encoderBlocks = {2};
  configuration.normalization = {"zscore"};
  configuration.useMask = {false};
  Plan plan;
  plan.dataset = "some";
  plan.channelNames = {"MRI"};
  plan.classNames = {"background", "anterior", "posterior"};
  plan.intensities.resize(1);
  plan.configurations = {configuration};
  return plan;
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_FAKEPLAN_H
