//===- ResumeTest.cpp - Resumed runs --------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"
#include "segc/Base/Json.h"
#include "segc/Runtime/Train/Checkpoint.h"

using namespace segc;

TEST_F(Command, AResumedRunMustMatch) {
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3"})), 0) << output;
  auto refuses = [&](std::vector<std::string> words, const std::string &text) {
    words.push_back("--resume");
    EXPECT_EQ(run(words), 1) << text;
    EXPECT_THAT(output, HasSubstr(text));
  };
  refuses(trainOn("r", {"--seed", "3"}), "trained with --seed 0, not 3");
  refuses(trainOn("r", {"--batch-size", "1"}),
          "trained with --batch-size 2, not 1");
  refuses(trainOn("r", {"--loss-scale", "8"}),
          "trained with --loss-scale 1, not 8");
  std::string other = folder + "/other";
  fs::create_directories(other);
  refuses(trainOn("r", {"--batches", writeBatches(other, 0.5f)}),
          "trained on other cases");
  EXPECT_EQ(Json::parse(file("r/checkpoints/last/state.json"))["step"], 3);
  // The same batches in another folder are the same run.
  EXPECT_EQ(run(trainOn("r", {"--max-steps", "4", "--resume", "--batches",
                              writeBatches(other)})),
            0)
      << output;
}

TEST_F(Command, AResumedRunOnVolumesMustMatch) {
  if (!fs::exists(data + "/dataset.json"))
    GTEST_SKIP() << data << " is not there";
  std::vector<std::string> words = {
      "train",       "--model",     fakeModel(),   "--data",        data,
      "--results",   folder + "/r", "--augment",   "--train-split", "0.9",
      "--max-steps", "2",           "--skip-eval", "1000"};
  auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = words;
    more.push_back("--resume");
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  ASSERT_EQ(run(words), 0) << output;
  EXPECT_EQ(run(with({"--no-augment"})), 1);
  EXPECT_THAT(output, HasSubstr("trained with --augment, now without it"));
  EXPECT_EQ(run(with({"--train-split", "0.8"})), 1);
  EXPECT_THAT(output, HasSubstr("trained with --train-split 0.9, not "
                                "--train-split 0.8"));
  std::vector<std::string> fold = {
      "train",     "--model",     fakeModel(), "--data", data,
      "--results", folder + "/r", "--fold",    "1",      "--resume"};
  EXPECT_EQ(run(with({"--max-steps", "3", "--steps-per-epoch", "2"})), 0)
      << output;
  EXPECT_THAT(output, HasSubstr("going on with --steps-per-epoch 2; the run "
                                "had those of the recipe until here"));
  EXPECT_EQ(run(fold), 1);
  EXPECT_THAT(output, HasSubstr("trained with no --fold, not --fold 1"));
  // An omitted option keeps its value.
  words.erase(std::find(words.begin(), words.end(), "--augment"));
  EXPECT_EQ(run(with({"--max-steps", "3"})), 0) << output;
}

TEST_F(Command, ChangedRatesAreReported) {
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3", "--learning-rate", "0.25",
                              "--scheduler", "poly"})),
            0)
      << output;
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "6", "--resume"})), 0) << output;
  EXPECT_THAT(output, HasSubstr("going on with --max-steps 6; the run had 3"));
  EXPECT_THAT(output, testing::Not(HasSubstr("--learning-rate")));
  Json settings =
      Json::parse(file("r/checkpoints/last/state.json"))["settings"];
  EXPECT_EQ(settings["learning_rate"], 0.25) << "left out, it is as it was";
  EXPECT_EQ(settings["scheduler"], "poly");
  ASSERT_EQ(run(trainOn("r", {"--resume", "--learning-rate", "0.5",
                              "--momentum", "0.5", "--scheduler", "cosine"})),
            0);
  for (const char *text : {"--learning-rate 0.5; the run had 0.25",
                           "--momentum 0.5; the run had "
                           "0.9",
                           "--scheduler cosine; the run had poly"})
    EXPECT_THAT(output, HasSubstr(text));
}

TEST_F(Command, AFinishedRunIsReported) {
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3"})), 0) << output;
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3", "--resume"})), 0) << output;
  EXPECT_THAT(output, HasSubstr("step 3 of 3 is done"));
}

