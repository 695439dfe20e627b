//===- CacheEvaluationTest.cpp - Evaluation of the cases of a cache -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../FakePlan.h"
#include "../Prepare/SmallDataset.h"
#include "CommandTest.h"
#include "segc/Plan/PlanFile.h"

#include <set>

using namespace segc;
using segc::test::SmallDataset;

namespace {

class CacheEvaluation : public Command {
protected:
  void SetUp() override {
    ASSERT_TRUE(
        writeFileAtomically(folder + "/plan.json", planText(fakePlan())).ok());
    ASSERT_EQ(run({"preprocess", small.folder.path, "--plan",
                   folder + "/plan.json", "-o", cache}),
              0)
        << output;
  }

  int call(const std::string &command, const std::vector<std::string> &more) {
    std::vector<std::string> words = {
        command, "--model", fakeModel("FakePatches"), "--data", cache};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  int crossValidate(const std::string &results,
                    const std::vector<std::string> &more = {}) {
    std::vector<std::string> words = {"--results", folder + "/" + results,
                                      "--max-steps", "3"};
    words.insert(words.end(), more.begin(), more.end());
    return call("cross-validate", words);
  }
  Json json(const std::string &name) { return Json::parse(file(name)); }

  SmallDataset small;
  std::string cache = folder + "/cache";
};

} // namespace

TEST_F(CacheEvaluation, MeasuresEachHeldOutCaseOnItsFile) {
  ASSERT_EQ(crossValidate("r", {"--save-masks"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("eval_file_dice"));
  const Json metrics = json("r/seed-0/case-metrics.json");
  std::set<std::string> names;
  for (const Json &entry : metrics["cases"])
    EXPECT_TRUE(names.insert(entry["name"]).second) << entry["name"];
  EXPECT_EQ(names.size(), 6u);
  EXPECT_THAT(file("r/seed-0/summary.json"), HasSubstr("foreground_mean"));
  // The masks that were written have these numbers.
  ASSERT_EQ(run({"evaluate", "--predictions", folder + "/r/seed-0/predictions",
                 "--labels", small.folder / "labelsTr", "--results",
                 folder + "/own"}),
            0)
      << output;
  const Json own = json("own/case-metrics.json");
  std::map<std::string, Json> byName;
  for (const Json &entry : own["cases"])
    byName[entry["name"]] = entry["classes"];
  for (const Json &entry : metrics["cases"])
    EXPECT_EQ(entry["classes"], byName[entry["name"]]);
  EXPECT_GT(own["mean_foreground"]["dice"], 0.05);
  // The number of a fold is the mean over its cases.
  const Json table = json("r/cross-validation.json");
  ASSERT_EQ(table["results"].size(), 5u);
  ASSERT_EQ(call("evaluate", {"--fold", "3", "--checkpoint",
                              folder + "/r/seed-0/fold-3/checkpoints/best",
                              "--results", folder + "/one", "--save-masks"}),
            0)
      << output;
  EXPECT_EQ(json("one/case-metrics.json")["mean_foreground"]["dice"],
            table["results"][3]["values"]["eval_file_dice"]);
  const std::string held = json("one/case-metrics.json")["cases"][0]["name"];
  EXPECT_EQ(file("one/predictions/" + held + ".nii.gz"),
            file("r/seed-0/predictions/" + held + ".nii.gz"));
}

TEST_F(CacheEvaluation, ResumesWithOtherFolds) {
  ASSERT_EQ(crossValidate("whole", {"--folds", "2"}), 0) << output;
  ASSERT_EQ(crossValidate("part", {"--folds", "1"}), 0) << output;
  ASSERT_EQ(crossValidate("part", {"--folds", "2", "--resume"}), 0) << output;
  EXPECT_THAT(output, testing::Not(HasSubstr("fold 0 of seed 0")));
  EXPECT_EQ(file("part/seed-0/case-metrics.csv"),
            file("whole/seed-0/case-metrics.csv"));
  EXPECT_EQ(crossValidate("part", {"--folds", "2", "--resume", "--tta"}), 1);
  EXPECT_THAT(output, HasSubstr("trained with no --tta, not --tta"));
}

// The labels are those of the files that the cache was written from.
TEST_F(CacheEvaluation, RefusesOtherFiles) {
  const std::string moved = folder + "/moved";
  fs::rename(small.folder.path, moved);
  EXPECT_EQ(crossValidate("r"), 1);
  EXPECT_THAT(output, HasSubstr("imagesTr/c"));
  EXPECT_THAT(output, HasSubstr("with --dataset"));
  EXPECT_FALSE(fs::exists(folder + "/r"));
  EXPECT_EQ(crossValidate("r", {"--dataset", moved, "--folds", "1"}), 0)
      << output;
  const std::vector<std::string> weights = {
      "--fold",    "0",  "--checkpoint", folder + "/r/seed-0/fold-0",
      "--dataset", moved};
  EXPECT_EQ(call("evaluate", weights), 0) << output;
  // Another byte fails its case alone, another size is seen before any work.
  const Json cases = json("r/seed-0/case-metrics.json")["cases"];
  ASSERT_EQ(cases.size(), 2u);
  const std::string path =
      moved + "/labelsTr/" + cases[0]["name"].get<std::string>() + ".nii.gz";
  auto bytes = readFile(path);
  ASSERT_TRUE(bytes.ok());
  bytes->back() ^= 1;
  ASSERT_TRUE(writeFileAtomically(path, *bytes).ok());
  EXPECT_EQ(call("evaluate", weights), 3);
  EXPECT_THAT(output, HasSubstr(path + ": has changed: other bytes"));
  EXPECT_THAT(output, HasSubstr("1 of 2 cases failed"));
  EXPECT_EQ(crossValidate("s", {"--dataset", moved, "--folds", "1"}), 1);
  EXPECT_THAT(output, HasSubstr("has changed: other bytes"));
  ASSERT_TRUE(writeFileAtomically(path, *bytes + "x").ok());
  EXPECT_EQ(call("evaluate", weights), 1);
  EXPECT_THAT(output, HasSubstr("bytes, expected the "));
}

TEST_F(CacheEvaluation, UsageErrors) {
  EXPECT_EQ(call("evaluate", {"--fold", "0", "--save-masks"}), 2);
  EXPECT_THAT(output, HasSubstr("--save-masks needs --results"));
  EXPECT_EQ(call("evaluate", {"--fold", "0", "--split", "test"}), 2);
  EXPECT_THAT(output, HasSubstr("a cache has no test cases"));
  EXPECT_EQ(call("evaluate", {}), 1);
  EXPECT_THAT(output, HasSubstr("the validation split has no cases"));
  EXPECT_EQ(call("evaluate", {"--split", "train"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("means of 6 cases"));
  EXPECT_EQ(call("evaluate", {"--fold", "0", "--results", cache}), 2);
  for (const char *command : {"evaluate", "cross-validate"}) {
    EXPECT_EQ(run({command, "--model", fakeModel("FakePatches"), "--data",
                   small.folder.path, "--overlap", "0.25"}),
              2);
    EXPECT_THAT(output, HasSubstr("--overlap has no effect but on a cache"));
  }
  // A cache of before, which does not know its files.
  Json index = json("cache/cache.json");
  index.erase("origins");
  ASSERT_TRUE(writeFileAtomically(cache + "/cache.json", index.dump()).ok());
  EXPECT_EQ(call("evaluate", {"--fold", "0"}), 1);
  EXPECT_THAT(output, HasSubstr("an older segrun wrote it"));
  EXPECT_EQ(run({"preprocess", small.folder.path, "--plan",
                 folder + "/plan.json", "-o", cache}),
            1);
  EXPECT_THAT(output, HasSubstr("an older segrun"));
}

TEST_F(CacheEvaluation, Benchmarks) {
  EXPECT_EQ(call("train", {"--benchmark", "--max-steps", "3"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("\"mode\": \"train\""));
  EXPECT_EQ(
      call("benchmark", {"--steps", "2", "--json", cache + "/cache.json"}), 2);
}
