//===- RunSettings.cpp - Recorded settings of a run -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/RunSettings.h"
#include "segc/Runtime/Data/NumpyRandom.h"

#include <cmath>
#include <cstdio>

using namespace segc;

/// The longest --max-time: a hundred years.
static constexpr double maxRunSeconds = 3.2e9;

const char *segc::measureName(BestMeasure measure) {
  return measure == BestMeasure::Dice ? "dice" : "smoothed_dice";
}

StatusOr<BestMeasure> segc::parseMeasure(const std::string &name) {
  for (BestMeasure measure : {BestMeasure::Dice, BestMeasure::SmoothedDice})
    if (name == measureName(measure))
      return measure;
  return wrongUsage("--best-by " + name + ": expected dice or smoothed_dice");
}

template <typename T>
static OrderedJson optionalJson(const std::optional<T> &value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson RunSettings::toJson() const {
  return {{"data", data},
          {"data_digest", dataDigest},
          {"fold", optionalJson(fold)},
          {"fold_count", optionalJson(foldCount)},
          {"train_split", trainSplit},
          {"legacy_resize", legacyResize},
          {"augment", augment},
          {"augmentation", augmentation},
          {"oversampling", optionalJson(oversampling)},
          {"volumes_per_batch", optionalJson(volumesPerBatch)},
          {"augment_on", augmentOn},
          {"ranks", ranks},
          {"accumulate", accumulate},
          {"precision", precision},
          {"optimizer", optimizer},
          {"scheduler", scheduleName(schedule.kind)},
          {"learning_rate", schedule.learningRate},
          {"end_learning_rate", schedule.endLearningRate},
          {"first_cycle_steps", schedule.firstCycleSteps},
          {"steps", schedule.totalSteps},
          {"steps_per_epoch", stepsPerEpoch},
          {"initial_learning_rate", schedule.initialLearningRate},
          {"warmup_epochs", schedule.warmupEpochs},
          {"milestones", schedule.milestones},
          {"milestone_factor", schedule.milestoneFactor},
          {"by_epochs", schedule.byEpochs},
          {"momentum", momentum},
          {"weight_decay", weightDecay},
          {"best_by", measureName(bestBy)},
          {"max_seconds", maxSeconds},
          {"patience", patience},
          {"target_dice", targetDice}};
}

RunSettings RunSettings::fromJson(JsonReader reader) {
  RunSettings settings;
  settings.data = reader.string("data");
  settings.dataDigest = reader.string("data_digest");
  if (!reader.value("fold").is_null())
    settings.fold = reader.integer("fold", 0, maxFolds - 1);
  // Earlier versions had five folds.
  if (reader.has("fold_count") && !reader.value("fold_count").is_null())
    settings.foldCount = reader.integer("fold_count", 2, maxFolds);
  settings.trainSplit = reader.number("train_split");
  settings.legacyResize = reader.boolean("legacy_resize");
  settings.augment = reader.boolean("augment");
  // Earlier versions had no patches.
  if (reader.has("augmentation"))
    settings.augmentation = reader.string("augmentation");
  // Earlier versions augmented on the host alone.
  settings.augmentOn = reader.stringOr(
      "augment_on",
      settings.augment && !settings.augmentation.empty() ? "host" : "");
  // Earlier versions placed patches as the rules have it, and none of them had
  // a target or other epochs.
  if (reader.has("oversampling") && !reader.value("oversampling").is_null()) {
    settings.oversampling = reader.number("oversampling");
    if (!(*settings.oversampling >= 0 && *settings.oversampling <= 1))
      reader.fail("field \"oversampling\": expected 0 to 1");
  }
  if (reader.has("volumes_per_batch") &&
      !reader.value("volumes_per_batch").is_null())
    settings.volumesPerBatch = reader.integer("volumes_per_batch", 1, maxBatch);
  if (reader.has("steps_per_epoch"))
    settings.stepsPerEpoch = reader.integer("steps_per_epoch", 0, maxSteps);
  if (reader.has("target_dice")) {
    settings.targetDice = reader.number("target_dice");
    if (!(settings.targetDice >= 0 && settings.targetDice <= 1))
      reader.fail("field \"target_dice\": expected 0 to 1");
  }
  // Earlier versions trained in one process.
  if (reader.has("ranks"))
    settings.ranks = reader.integer("ranks", 1, maxRanks);
  // Earlier versions had one batch in a step.
  if (reader.has("accumulate"))
    settings.accumulate = reader.integer("accumulate", 1, maxAccumulate);
  settings.precision = reader.string("precision");
  settings.optimizer = reader.string("optimizer");
  StatusOr<Schedule::Kind> kind = parseScheduleKind(reader.string("scheduler"));
  if (kind.ok())
    settings.schedule.kind = *kind;
  else
    reader.fail("field \"scheduler\": " + kind.status().message());
  auto rate = [&](const char *key) {
    double value = reader.number(key);
    if (!(value >= 0 && value <= maxRate))
      reader.fail(std::string("field \"") + key + "\": expected 0 to 1e6");
    return value;
  };
  settings.schedule.learningRate = rate("learning_rate");
  settings.schedule.endLearningRate = rate("end_learning_rate");
  settings.schedule.firstCycleSteps =
      reader.integer("first_cycle_steps", 1, maxSteps);
  settings.schedule.totalSteps = reader.integer("steps", 1, maxSteps);
  // Earlier versions had no warm-up.
  if (reader.has("warmup_epochs")) {
    settings.schedule.initialLearningRate = rate("initial_learning_rate");
    settings.schedule.warmupEpochs =
        reader.integer("warmup_epochs", 0, maxEpochs);
  }
  settings.momentum = rate("momentum");
  settings.weightDecay = rate("weight_decay");
  // Earlier versions had none of these.
  if (reader.has("milestones")) {
    settings.schedule.milestones = reader.integers("milestones");
    settings.schedule.milestoneFactor = rate("milestone_factor");
    settings.schedule.byEpochs = reader.boolean("by_epochs");
  }
  if (reader.has("best_by")) {
    StatusOr<BestMeasure> measure = parseMeasure(reader.string("best_by"));
    if (measure.ok())
      settings.bestBy = *measure;
    else
      reader.fail("field \"best_by\": " + measure.status().message());
    settings.maxSeconds = reader.number("max_seconds");
    if (!(settings.maxSeconds >= 0 && settings.maxSeconds <= maxRunSeconds))
      reader.fail("field \"max_seconds\": expected 0 to 3.2e9");
    settings.patience = reader.integer("patience", 0, maxSteps);
  }
  return settings;
}

static std::string numberText(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

static std::string listText(const std::vector<int64_t> &values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

static std::string foldText(const RunSettings &settings) {
  if (!settings.fold)
    return "no --fold";
  return "--fold " + std::to_string(*settings.fold) +
         (settings.foldCount
              ? " --nfolds " + std::to_string(*settings.foldCount)
              : "");
}

static std::string flagText(const char *name, bool set) {
  return set ? name : std::string("no ") + name;
}

/// Where patches lie, as options.
static std::string placementText(const RunSettings &settings) {
  std::string text;
  if (settings.oversampling)
    text = "--oversampling " + numberText(*settings.oversampling);
  if (settings.volumesPerBatch)
    text += std::string(text.empty() ? "" : " ") + "--volumes-per-batch " +
            std::to_string(*settings.volumesPerBatch);
  return text.empty() ? "no --oversampling or --volumes-per-batch" : text;
}

static std::string stepsText(int64_t stepsPerEpoch) {
  return stepsPerEpoch > 0 ? std::to_string(stepsPerEpoch)
                           : "those of the recipe";
}

static constexpr const char *advice =
    "; resume with what the run had, or begin another one in another --results";

Status segc::otherRun(const std::string &where, const std::string &had,
                      const std::string &has) {
  // What the run has not is better said than that it is not "no" option.
  const bool absent = has.compare(0, 3, "no ") == 0;
  return invalidArgument(where + ": trained with " + had + ", " +
                         (absent ? "now without it" : "not " + has) + advice);
}

Status segc::checkSameRun(const RunSettings &before, const RunSettings &now,
                          const std::string &where) {
  auto splitText = [](const RunSettings &settings) {
    return settings.trainSplit == 1
               ? std::string("no --train-split")
               : "--train-split " + numberText(settings.trainSplit);
  };
  const std::pair<std::string, std::string> pairs[] = {
      {foldText(before), foldText(now)},
      {splitText(before), splitText(now)},
      {flagText("--augment", before.augment),
       flagText("--augment", now.augment)},
      {"--augmentation " + before.augmentation,
       "--augmentation " + now.augmentation},
      {placementText(before), placementText(now)},
      {flagText("--legacy-resize", before.legacyResize),
       flagText("--legacy-resize", now.legacyResize)},
      {std::string("--best-by ") + measureName(before.bestBy),
       std::string("--best-by ") + measureName(now.bestBy)},
      {"--precision " + before.precision, "--precision " + now.precision},
      {"the optimizer " + before.optimizer, "the optimizer " + now.optimizer},
  };
  for (const auto &[had, has] : pairs)
    if (had != has)
      return otherRun(where, had, has);
  if (before.dataDigest != now.dataDigest)
    return invalidArgument(
        where + ": trained on other cases than those of " + now.data +
        " with these options (then: " + before.data + ")" + advice);
  return Status::success();
}

std::vector<std::string> segc::changesOf(const RunSettings &before,
                                         const RunSettings &now) {
  std::vector<std::string> lines;
  auto compare = [&](const char *option, const std::string &had,
                     const std::string &has) {
    if (had != has)
      lines.push_back("going on with " + std::string(option) + " " + has +
                      "; the run had " + had + " until here");
  };
  auto compareNumbers = [&](const char *option, double had, double has) {
    compare(option, numberText(had), numberText(has));
  };
  if (before.augmentOn != now.augmentOn)
    lines.push_back("going on with --augment-on " + now.augmentOn +
                    "; the run had " + before.augmentOn +
                    " until here, whose patches differ in the last bits");
  if (before.ranks != now.ranks)
    lines.push_back("going on with " + std::to_string(now.ranks) +
                    " ranks, whose batches count together; the run had " +
                    std::to_string(before.ranks) + " until here");
  if (before.accumulate != now.accumulate)
    lines.push_back("going on with --accumulate " +
                    std::to_string(now.accumulate) + "; the run had " +
                    std::to_string(before.accumulate) + " until here");
  const Schedule &then = before.schedule, &next = now.schedule;
  compare("--scheduler", scheduleName(then.kind), scheduleName(next.kind));
  compareNumbers("--learning-rate", then.learningRate, next.learningRate);
  compareNumbers("--momentum", before.momentum, now.momentum);
  compareNumbers("--weight-decay", before.weightDecay, now.weightDecay);
  if (next.kind == Schedule::Kind::Poly)
    compareNumbers("--end-learning-rate", then.endLearningRate,
                   next.endLearningRate);
  if (next.kind == Schedule::Kind::CosineAnnealing)
    compareNumbers("--cosine-annealing-first-cycle-steps",
                   static_cast<double>(then.firstCycleSteps),
                   static_cast<double>(next.firstCycleSteps));
  if (next.kind == Schedule::Kind::Piecewise) {
    compare("--lr-milestones", listText(then.milestones),
            listText(next.milestones));
    compareNumbers("--lr-factor", then.milestoneFactor, next.milestoneFactor);
  }
  compare("--steps-per-epoch", stepsText(before.stepsPerEpoch),
          stepsText(now.stepsPerEpoch));
  compare("--schedule-by", then.byEpochs ? "epoch" : "step",
          next.byEpochs ? "epoch" : "step");
  compareNumbers("--lr-warmup-epochs", static_cast<double>(then.warmupEpochs),
                 static_cast<double>(next.warmupEpochs));
  if (next.warmupEpochs > 0)
    compareNumbers("--init-learning-rate", then.initialLearningRate,
                   next.initialLearningRate);
  // The end of the run is part of these curves.
  if (next.kind == Schedule::Kind::Poly || next.kind == Schedule::Kind::Cosine)
    compareNumbers("--max-steps", static_cast<double>(then.totalSteps),
                   static_cast<double>(next.totalSteps));
  return lines;
}