namespace {

/// Returns state.json with one field replaced; null removes it.
std::string edited(const std::vector<std::string> &path, const Json &value) {
  TrainState state;
  state.network = "fake";
  state.step = 5;
  state.batchSize = 2;
  state.settings = RunSettings();
  state.settings->data = "d";
  Json json = Json::parse(state.toJson());
  Json *at = &json;
  for (size_t i = 0; i + 1 < path.size(); ++i)
    at = &(*at)[path[i]];
  if (value.is_null())
    at->erase(path.back());
  else
    (*at)[path.back()] = value;
  return json.dump();
}

} // namespace

TEST(TrainState, RefusesImpossibleStates) {
  ASSERT_TRUE(TrainState::fromJson(edited({"seed"}, 1), "state.json").ok());
  const std::pair<std::vector<std::string>, std::vector<Json>> cases[] = {
      {{"network"}, {nullptr, 5}},
      {{"seed"}, {nullptr, 1.5, "1", uint64_t{1} << 63}},
      {{"step"}, {nullptr, -1, 1e300, 1.5, "5", uint64_t{1} << 62, true}},
      {{"applied_steps"}, {nullptr, -1, 6}},
      {{"position"}, {nullptr, -1, int64_t{1} << 62}},
      {{"epoch"}, {nullptr, -1, 6}},
      {{"batch_size"}, {nullptr, 0, -1, 1 << 30}},
      {{"loss_scale"}, {nullptr, 5, "x"}},
      {{"loss_scale", "scale"}, {nullptr, 0, -1, 1e39, "nan"}},
      {{"loss_scale", "dynamic"}, {nullptr, 1}},
      {{"loss_scale", "finite_steps"}, {nullptr, -1}},
      {{"loss_scale", "skipped_steps"}, {-1, "x"}},
      {{"best"}, {nullptr, 5}},
      {{"best", "dice"}, {nullptr, 2, -2, "x"}},
      {{"best", "step"}, {nullptr, -1}},
      {{"seconds"}, {nullptr, -1, 1e300}},
      {{"settings"}, {5, Json::object()}},
      {{"settings", "fold"}, {65536, "x", -1}},
      {{"settings", "fold_count"}, {65537, "x", 1}},
      {{"settings", "scheduler"}, {"linear", 5}},
      {{"settings", "learning_rate"}, {-1, 1e300, "x"}},
      {{"settings", "steps"}, {0, -1, "x"}},
      {{"settings", "milestones"}, {5, "x", Json::array({-1})}},
      {{"settings", "best_by"}, {"loss", 5}},
      {{"settings", "max_seconds"}, {nullptr, -1, "x"}},
      {{"settings", "patience"}, {nullptr, -1, "x"}},
      {{"settings", "target_dice"}, {-1, 2, "x"}},
      {{"settings", "steps_per_epoch"}, {-1, "x"}},
      {{"settings", "oversampling"}, {-1, 2, "x"}},
      {{"settings", "volumes_per_batch"}, {0, "x"}},
      {{"best", "evaluations_since"}, {-1, "x"}},
      {{"best", "smoothed_dice"}, {2, "x"}},
      {{"format"}, {nullptr, 2, "1"}}};
  for (const auto &[path, values] : cases)
    for (const Json &value : values) {
      std::string text = edited(path, value);
      auto state = TrainState::fromJson(text, "state.json");
      EXPECT_FALSE(state.ok()) << text;
      EXPECT_THAT(state.status().message(), HasSubstr("state.json"));
    }
  for (const char *text :
       {"", "5", "[]", "{", "{\"format\": 1e999}", "{\"format\": NaN}"})
    EXPECT_FALSE(TrainState::fromJson(text, "state.json").ok()) << text;
}

TEST_F(Command, ADamagedStateIsAnError) {
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "3"})), 0) << output;
  std::string path = folder + "/r/checkpoints/last/state.json";
  for (const std::string &text :
       {std::string("{}"), std::string("5"), edited({"step"}, -1),
        std::string(3 << 20, ' ')}) {
    ASSERT_TRUE(writeFileAtomically(path, text).ok());
    EXPECT_EQ(run(trainOn("r", {"--max-steps", "4", "--resume"})), 1);
    EXPECT_THAT(output, HasSubstr("state.json: "));
  }
  // A large step number must not take time in proportion to it.
  Json json = Json::parse(edited({"step"}, 900'000'000'000));
  json.erase("settings");
  ASSERT_TRUE(writeFileAtomically(path, json.dump()).ok());
  EXPECT_EQ(run(trainOn("r", {"--max-steps", "900000000003", "--resume"})), 0)
      << output;
}
