//===- RunSettings.h - Recorded settings of a run ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A checkpoint carries them, so that a resumed run is the same run: what the
// user leaves out is as it was, another data set, split, augmentation or
// precision is refused, other rates and lengths are said.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_RUNSETTINGS_H
#define SEGC_RUNTIME_TRAIN_RUNSETTINGS_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Train/Schedule.h"

#include <optional>
#include <string>
#include <vector>

namespace segc {

/// More than any job has.
inline constexpr int64_t maxRanks = 1 << 16;
/// Batches of a step.
inline constexpr int64_t maxAccumulate = 1 << 16;

/// What a best checkpoint is best by.
enum class BestMeasure {
  Dice,        ///< mean foreground Dice of the cases
  SmoothedDice ///< nnU-Net v2's moving mean of the Dice of all voxels together
};
const char *measureName(BestMeasure measure);
StatusOr<BestMeasure> parseMeasure(const std::string &name);

struct RunSettings {
  std::string data;       ///< The path as given.
  std::string dataDigest; ///< Hash of cases and split (BatchSource).
  std::optional<int64_t> fold;
  std::optional<int64_t> foldCount; ///< As asked for.
  double trainSplit = 1;
  bool legacyResize = false, augment = false;
  std::string augmentation; ///< Of patches; empty for other samples.
  /// As asked for; absent: as the rules have it.
  std::optional<double> oversampling;
  std::optional<int64_t> volumesPerBatch;
  std::string augmentOn; ///< "host" or "device"; empty if nothing is augmented.
  int64_t ranks = 1;     ///< Processes that train together.
  int64_t accumulate = 1; ///< Batches of a step.
  std::string precision, optimizer;
  Schedule schedule;
  int64_t stepsPerEpoch = 0; ///< As asked for; 0: as the recipe has it.
  double momentum = 0, weightDecay = 0;
  BestMeasure bestBy = BestMeasure::Dice;
  /// Ends of the run before its last step; 0: none.
  double maxSeconds = 0;
  int64_t patience = 0;  ///< Evaluations without a new best.
  double targetDice = 0; ///< Of the best evaluation.

  OrderedJson toJson() const;
  static RunSettings fromJson(JsonReader reader);
};

/// Returns the error of a run that is resumed with another setting. `had` and
/// `has` are the options before and now, or "no" and an option.
Status otherRun(const std::string &where, const std::string &had,
                const std::string &has);

/// Returns an error if `now` has other samples or another precision than the
/// run at `where`.
Status checkSameRun(const RunSettings &before, const RunSettings &now,
                    const std::string &where);

/// Returns the other differences, one line each.
std::vector<std::string> changesOf(const RunSettings &before,
                                   const RunSettings &now);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_RUNSETTINGS_H
