//===- MetricsTest.cpp - Dice, percentiles --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Metrics/MetricsRecord.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace segc;

// nnU-Net v2 adds up the voxels of all cases.
TEST(Evaluation, PooledForegroundDice) {
  Evaluation evaluation;
  evaluation.classNames = {"background", "a", "b", "nowhere"};
  evaluation.cases = {{"one", {}, {}, {{9, 9, 9}, {2, 4, 1}, {1, 1, 1}, {}}},
                      {"two", {}, {}, {{9, 9, 9}, {4, 6, 3}, {0, 2, 0}, {}}}};
  EXPECT_DOUBLE_EQ(evaluation.pooledForegroundDice(),
                   (2.0 * 4 / 16 + 2.0 * 1 / 4) / 2);
}

TEST(Metrics, HardDiceOfThePublishedVector) {
  int32_t predicted[] = {0, 1, 1, 1, 2}, expected[] = {0, 1, 1, 2, 2};
  std::vector<double> dice = hardDice(countClasses(predicted, expected, 5, 3));
  EXPECT_DOUBLE_EQ(dice[0], 1);
  EXPECT_DOUBLE_EQ(dice[1], 0.8);
  EXPECT_NEAR(dice[2], 0.667, 5e-4);
}

TEST(Metrics, AbsentClasses) {
  int32_t predicted[] = {0, 0, 3}, expected[] = {0, 0, 0};
  std::vector<double> dice = hardDice(countClasses(predicted, expected, 3, 4));
  EXPECT_DOUBLE_EQ(dice[0], 0.8);
  EXPECT_DOUBLE_EQ(dice[1], 1) << "absent from both";
  EXPECT_DOUBLE_EQ(dice[3], 0) << "absent from the label alone";
}

// A class that no label of the split has is not measured; a class that some
// labels have is.
TEST(Metrics, ClassesAbsentFromTheSplit) {
  int32_t labels[] = {0, 0, 2};
  EXPECT_EQ(classesIn(labels, 3, 4), (std::vector<bool>{1, 0, 1, 0}));
  Evaluation evaluation;
  evaluation.classNames = {"background", "a", "b"};
  evaluation.cases = {{"one", {1, 0.5, 1}, {true, true, false}},
                      {"two", {0.8, 1, 1}, {true, false, false}}};
  evaluation.values = {{"dice", {0.9, 0.6, 1e-5}}};
  EXPECT_EQ(evaluation.absentClasses(), std::vector<std::string>{"b"});
  EXPECT_DOUBLE_EQ(evaluation.meanForegroundDice(), 0.75);
  EXPECT_DOUBLE_EQ(evaluation.meanDice(), (0.9 + 0.75) / 2);
  OrderedJson json = OrderedJson::parse(evaluation.toJson().dump());
  EXPECT_TRUE(json["hard_dice"]["classes"]["b"].is_null());
  EXPECT_TRUE(json["dice"]["classes"]["b"].is_null());
  EXPECT_TRUE(json["cases"][0]["hard_dice"]["b"].is_null());
  EXPECT_EQ(json["cases"][1]["hard_dice"]["a"], 1);
  EXPECT_TRUE(
      OrderedJson::parse(evaluation.toRecord().dump())["b_dice"].is_null());
  EXPECT_DOUBLE_EQ(json["dice"]["mean"], 0.75);
  EXPECT_NE(evaluation.toCsv().find("1.000000,0.500000,absent"),
            std::string::npos);
  // Without any foreground there is no best case.
  evaluation.cases = {{"one", {1, 1, 1}, {true, false, false}}};
  EXPECT_FALSE(evaluation.meanForegroundDice() > -1);
}

TEST(Metrics, ArgmaxTakesTheFirstOfEquals) {
  float values[] = {0.5f, 0.5f, 0.1f, 0.2f, 0.7f, 0.7f};
  int32_t result[2];
  argmaxRows(values, 2, 3, result);
  EXPECT_EQ(result[0], 0);
  EXPECT_EQ(result[1], 1);
}

// numpy.percentile of 1, 2, 3, 4.
TEST(Metrics, Percentiles) {
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.9), 3.7);
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 1), 4);
  EXPECT_DOUBLE_EQ(percentile({5}, 0.99), 5);
  EXPECT_DOUBLE_EQ(percentile({}, 0.5), 0);
}

