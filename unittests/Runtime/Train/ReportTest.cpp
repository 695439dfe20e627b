//===- ReportTest.cpp - Pages of runs -------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Report.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/ExampleCases.h"
#include "segc/Runtime/Train/Log.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>

using namespace segc;
using testing::HasSubstr;
using testing::Not;

static void write(const std::string &path, const std::string &text) {
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  ASSERT_TRUE(writeFileAtomically(path, text).ok()) << path;
}

static std::string examplesText(const std::vector<double> &dice) {
  std::string text;
  for (const ExampleCase &example : exampleCases(dice))
    text += std::string(text.empty() ? "" : " ") + example.rank + " " +
            std::to_string(example.index);
  return text;
}

TEST(ExampleCases, BestMedianWorst) {
  const double none = std::nan("");
  EXPECT_EQ(examplesText({}), "");
  EXPECT_EQ(examplesText({none}), "");
  EXPECT_EQ(examplesText({none, 0.5}), "best 1");
  EXPECT_EQ(examplesText({0.5, 0.75}), "best 1 worst 0");
  EXPECT_EQ(examplesText({0.5, 0.25, none, 0.75}), "best 3 median 0 worst 1");
  EXPECT_EQ(examplesText({1, 2, 3, 4}), "best 3 median 1 worst 0");
  EXPECT_EQ(examplesText({1, 1, 1}), "best 0 median 1 worst 2");
}

