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
#include "segc/Runtime/Inference/Evaluate.h"

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
  EXPECT_EQ(file("one/overlays/" + held + ".png"),
            file("r/seed-0/overlays/fold-3/" + held + ".png"));
  const std::string report = file("one/report.html");
  for (const std::string &text : std::vector<std::string>{
           "best: " + held + ", Dice", "<th>fold</th><td>3</td>",
           "<th>model_sha256</th>", "<th>checkpoint_sha256</th>",
           json("cache/cache.json")["plan_sha256"],
           json("cache/cache.json")["inputs_sha256"]})
    EXPECT_THAT(report, HasSubstr(text));
}

// The label is one box, and so is what the fake model predicts but for the
// voxels that it errs in.
TEST_F(CacheEvaluation, ChoosesPostprocessing) {
  ASSERT_EQ(crossValidate("r", {"--folds", "2", "--save-masks"}), 0) << output;
  const std::string chosen = "r/seed-0/postprocessing.json";
  EXPECT_THAT(output, HasSubstr(chosen));
  Json choice = json(chosen);
  EXPECT_EQ(choice["cases"], 3);
  EXPECT_GE(choice["dice_after"], choice["dice_before"]);
  const std::string fold = folder + "/r/seed-0/fold-";
  auto predict = [&](const std::vector<std::string> &more) {
    std::vector<std::string> words = {
        "predict",       "--model",      fakeModel("FakePatches"),
        "--no-overlays", "--data",       small.imagePath(0),
        "--output",      folder + "/out"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  // Another choice, to see that it is followed.
  choice["steps"] = "min-volume=1e9";
  ASSERT_TRUE(writeFileAtomically(folder + "/" + chosen, choice.dump()).ok());
  EXPECT_EQ(predict({"--ensemble", fold + "0",
                     fold + "1/checkpoints/best/model.safetensors",
                     "--postprocess", "auto"}),
            0)
      << output;
  EXPECT_THAT(output, HasSubstr("post-processing by " + folder + "/" + chosen +
                                ": min-volume=1000000000"));
  auto mask = readNifti(folder + "/out/c0_0000.nii.gz");
  ASSERT_TRUE(mask.ok()) << mask.status().message();
  for (size_t i = 0; i < mask->voxels.size(); ++i)
    ASSERT_EQ(mask->voxels[i], 0);
  EXPECT_EQ(predict({"--checkpoint", fold + "0", "--postprocess",
                     folder + "/" + chosen}),
            0)
      << output;

  EXPECT_EQ(predict({"--postprocess", "auto"}), 2);
  EXPECT_THAT(output, HasSubstr("needs --checkpoint or --ensemble"));
  const std::string other = folder + "/other";
  fs::copy(folder + "/r/seed-0", other, fs::copy_options::recursive);
  EXPECT_EQ(predict({"--ensemble", fold + "0", other + "/fold-0",
                     "--postprocess", "auto"}),
            1);
  EXPECT_THAT(output, HasSubstr("those of " + other));
  fs::remove(other + "/postprocessing.json");
  EXPECT_EQ(
      predict({"--checkpoint", other + "/fold-0", "--postprocess", "auto"}), 1);
  EXPECT_THAT(output, HasSubstr("no postprocessing.json in a folder around"));
}

// All folds are those that the data set names, or as many as are asked for.
TEST_F(CacheEvaluation, FoldsOfAnyNumber) {
  ASSERT_EQ(crossValidate("r", {"--nfolds", "3"}), 0) << output;
  EXPECT_EQ(json("r/cross-validation.json")["results"].size(), 3u);
  EXPECT_EQ(json("r/seed-0/case-metrics.json")["cases"].size(), 6u);
  EXPECT_EQ(crossValidate("r", {"--nfolds", "7"}), 1);
  EXPECT_THAT(output, HasSubstr("6 cases cannot be split into 7 folds"));
  Json index = json("cache/cache.json");
  index["folds"] = {{{"train", {"c0", "c1", "c2"}}, {"val", {"c3"}}},
                    {{"train", {"c3"}}, {"val", {"c0", "c1"}}}};
  ASSERT_TRUE(writeFileAtomically(cache + "/cache.json", index.dump()).ok());
  ASSERT_EQ(crossValidate("own"), 0) << output;
  EXPECT_EQ(json("own/cross-validation.json")["results"].size(), 2u);
  EXPECT_EQ(crossValidate("own", {"--folds", "3"}), 2);
  EXPECT_THAT(output, HasSubstr("--folds 3: expected at most 2"));
  EXPECT_EQ(crossValidate("own", {"--nfolds", "3"}), 1);
  EXPECT_THAT(output, HasSubstr("--nfolds 3 contradicts splits_final.json"));
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
  std::vector<std::string> reported = weights;
  reported.insert(reported.end(), {"--results", folder + "/failed"});
  EXPECT_EQ(call("evaluate", reported), 3);
  EXPECT_THAT(output, HasSubstr(path + ": has changed: other bytes"));
  EXPECT_THAT(output, HasSubstr("1 of 2 cases failed"));
  EXPECT_THAT(file("failed/report.html"), HasSubstr("failed_cases"));
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

// Which voxels count for nothing is part of the losses of a model.
TEST_F(CacheEvaluation, RefusesAnotherIgnoreLabel) {
  Plan plan = fakePlan();
  plan.ignoreLabel = 3;
  ASSERT_TRUE(
      writeFileAtomically(folder + "/ignore.json", planText(plan)).ok());
  small.index["labels"]["ignore"] = 3;
  small.writeIndex();
  cache = folder + "/ignored";
  ASSERT_EQ(run({"preprocess", small.folder.path, "--plan",
                 folder + "/ignore.json", "-o", cache}),
            0)
      << output;
  EXPECT_EQ(call("train", {"--max-steps", "1"}), 1);
  EXPECT_THAT(output, HasSubstr("a cache of labels with the ignore label 3, "
                                "the model has no ignore label"));
}

// So is what makes up a region.
TEST_F(CacheEvaluation, RefusesOtherRegions) {
  EXPECT_EQ(run({"train", "--model", fakeModel("FakeRegions"), "--data", cache,
                 "--max-steps", "1"}),
            1);
  EXPECT_THAT(output, HasSubstr("a cache of no regions, the model gives "
                                "regions"));
  Plan plan = fakePlan();
  plan.classNames = {"background", "whole", "core", "rim"};
  plan.regions = {{1, 2}, {2}, {1}};
  plan.regionsClassOrder = {1, 2, 1};
  ASSERT_TRUE(
      writeFileAtomically(folder + "/regions.json", planText(plan)).ok());
  // The order of names is that of the regions.
  ASSERT_TRUE(writeFileAtomically(small.folder / "dataset.json", R"({
      "channel_names": {"0": "MRI"}, "file_ending": ".nii.gz", "numTraining": 6,
      "labels": {"background": 0, "whole": [1, 2], "core": 2, "rim": 1},
      "regions_class_order": [1, 2, 1]})")
                  .ok());
  cache = folder + "/of-regions";
  ASSERT_EQ(run({"preprocess", small.folder.path, "--plan",
                 folder + "/regions.json", "-o", cache}),
            0)
      << output;
  EXPECT_EQ(call("train", {"--max-steps", "1"}), 1);
  EXPECT_THAT(output, HasSubstr("a cache of labels with the regions whole "
                                "(1, 2) as 1, core 2 as 2, rim 1 as 1, the "
                                "model has no regions; compile"));
}

TEST(MeasureLabels, LeavesTheIgnoreLabelOut) {
  SourceCase source;
  source.images.emplace_back();
  source.images[0].geometry = test::cubeOfEight();
  source.label = {1, 1, 3, 3, 2, 0, 0, 3};
  ThreadPool pool(1);
  auto found =
      measureLabels({}, source, {1, 0, 1, 2, 2, 0, 0, 0}, 1, pool, {{}, 3});
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->classes.size(), 2u);
  EXPECT_EQ(found->classes[1].overlap.truePositive, 1);
  EXPECT_EQ(found->classes[1].overlap.falsePositive, 0);
  EXPECT_EQ(found->classes[1].overlap.falseNegative, 1);
  EXPECT_DOUBLE_EQ(found->classes[2].overlap.dice(), 1);
  found = measureLabels({}, source, {1, 0, 1, 2, 2, 0, 0, 0}, 1, pool);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->classes.count(3), 1u);
  EXPECT_EQ(found->classes[1].overlap.falsePositive, 1);
}