TEST(Metrics, FilesOfAnEvaluation) {
  Evaluation evaluation;
  evaluation.classNames = {"background", "a \"b\""};
  evaluation.cases = {{"one", {1, 0.5}}, {"two", {0.8, 0.7}}};
  evaluation.values = {{"loss", {0.25}}, {"dice", {0.9, 0.6}}};
  EXPECT_DOUBLE_EQ(evaluation.meanForegroundDice(), 0.6);
  Evaluation membranes = evaluation;
  membranes.classNames = {"membrane", "background"};
  EXPECT_DOUBLE_EQ(membranes.meanForegroundDice(), 0.9);
  EXPECT_EQ(evaluation.toCsv(), "case,\"background\",\"a \"\"b\"\"\"\n"
                                "\"one\",1.000000,0.500000\n"
                                "\"two\",0.800000,0.700000\n"
                                "\"mean\",0.900000,0.600000\n");
  OrderedJson record = evaluation.toRecord();
  EXPECT_EQ(record["eval_total_loss"], 0.25);
  EXPECT_EQ(record["background_dice"], 0.9);
  EXPECT_EQ(record["eval_dice_score"], 0.75);
  OrderedJson json = evaluation.toJson();
  EXPECT_EQ(json["dice"]["mean"], 0.75);
  // Without an objective the record has the Dice of labels.
  evaluation.values.clear();
  EXPECT_EQ(evaluation.toRecord()["a \"b\"_dice"], 0.6);
  EXPECT_EQ(json["cases"][1]["hard_dice"]["background"], 0.8);
}

// Regions overlap; the threshold itself is outside, ignored voxels do not
// count.
TEST(Metrics, CountsRegions) {
  const float probabilities[] = {0.9f, 0.6f, 0.5f, 0.1f, 0.9f, //
                                 0.2f, 0.7f, 0.8f, 0.1f, 0.9f};
  const int32_t expected[] = {1, 2, 2, 0, 3};
  const std::vector<ClassCounts> counts =
      countRegions(probabilities, expected, 5, {{{1, 2}, {2}}, 3});
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].predicted, 2);
  EXPECT_EQ(counts[0].expected, 3);
  EXPECT_EQ(counts[0].both, 2);
  EXPECT_EQ(counts[1].predicted, 2);
  EXPECT_EQ(counts[1].expected, 2);
  EXPECT_EQ(counts[1].both, 2);
  EXPECT_EQ(countRegions(probabilities, expected, 5, {{{1, 2}, {2}}, {}})[1]
                .predicted,
            3);
}

TEST(Evaluation, NoRegionIsTheBackground) {
  Evaluation evaluation;
  evaluation.classNames = {"whole", "core"};
  evaluation.ofRegions = true;
  evaluation.cases = {{"one", {0.5, 1}, {}, {{2, 4, 1}, {3, 3, 3}}}};
  EXPECT_DOUBLE_EQ(evaluation.meanForegroundDice(), 0.75);
  EXPECT_DOUBLE_EQ(evaluation.pooledForegroundDice(), (1.0 / 3 + 1) / 2);
}

/// What a process reads of a record.
static Json sent(const Json &json) {
  return Json::from_cbor(Json::to_cbor(json));
}

// Another process goes on with the same bits.
TEST(MetricsRecord, KeepsEveryBit) {
  CaseMetrics metrics;
  metrics.name = "caf\xe9"; // no UTF-8
  metrics.predictionFile = "p";
  metrics.labelFile = "l";
  metrics.voxels = int64_t{1} << 40;
  const double infinity = std::numeric_limits<double>::infinity();
  metrics.classes[-3] = {{1, 2, 3, int64_t{1} << 40},
                         {0.1, 1.0 / 3, -0.0, 5e-324, infinity}};
  metrics.classes[7] = {{}, {std::nan("")}};
  const CaseMetrics back = caseMetricsOf(sent(toJson(metrics)));
  EXPECT_EQ(back.name, metrics.name);
  EXPECT_EQ(back.predictionFile, "p");
  EXPECT_EQ(back.labelFile, "l");
  EXPECT_EQ(back.voxels, metrics.voxels);
  ASSERT_EQ(back.classes.size(), 2u);
  const ClassMetrics &first = back.classes.at(-3);
  EXPECT_EQ(first.overlap.truePositive, 1);
  EXPECT_EQ(first.overlap.falsePositive, 2);
  EXPECT_EQ(first.overlap.falseNegative, 3);
  EXPECT_EQ(first.overlap.trueNegative, int64_t{1} << 40);
  EXPECT_EQ(first.values, metrics.classes[-3].values);
  EXPECT_TRUE(std::signbit(first.values[2]));
  EXPECT_TRUE(std::isnan(back.classes.at(7).values.at(0)));

  const Evaluation::Case entry = {
      "one", {1.0 / 3, 1}, {true, false}, {{4, 5, 3}, {0, 0, 0}}};
  const Evaluation::Case same = evaluatedCaseOf(sent(toJson(entry)));
  EXPECT_EQ(same.name, "one");
  EXPECT_EQ(same.dice, entry.dice);
  EXPECT_EQ(same.present, entry.present);
  ASSERT_EQ(same.counts.size(), 2u);
  EXPECT_EQ(same.counts[0].predicted, 4);
  EXPECT_EQ(same.counts[0].expected, 5);
  EXPECT_EQ(same.counts[0].both, 3);
}
