//===- CrossValidateTest.cpp - segrun cross-validate ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"
#include "segc/Base/Json.h"

#include <set>

using namespace segc;

namespace {

class CrossValidate : public Command {
protected:
  void SetUp() override {
    if (!fs::exists(data + "/dataset.json"))
      GTEST_SKIP() << data << " is not there";
  }

  std::vector<std::string> words(const std::string &results,
                                 const std::vector<std::string> &more = {}) {
    std::vector<std::string> all = {"cross-validate",
                                    "--model",
                                    fakeModel(),
                                    "--data",
                                    data,
                                    "--results",
                                    folder + "/" + results,
                                    "--folds",
                                    "2",
                                    "--max-steps",
                                    "4",
                                    "--skip-eval",
                                    "1000"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Json table(const std::string &results) {
    return Json::parse(file(results + "/cross-validation.json"));
  }
};

} // namespace

TEST_F(CrossValidate, TrainsAndEvaluatesEachFold) {
  ASSERT_EQ(run(words("r", {"--seeds", "1,2"})), 0) << output;
  EXPECT_THAT(output, HasSubstr("eval_dice_score"));
  const Json json = table("r");
  ASSERT_EQ(json["results"].size(), 4u);
  double sum = 0;
  for (const Json &result : json["results"]) {
    EXPECT_EQ(result["step"], 4);
    if (result["seed"] == 2)
      sum += result["values"]["eval_dice_score"].get<double>();
    // The number is that of the fold's own evaluation.
    const Json own = Json::parse(
        file("r/seed-" + std::to_string(result["seed"].get<int>()) + "/fold-" +
             std::to_string(result["fold"].get<int>()) + "/metrics.json"));
    EXPECT_EQ(result["values"]["eval_total_loss"], own["total_loss"]);
  }
  EXPECT_NEAR(json["seeds"][1]["values"]["eval_dice_score"]["mean"], sum / 2,
              1e-12);
  // Every held-out case is measured once, on its own grid.
  const Json metrics = Json::parse(file("r/seed-1/case-metrics.json"));
  std::set<std::string> names;
  for (const Json &entry : metrics["cases"]) {
    EXPECT_TRUE(names.insert(entry["name"]).second) << entry["name"];
    // So is its picture.
    const std::string picture = "/overlays/fold-" +
                                std::to_string(entry["fold"].get<int>()) + "/" +
                                entry["name"].get<std::string>() + ".png";
    EXPECT_TRUE(fs::exists(folder + "/r/seed-1" + picture)) << picture;
  }
  const Json first = Json::parse(file("r/seed-1/fold-0/metrics.json")),
             second = Json::parse(file("r/seed-1/fold-1/metrics.json"));
  EXPECT_EQ(names.size(), first["cases"].size() + second["cases"].size());
  EXPECT_THAT(file("r/seed-2/summary.json"), HasSubstr("foreground_mean"));
  EXPECT_THAT(file("r/report.html"), HasSubstr("seed-2/fold-1/report.html"));
}

// What a kill leaves: a whole fold, and a checkpoint of the next.
TEST_F(CrossValidate, ResumesAfterAKill) {
  ASSERT_EQ(run(words("whole")), 0) << output;
  ASSERT_EQ(run(words("cut", {"--max-steps", "300000", "--folds", "1",
                              "--max-time", "0.01"})),
            0)
      << output;
  EXPECT_EQ(run(words("cut", {"--resume"})), 1);
  EXPECT_THAT(output, HasSubstr("cut: trained with --max-steps 300000, not "
                                "--max-steps 4"));
  fs::remove_all(folder + "/cut");

  pid_t child = start(words("cut", {"--save-every", "1", "--log-every", "1"}));
  waitFor("cut/seed-0/fold-1/train.jsonl", "\"step\":2,");
  kill(child, SIGKILL);
  EXPECT_EQ(finish(child), -SIGKILL) << output;
  ASSERT_EQ(run(words("cut", {"--resume"})), 0) << output;
  EXPECT_THAT(output, testing::Not(HasSubstr("fold 0 of seed 0")));
  for (const char *name : {"model.safetensors", "optimizer.safetensors"})
    for (const char *fold : {"/seed-0/fold-0", "/seed-0/fold-1"})
      EXPECT_EQ(
          file(std::string("cut") + fold + "/checkpoints/last/" + name),
          file(std::string("whole") + fold + "/checkpoints/last/" + name));
  Json cut = table("cut"), whole = table("whole");
  for (Json *json : {&cut, &whole})
    for (Json &result : (*json)["results"])
      result.erase("seconds");
  EXPECT_EQ(cut["results"], whole["results"]);
  EXPECT_EQ(file("cut/seed-0/case-metrics.csv"),
            file("whole/seed-0/case-metrics.csv"));
  // Once more, with another fold.
  ASSERT_EQ(run(words("cut", {"--resume", "--folds", "3"})), 0) << output;
  EXPECT_EQ(table("cut")["results"].size(), 3u);
}

// Folds of another number hold out each case once, and are part of what a run
// is; more than cases, or a fold that is none of them, are refused.
TEST_F(CrossValidate, SplitsIntoAnyNumberOfFolds) {
  std::vector<std::string> all = words("r", {"--nfolds", "3"});
  all.erase(std::find(all.begin(), all.end(), "--folds"),
            std::find(all.begin(), all.end(), "--max-steps"));
  ASSERT_EQ(run(all), 0) << output;
  EXPECT_EQ(table("r")["results"].size(), 3u);
  EXPECT_EQ(table("r")["options"]["--nfolds"], 3);
  const Json metrics = Json::parse(file("r/seed-0/case-metrics.json"));
  std::set<std::string> names;
  for (const Json &entry : metrics["cases"])
    EXPECT_TRUE(names.insert(entry["name"]).second) << entry["name"];
  all.back() = "4";
  all.emplace_back("--resume");
  EXPECT_EQ(run(all), 1);
  EXPECT_THAT(output, HasSubstr("trained with --nfolds 3, not --nfolds 4"));

  auto evaluate = [&](const std::vector<std::string> &more) {
    std::vector<std::string> one = {"evaluate",
                                    "--model",
                                    fakeModel(),
                                    "--data",
                                    data,
                                    "--checkpoint",
                                    folder + "/r/seed-0/fold-2"};
    one.insert(one.end(), more.begin(), more.end());
    return run(one);
  };
  EXPECT_EQ(evaluate({"--fold", "5"}), 2);
  EXPECT_THAT(output, HasSubstr("--fold 5: expected 0 to 4, or more folds by "
                                "--nfolds"));
  EXPECT_EQ(evaluate({"--fold", "2", "--nfolds", "3"}), 0) << output;
  EXPECT_EQ(evaluate({"--fold", "2", "--nfolds", "60000"}), 1);
  EXPECT_THAT(output, HasSubstr("cannot be split into 60000 folds"));
  EXPECT_EQ(evaluate({"--nfolds", "3"}), 2);
  EXPECT_THAT(output, HasSubstr("--nfolds has no effect without --fold"));
}

TEST_F(CrossValidate, KeepsWhatAnEarlierRunLeft) {
  ASSERT_EQ(run(words("r", {"--folds", "1"})), 0) << output;
  ASSERT_EQ(run(words("r", {"--folds", "1", "--learning-rate", "0.5"})), 0);
  EXPECT_THAT(output, HasSubstr("what an earlier run left is now in"));
  EXPECT_TRUE(fs::exists(folder + "/r/earlier/1/seed-0/fold-0/train.jsonl"));
  EXPECT_TRUE(fs::exists(folder + "/r/earlier/1/cross-validation.json"));
}

TEST_F(CrossValidate, UsageErrors) {
  EXPECT_EQ(run(words("r", {"--seeds", "1,2,1"})), 2);
  EXPECT_THAT(output, HasSubstr("--seeds: expected different ones, got 1 "
                                "twice"));
  EXPECT_EQ(run(words("r", {"--folds", "6"})), 2);
  EXPECT_THAT(output, HasSubstr("--folds 6: expected at most 5"));
  EXPECT_EQ(run(words("r", {"--folds", "4", "--nfolds", "3"})), 2);
  EXPECT_THAT(output, HasSubstr("--folds 4: expected at most 3"));
  EXPECT_EQ(run(words("r", {"--fold", "1"})), 2);
  EXPECT_EQ(run(words("r", {"--checkpoint", "first"})), 2);
  for (const char *time : {"", "0", "-5", "3x", "nan", "1e99h"}) {
    EXPECT_EQ(run(words("r", {"--max-time", time})), 2) << time;
    EXPECT_THAT(output, HasSubstr("--max-time"));
  }
  EXPECT_EQ(run({"cross-validate", "--model", fakeModel()}), 2);
  EXPECT_THAT(output, HasSubstr("--data is required"));
  EXPECT_FALSE(fs::exists(folder + "/r"));
}
