//===- LogTest.cpp - Records and curves -----------------------------------===//
//-----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Log.h"
#include "../FakeRun.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Train/Curves.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;
using testing::Not;

TEST(Log, DLLoggerRecords) {
  std::string path = freshFolder("log") + "/train.jsonl";
  {
    StatusOr<RunLog> log = RunLog::open(path, 0);
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
    StatusOr<RunLog> log = RunLog::open(path, 0);
    for (int step : {10, 20, 30})
      ASSERT_TRUE(log->record(step, {{"loss", step}}).ok());
  }
  std::string cut = *readFile(path);
  cut.resize(cut.size() - 5); // as a crash leaves it
  ASSERT_TRUE(writeFileAtomically(path, cut).ok());
  {
    StatusOr<RunLog> log = RunLog::open(path, 20);
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

// The colours do not depend on the order of the records.
TEST(Curves, ColoursGoWithNames) {
  for (int order = 0; order < 2; ++order) {
    std::string path = freshFolder("colours") + "/train.jsonl";
    {
      StatusOr<RunLog> log = RunLog::open(path, 0);
      for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(log->record(1, {{i == order ? "train_total_loss"
                                                : "eval_total_loss",
                                     0.5}})
                        .ok());
    }
    TrainingCurves curves = readCurves(path);
    ASSERT_EQ(curves.losses.series.size(), 2u);
    EXPECT_EQ(curves.losses.series[0].name, "eval_total_loss");
    EXPECT_EQ(curves.losses.series[0].colour, draw::palette[1]);
    EXPECT_EQ(curves.losses.series[1].colour, draw::palette[0]);
  }
}

// The log has lines that are not records, and values outside any axis.
TEST(Curves, HostileLog) {
  std::string path = freshFolder("hostile") + "/train.jsonl";
  ASSERT_TRUE(writeFileAtomically(
                  path, "DLLL {\n{\"step\":1,\"data\":[]}\nDLLL {\"step\":1,"
                        "\"data\":{\"a_loss\":1e308,\"b_loss\":-1e308,"
                        "\"\\u0000<\\/text>_loss\":1}}\n")
                  .ok());
  TrainingCurves curves = readCurves(path);
  ASSERT_EQ(curves.losses.series.size(), 1u);
  StatusOr<std::string> svg = curvesSvg(curves);
  ASSERT_TRUE(svg.ok()) << svg.status().message();
  EXPECT_THAT(*svg, HasSubstr("&lt;/text&gt;_loss"));
  EXPECT_TRUE(curvesPixels(curves).ok());
}
