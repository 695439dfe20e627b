//===- Checkpoint.h - Checkpoints of a training run -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A checkpoint is a folder: model.safetensors, optimizer.safetensors and
// state.json. It is written under another name, brought to the disk, and then
// swapped in by one rename, so that a crash at any moment leaves a whole
// checkpoint; the one before stays as NAME.previous.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_CHECKPOINT_H
#define SEGC_RUNTIME_TRAIN_CHECKPOINT_H

#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Train/RunSettings.h"

#include <string>

namespace segc {

/// The format of state.json that this build writes, and the newest it reads.
inline constexpr int64_t checkpointFormat = 1;

/// The state of a run without its tensors. Random numbers depend only on the
/// seed and the step or sample, so that seed and position are the whole state
/// of the generators and of the loader.
struct TrainState {
  std::string network;
  /// The order of the axes of volumes, "RAS" or "file". It is empty for slices
  /// and in old checkpoints, which have the order "file".
  std::string orientation;
  int64_t seed = 0;
  int64_t step = 0;     ///< optimizer steps tried
  int64_t applied = 0;  ///< of those, with finite gradients
  int64_t position = 0; ///< training samples consumed
  int64_t epoch = 0;    ///< epochs completed
  int64_t batchSize = 0;
  LossScale lossScale;
  double bestDice = -1; ///< by the measure of the settings
  int64_t bestStep = 0;
  int64_t evaluationsSinceBest = 0;
  std::optional<double> smoothedDice; ///< BestMeasure::SmoothedDice
  double seconds = 0;                 ///< spent training, over all runs
  /// Absent in checkpoints of older versions.
  std::optional<RunSettings> settings;

  std::string toJson() const;
  static StatusOr<TrainState> fromJson(std::string_view text,
                                       const std::string &where);
};

/// Writes or replaces the checkpoint folder `path`.
Status saveCheckpoint(const std::string &path, const ModelRunner &runner,
                      const TrainState &state);

/// Reads the state of the checkpoint folder `path` without its tensors.
StatusOr<TrainState> readTrainState(const std::string &path);

/// Reads a checkpoint with its optimizer state.
StatusOr<TrainState> loadCheckpoint(const std::string &path,
                                    ModelRunner &runner);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_CHECKPOINT_H
