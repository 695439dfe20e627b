//===- Checkpoint.cpp - Checkpoints of a training run ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Device/Weights.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

static constexpr uint64_t maxStateBytes = 1 << 20;
static constexpr double maxScale = std::numeric_limits<float>::max();

std::string TrainState::toJson() const {
  OrderedJson json = {{"format", checkpointFormat},
                      {"network", network},
                      {"seed", seed},
                      {"step", step},
                      {"applied_steps", applied},
                      {"position", position},
                      {"epoch", epoch},
                      {"batch_size", batchSize},
                      {"loss_scale",
                       {{"dynamic", lossScale.dynamic},
                        {"scale", lossScale.scale},
                        {"finite_steps", lossScale.finiteSteps},
                        {"skipped_steps", lossScale.skippedSteps}}},
                      {"best",
                       {{"dice", bestDice},
                        {"step", bestStep},
                        {"evaluations_since", evaluationsSinceBest}}},
                      {"seconds", seconds}};
  if (smoothedDice)
    json["best"]["smoothed_dice"] = *smoothedDice;
  if (!orientation.empty())
    json["orientation"] = orientation;
  if (settings)
    json["settings"] = settings->toJson();
  return jsonText(json, 2) + "\n";
}

static double numberIn(JsonReader &reader, const char *key, double least,
                       double most) {
  double value = reader.number(key);
  if (!(value >= least && value <= most))
    reader.fail(std::string("field \"") + key + "\" is out of range");
  return value;
}

StatusOr<TrainState> TrainState::fromJson(std::string_view text,
                                          const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader root(json, where, status);
  int64_t format = root.integer("format");
  if (status.ok() && format != checkpointFormat)
    return unsupported(where + ": checkpoint format " + std::to_string(format) +
                       ", this segrun reads format " +
                       std::to_string(checkpointFormat) +
                       "; use the segrun that wrote it");
  TrainState state;
  state.network = root.string("network");
  state.orientation = root.stringOr("orientation", "");
  if (!state.orientation.empty() && !parseFrame(state.orientation).ok())
    root.fail("field \"orientation\": expected \"RAS\" or \"file\"");
  state.seed = root.integer("seed", INT64_MIN);
  state.step = root.integer("step", 0, maxSteps);
  state.applied = root.integer("applied_steps", 0, state.step);
  state.position = root.integer("position", 0, maxSteps * maxBatch);
  state.epoch = root.integer("epoch", 0, state.step);
  state.batchSize = root.integer("batch_size", 1, maxBatch);
  JsonReader scale = root.object("loss_scale");
  state.lossScale.dynamic = scale.boolean("dynamic");
  state.lossScale.scale = numberIn(scale, "scale", 1, maxScale);
  state.lossScale.finiteSteps = scale.integer("finite_steps", 0, maxSteps);
  if (scale.has("skipped_steps"))
    state.lossScale.skippedSteps = scale.integer("skipped_steps", 0, maxSteps);
  JsonReader best = root.object("best");
  state.bestDice = numberIn(best, "dice", -1, 1);
  state.bestStep = best.integer("step", 0, maxSteps);
  if (best.has("evaluations_since"))
    state.evaluationsSinceBest = best.integer("evaluations_since", 0, maxSteps);
  if (best.has("smoothed_dice"))
    state.smoothedDice = numberIn(best, "smoothed_dice", 0, 1);
  state.seconds = numberIn(root, "seconds", 0, 1e12);
  if (root.has("settings"))
    state.settings = RunSettings::fromJson(root.object("settings"));
  SEGC_RETURN_IF_ERROR(status);
  return state;
}

/// Puts the folder `fresh` in the place of `path` and keeps the old one.
static Status swapIn(const std::string &fresh, const std::string &path) {
  const std::string previous = path + ".previous";
  auto failed = [&](const char *action) {
    return ioError(path + ": cannot " + action + ": " + std::strerror(errno));
  };
  std::error_code ignored;
  fs::remove_all(previous, ignored);
  if (!pathExists(path))
    return std::rename(fresh.c_str(), path.c_str()) == 0
               ? Status::success()
               : failed("move the checkpoint in place");
  // One atomic step, where the file system knows it.
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(),
                  RENAME_EXCHANGE) == 0)
    return std::rename(fresh.c_str(), previous.c_str()) == 0
               ? Status::success()
               : failed("keep the previous checkpoint");
  // Elsewhere two; findCheckpoint knows the state between them.
  if (std::rename(path.c_str(), previous.c_str()) != 0 ||
      std::rename(fresh.c_str(), path.c_str()) != 0)
    return failed("move the checkpoint in place");
  return Status::success();
}

Status segc::saveCheckpoint(const std::string &path, const ModelRunner &runner,
                            const TrainState &state) {
  const std::string fresh = path + ".new";
  std::error_code ignored;
  fs::remove_all(fresh, ignored);
  SEGC_RETURN_IF_ERROR(createDirectories(fresh));
  std::string json = state.toJson();
  Status status = writeWeights(runner, fresh + "/" + checkpointModelFile,
                               state.orientation);
  if (status.ok())
    status = writeOptimizer(runner, fresh + "/" + checkpointOptimizerFile);
  if (status.ok())
    status = writeFileSynced(fresh + "/" + checkpointStateFile, {json});
  if (status.ok())
    status = syncDirectory(fresh);
  if (status.ok())
    status = swapIn(fresh, path);
  if (status.ok())
    return syncDirectory(fs::path(path).parent_path().string());
  fs::remove_all(fresh, ignored);
  return status.withContext("cannot save a checkpoint (the one before is "
                            "intact)");
}

StatusOr<TrainState> segc::readTrainState(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(
      std::string text,
      readFile(path + "/" + checkpointStateFile, maxStateBytes));
  StatusOr<TrainState> state =
      TrainState::fromJson(text, path + "/" + checkpointStateFile);
  const std::string previous = path + ".previous";
  if (state.ok() || state.status().code() == StatusCode::Unsupported ||
      !pathExists(previous + "/" + checkpointStateFile))
    return state;
  return Status(state.status().code(),
                state.status().message() + "; the checkpoint before it is " +
                    previous + ": to go on from there, remove " + path);
}

StatusOr<TrainState> segc::loadCheckpoint(const std::string &path,
                                          ModelRunner &runner) {
  SEGC_ASSIGN_OR_RETURN(TrainState state, readTrainState(path));
  if (state.network != runner.manifest().network)
    return invalidArgument(path + ": a checkpoint of the network \"" +
                           state.network + "\", the model is \"" +
                           runner.manifest().network + "\"");
  SEGC_RETURN_IF_ERROR(readWeights(runner, path + "/" + checkpointModelFile,
                                   MissingStates::Refuse));
  SEGC_RETURN_IF_ERROR(
      readOptimizer(runner, path + "/" + checkpointOptimizerFile));
  return state;
}