TEST(Report, Base64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Report, ReadsTheFolder) {
  std::string folder = freshFolder("report");
  {
    StatusOr<RunLog> log = RunLog::open(folder + "/train.jsonl", 0);
    for (int step = 1; step < 20; ++step)
      ASSERT_TRUE(log->record(step, {{"train_total_loss", 1.0 / step},
                                     {"eval_hard_dice", 1 - 1.0 / step}})
                      .ok());
  }
  Evaluation evaluation;
  evaluation.classNames = {"background", "<b>"};
  evaluation.cases = {{"one & only", {1, 0.5}}};
  ASSERT_TRUE(writeMetrics(folder, evaluation, 19).ok());
  ASSERT_TRUE(writeReport(folder, "a run", {}).ok());
  std::string html = *readFile(folder + "/report.html");
  for (const char *label :
       {">Loss</text>", ">training step</text>", ">loss</text>",
        ">Dice score (0 to 1)</text>", ">train_total_loss</text>",
        ">eval_hard_dice</text>"})
    EXPECT_THAT(html, HasSubstr(label));
  EXPECT_THAT(html, HasSubstr("<td>one &amp; only</td><td>1.0000</td>"));
  EXPECT_THAT(html, HasSubstr("<td>mean</td><td>1.0000</td><td>0.5000</td>"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_EQ(readFile(folder + "/curves.png")->substr(1, 3), "PNG");
}

/// A case whose picture exists.
static void addPicture(const std::string &folder, const std::string &name) {
  OverlaySlice slice{2, 2, {0, 80, 160, 255}, {0, 1, 1, 0}, {0, 1, 0, 0}};
  ASSERT_TRUE(
      writeOverlay(folder, name, {slice}, {"background", "anterior"}, 2).ok());
}

TEST(Report, ShowsBestMedianAndWorst) {
  std::string folder = freshFolder("examples");
  Evaluation evaluation;
  evaluation.classNames = {"background", "anterior"};
  evaluation.cases = {
      {"a", {1, 0.5}}, {"b", {1, 0.9}}, {"c", {1, 0.25}}, {"d", {1, 0.75}}};
  ASSERT_TRUE(writeMetrics(folder, evaluation, 1).ok());
  for (const char *name : {"a", "b", "c", "d", "earlier"})
    addPicture(folder + "/overlays", name);
  ASSERT_TRUE(writeReport(folder, "a run", {"background", "anterior"}).ok());
  std::string html = *readFile(folder + "/report.html");
  EXPECT_THAT(html, HasSubstr("the image, the prediction, the truth"));
  EXPECT_THAT(html, HasSubstr("rgb(86,180,233)'></span> anterior"));
  for (const char *caption : {"best: b, Dice 0.9000", "median: a, Dice 0.5000",
                              "worst: c, Dice 0.2500"})
    EXPECT_THAT(html, HasSubstr(caption));
  EXPECT_THAT(html, Not(HasSubstr("prediction of d")));
  EXPECT_THAT(html, Not(HasSubstr("earlier")));
}

// Regions are measured, labels are drawn: a colour is that of a label.
TEST(Report, OfMeasuredFiles) {
  const std::string folder = freshFolder("measured");
  MetricsTable table;
  table.classes.regions = {{1, 2}, {2}};
  table.classNames = {{1, "whole"}, {2, "core"}};
  ThreadPool pool(1);
  const LabelGrid grid{{2, 2, 1}, {1, 1, 1}};
  for (const char *name : {"a", "b", "c"}) {
    const std::vector<int32_t> predicted =
        name[0] == 'b' ? std::vector<int32_t>{1, 2, 0, 0}
                       : std::vector<int32_t>{1, 0, 0, name[0] == 'a' ? 2 : 1};
    table.cases.push_back(
        measureCase(predicted, {1, 2, 0, 0}, grid, table.classes, 1, pool));
    table.cases.back().name = name;
    addPicture(folder + "/overlays", name);
  }
  table.completeClasses();
  ASSERT_TRUE(writeCaseMetrics(table, folder).ok());
  ASSERT_TRUE(writeReport(folder, "measured", {"background", "core", "whole"},
                          {{"model_sha256", "digest-of-model"}})
                  .ok());
  const std::string html = *readFile(folder + "/report.html");
  for (const char *text :
       {"Over 3 cases, on the grids of their files", "<td>whole</td><td>0.6667",
        "<td>b</td><td>1.0000</td><td>1.0000</td><td>1.0000</td>",
        "rgb(86,180,233)'></span> core", "rgb(0,158,115)'></span> whole",
        "best: b, Dice 1.0000", "median: a, Dice 0.2500",
        "worst: c, Dice 0.2500", "<th>model_sha256</th><td>digest-of-model"})
    EXPECT_THAT(html, HasSubstr(text));
}

static constexpr const char *foldLog =
    R"(DLLL {"step":"PARAMETER","data":{"network":"net<1>","data_digest":"digest-of-fold","command":"segrun cross-validate"}}
DLLL {"step":10,"data":{"train_total_loss":1.5,"loader_waited":0.25,"loader_worked":2.0}}
DLLL {"step":20,"data":{"train_total_loss":1.0,"loader_waited":0.5,"loader_worked":1.0,"eval_hard_dice_nobg":0.5}}
DLLL {"metric":"phases","metadata":[{"phase":"train","seconds":3.0,"times":1,"peak_rss_bytes":1048576}]}
)";

TEST(Report, OfACrossValidation) {
  const std::string folder = freshFolder("folds");
  CrossValidation table;
  table.options = {{"--model", "digest-of-model"},
                   {"--epochs", 3},
                   {"--amp", false},
                   {"--checkpoint", "last"}};
  for (int64_t seed : {1, 2})
    for (int64_t fold : {0, 1}) {
      FoldResult result;
      result.seed = seed;
      result.fold = fold;
      result.step = 20;
      result.values = {{"anterior_dice", 0.5 + 0.25 * double(fold)}};
      table.results.push_back(result);
      const std::string run = foldFolderOf(folder, seed, fold);
      write(run + "/train.jsonl", foldLog);
      write(run + "/checkpoints/last/model.safetensors", "weights");
    }
  write(
      folder + "/seed-1/case-metrics.json",
      R"({"mean": {"1": {"name": "anterior", "dice": {"mean": 0.5, "std": 0.125}}},
            "cases": [{"name": "a", "fold": 0, "classes": {"1": {"dice": 0.5}}},
                      {"name": "b", "fold": 0, "classes": {"1": {"dice": 0.75}}},
                      {"name": "b", "fold": 1, "classes": {"1": {"dice": 0.25}}}]})");
  // Two folds hold out b, and each has its picture.
  for (const char *name : {"fold-0/a", "fold-0/b", "fold-1/b"})
    addPicture(folder + "/seed-1/overlays/" + std::string(name, 6), name + 7);
  // Whatever another file says, the page is written.
  write(folder + "/seed-2/case-metrics.json", R"({"mean": 5, "cases": [5]})");
  ASSERT_TRUE(
      writeCrossValidationReport(folder, table, {"background", "anterior"})
          .ok());
  const std::string html = *readFile(folder + "/report.html");
  for (const std::string &text : std::vector<std::string>{
           "<h1>net&lt;1&gt; cross-validation</h1>",
           "<a href='seed-2/fold-1/report.html'>fold 1</a>",
           "<td>anterior_dice</td><td>0.5000</td><td>0.7500</td>",
           "<td><b>0.6250</b></td><td>0.1768</td>",
           ">Loss of the training steps</text>", ">fold 1</text>",
           "<td>anterior</td><td>0.5000 ± 0.1250</td>",
           "best: b, fold 0, Dice 0.7500", "median: a, fold 0, Dice 0.5000",
           "worst: b, fold 1, Dice 0.2500",
           "<td>train</td><td>3.00 s, 1.00 MiB</td>",
           "<td>waited for the loader</td><td>750 ms</td>",
           "<th>--epochs</th><td>3</td>", "digest-of-model", "digest-of-fold",
           sha256("weights")})
    EXPECT_THAT(html, HasSubstr(text));
  EXPECT_THAT(html, Not(HasSubstr("--amp")));
}
