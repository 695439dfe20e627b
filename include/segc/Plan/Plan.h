//===- Plan.h - Fingerprint of a data set and its plan ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers that nnU-Net's rules start from and those that they end with
// (docs/Planning.md). Axes are z, y, x of the frame in a fingerprint, and in
// the order of Plan::transpose in a configuration.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_PLAN_H
#define SEGC_PLAN_PLAN_H

#include "segc/Base/Status.h"
#include "segc/Plan/DataPipeline.h"
#include "segc/Plan/Topology.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Intensities of a channel in the foreground of all training cases.
struct ForegroundIntensities {
  double mean = 0, median = 0, std = 1, min = 0, max = 0;
  double lowerClip = 0, upperClip = 0; ///< Percentiles 0.5 and 99.5.
};

/// What the files of a data set hold.
struct DatasetDescription {
  std::string dataset; ///< Its name.
  std::vector<std::string> channelNames;
  std::vector<std::string> classNames; ///< Background first.
  /// The order of axes that volumes are brought to before anything else.
  AxisFrame frame = AxisFrame::File;
  /// Of classes that overlap (regions): the label values of each class but the
  /// background. Empty where classes are label values.
  std::vector<std::vector<int64_t>> regions;
  /// The label of each region in a prediction; later regions overwrite.
  std::vector<int64_t> regionsClassOrder;
  /// Voxels with this value, the largest one, are not learnt from.
  std::optional<int64_t> ignoreLabel;

  /// Names of the classes that a network tells apart: regions, which have no
  /// background, or all classes.
  std::vector<std::string> outputNames() const;
  /// Names, by their values, of the labels in a prediction and of those in
  /// regions. A label that no region writes is called by its number.
  std::vector<std::string> labelNames() const;
  /// The values of label files are below this number.
  int64_t labelValues() const;
};

/// What plans are made of.
struct Fingerprint : DatasetDescription {
  struct Case {
    std::array<int64_t, 3> shape;  ///< After the crop, voxels.
    std::array<double, 3> spacing; ///< Millimetres.
  };
  std::vector<Case> cases; ///< Training cases.
  /// Median over the cases of voxels after the crop / before it.
  double medianRelativeSize = 1;
  std::vector<ForegroundIntensities> intensities; ///< One a channel.
};

/// A network and the grid that it works on.
struct PlanConfiguration {
  std::string name; ///< "2d", "3d_fullres" or "3d_lowres".
  std::vector<double> spacing;
  std::vector<double> medianShape; ///< Of the cases on the grid of `spacing`.
  std::vector<int64_t> patch;
  int64_t batch = 2;
  Topology topology;
  std::vector<int64_t> filters; ///< Of each level.
  bool residualEncoder = false;
  /// Of each level: convolutions, or residual blocks in a residual encoder.
  std::vector<int64_t> encoderBlocks, decoderBlocks;
  /// Of each channel: "ct", "nonorm", "zscore", "rescale_to_0_1" or
  /// "rgb_to_0_1".
  std::vector<std::string> normalization;
  /// Of each channel: whether it is normalised inside of the non-zero mask.
  std::vector<bool> useMask;
  bool batchDice = false; ///< One Dice loss over the batch.
};

/// By which rules a plan was made, and cases are prepared.
enum class PlanRules {
  Example, ///< Those of the published example.
  V2,      ///< Those of nnU-Net v2.
  Mlperf,  ///< Those of the 3D U-Net of the MLPerf training benchmark.
};
inline constexpr std::array<PlanRules, 3> allPlanRules = {
    PlanRules::Example, PlanRules::V2, PlanRules::Mlperf};
/// Returns "example", "v2" or "mlperf".
const char *planRulesName(PlanRules rules);
/// The rules of such a name; absent for another.
std::optional<PlanRules> findPlanRules(const std::string &name);

struct Plan : DatasetDescription {
  PlanRules rules = PlanRules::V2;
  /// Axis i of the network is axis transpose[i] of (z, y, x) in the frame.
  std::array<int64_t, 3> transpose = {0, 1, 2};
  /// Training steps of an epoch; an epoch shows each case once if there are
  /// none.
  std::optional<int64_t> stepsPerEpoch;
  std::vector<ForegroundIntensities> intensities; ///< One a channel.
  std::vector<PlanConfiguration> configurations;

  /// Null if there is none of that name.
  const PlanConfiguration *find(const std::string &name) const;
};

/// The configuration of a name; without one 3d_fullres, or the only one. Fails
/// with the names that there are.
StatusOr<const PlanConfiguration *>
chooseConfiguration(const Plan &plan, const std::string &name);

/// Returns the first thing that is wrong: "where: expected ..., got ...".
Status verify(const Fingerprint &fingerprint);
Status verify(const Plan &plan);

} // namespace segc

#endif // SEGC_PLAN_PLAN_H
