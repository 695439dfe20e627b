//===- LogTest.cpp - Records, curves, reports -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Log.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Train/Chart.h"
#include "segc/Runtime/Train/Report.h"

#include <filesystem>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;
using testing::Not;

static std::string freshFolder(const std::string &name) {
  std::string path = testing::TempDir() + name;
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

TEST(Log, DLLoggerRecords) {
  std::string path = freshFolder("log") + "/train.jsonl";
  {
    Expected<RunLog> log = RunLog::open(path, 0);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE(log->record("PARAMETER", {{"seed", 3}}).ok());
    ASSERT_TRUE(
        log->record(10, {{"train_total_loss", recordedFloat(0.1f)}}).ok());
    ASSERT_TRUE(log->metadata("latency", {{"unit", "ms"}}).ok());
  }
  std::string text = *readFile(path);
  EXPECT_EQ(text.substr(0, 6), "DLLL {");
  EXPECT_THAT(
      text, HasSubstr(R"("type":"LOG","step":"PARAMETER","data":{"seed":3}})"));
  EXPECT_THAT(text, HasSubstr(R"("train_total_loss":0.100000001)"));
  EXPECT_THAT(text, HasSubstr(R"("type":"METADATA","metric":"latency")"));
}

TEST(Log, ResumeDropsWhatWillBeWrittenAgain) {
  std::string path = freshFolder("resume") + "/train.jsonl";
  {
    Expected<RunLog> log = RunLog::open(path, 0);
    for (int step : {10, 20, 30})
      ASSERT_TRUE(log->record(step, {{"loss", step}}).ok());
  }
  std::string cut = *readFile(path);
  cut.resize(cut.size() - 5); // as a crash leaves it
  ASSERT_TRUE(writeFileAtomically(path, cut).ok());
  {
    Expected<RunLog> log = RunLog::open(path, 20);
    ASSERT_TRUE(log->record(30, {{"loss", 31}}).ok());
  }
  std::string text = *readFile(path);
  EXPECT_THAT(text, HasSubstr(R"("loss":20})"));
  EXPECT_THAT(text, Not(HasSubstr(R"("loss":30)")));
  EXPECT_THAT(text, HasSubstr(R"("loss":31})"));
}

TEST(Log, Durations) {
  EXPECT_EQ(durationText(59.9), "0:59");
  EXPECT_EQ(durationText(3723), "1:02:03");
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
    Expected<RunLog> log = RunLog::open(folder + "/train.jsonl", 0);
    for (int step = 1; step < 20; ++step)
      ASSERT_TRUE(log->record(step, {{"train_total_loss", 1.0 / step},
                                     {"eval_hard_dice", 1 - 1.0 / step}})
                      .ok());
  }
  Evaluation evaluation;
  evaluation.classNames = {"background", "<b>"};
  evaluation.cases = {{"one & only", {1, 0.5}}};
  ASSERT_TRUE(writeMetrics(folder, evaluation, 19).ok());
  ASSERT_TRUE(writeReport(folder, "a run").ok());
  std::string html = *readFile(folder + "/report.html");
  EXPECT_THAT(html, HasSubstr("<polyline"));
  EXPECT_THAT(html, HasSubstr("<td>one &amp; only</td><td>1.0000</td>"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_EQ(readFile(folder + "/curves.png")->substr(1, 3), "PNG");
}

// Whichever record comes first.
TEST(Report, ColoursGoWithNames) {
  std::string colours[2];
  for (int order = 0; order < 2; ++order) {
    std::string folder = freshFolder("colours");
    {
      Expected<RunLog> log = RunLog::open(folder + "/train.jsonl", 0);
      for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(log->record(1, {{i == order ? "train_total_loss"
                                                : "eval_total_loss",
                                     0.5}})
                        .ok());
    }
    ASSERT_TRUE(writeReport(folder, "a run").ok());
    std::string html = *readFile(folder + "/report.html");
    size_t name = html.find(">train_total_loss<");
    ASSERT_NE(name, std::string::npos);
    colours[order] = html.substr(html.rfind("fill='", name), 14);
  }
  EXPECT_EQ(colours[0], colours[1]);
}

TEST(Report, OverlaysHaveALegend) {
  std::string folder = freshFolder("legend");
  Evaluation evaluation;
  evaluation.classNames = {"background", "anterior"};
  evaluation.cases = {{"one", {1, 0.5}}};
  ASSERT_TRUE(writeMetrics(folder, evaluation, 1).ok());
  ASSERT_TRUE(createDirectories(folder + "/overlays").ok());
  ASSERT_TRUE(writePng(folder + "/overlays/one.png", RgbImage(2, 2)).ok());
  ASSERT_TRUE(writeReport(folder, "a run").ok());
  std::string html = *readFile(folder + "/report.html");
  EXPECT_THAT(html, HasSubstr("the image, the prediction, the truth"));
  EXPECT_THAT(html, HasSubstr("rgb(86,180,233)'></span> anterior"));
  EXPECT_THAT(html, HasSubstr("<figcaption>one</figcaption>"));
}

TEST(Chart, DrawsTheCurve) {
  Chart chart;
  chart.losses = {{"loss", {255, 0, 0}, {{0, 1}, {100, 0}}}};
  RgbImage image = chart.rasterise(200, 100);
  int64_t red = 0;
  for (const Rgb &pixel : image.pixels)
    red += pixel == Rgb{255, 0, 0};
  EXPECT_GE(red, 110) << "one pixel a column from corner to corner";
  // Nothing to draw, and one flat point: no division by zero.
  EXPECT_FALSE(Chart().rasterise(50, 50).pixels.empty());
  chart.losses[0].points = {{0, 0}};
  RgbImage one = chart.rasterise(200, 100);
  EXPECT_GE(std::count(one.pixels.begin(), one.pixels.end(), Rgb{255, 0, 0}),
            20)
      << "a point is seen";
  EXPECT_THAT(chart.toSvg(200, 100), HasSubstr("<circle"));
}

// A curve that is flat at a value beside which 1 is nothing.
TEST(Chart, LargeConstant) {
  Chart chart;
  chart.losses = {{"loss", {0, 0, 0}, {{1, 3.2e20}, {2, 3.2e20}}}};
  EXPECT_FALSE(chart.rasterise(200, 100).pixels.empty());
  EXPECT_LT(chart.toSvg(200, 100).size(), 10000u);
}

TEST(Chart, Ticks) {
  EXPECT_EQ(axisTicks(0, 1),
            (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(axisTicks(0, 97).size(), 5u);
}
