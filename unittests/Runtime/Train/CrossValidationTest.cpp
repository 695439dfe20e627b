//===- CrossValidationTest.cpp - Tables of folds and seeds ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/CrossValidation.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc;
using testing::HasSubstr;

static FoldResult foldOf(int64_t seed, int64_t fold, double dice) {
  FoldResult result;
  result.seed = seed;
  result.fold = fold;
  result.step = 100 + fold;
  result.seconds = 2.5;
  result.setValues({{"eval_dice_score", dice},
                    {"tumour_dice", nullptr},
                    {"eval_list", {1, 2}}});
  return result;
}

static CrossValidation tableOf() {
  CrossValidation table;
  table.options = {
      {"--max-steps", 100}, {"--amp", true}, {"--epochs", nullptr}};
  table.results = {foldOf(3, 0, 0.8), foldOf(3, 1, 0.9), foldOf(5, 0, 0.5),
                   foldOf(5, 1, 0.7)};
  return table;
}

TEST(CrossValidation, MeansOverFoldsAndSeeds) {
  const OrderedJson json = tableOf().toJson();
  const auto &first = json["seeds"][0]["values"]["eval_dice_score"];
  EXPECT_NEAR(first["mean"], 0.85, 1e-12);
  EXPECT_NEAR(first["std"], 0.1 / std::sqrt(2), 1e-12);
  EXPECT_NEAR(json["seeds"][1]["values"]["eval_dice_score"]["mean"], 0.6,
              1e-12);
  EXPECT_EQ(json["seeds"][1]["folds"], 2);
  EXPECT_NEAR(json["mean"]["eval_dice_score"]["mean"], 0.725, 1e-12);
  EXPECT_NEAR(json["mean"]["eval_dice_score"]["std"], 0.25 / std::sqrt(2),
              1e-12);
  EXPECT_FALSE(json["mean"].contains("eval_list"));
  EXPECT_NE(jsonText(json).find("\"tumour_dice\":{\"mean\":null"),
            std::string::npos);
}

TEST(CrossValidation, IsReadAsItWasWritten) {
  const std::string text = jsonText(tableOf().toJson(), 2);
  auto read = CrossValidation::fromJson(text, "t.json");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(jsonText(read->toJson(), 2), text);
  EXPECT_EQ(read->find(5, 1)->step, 101);
  EXPECT_EQ(read->find(5, 2), nullptr);
}

TEST(CrossValidation, RefusesWhatItDidNotWrite) {
  const OrderedJson good = tableOf().toJson();
  auto errorOf = [](const OrderedJson &json) {
    auto read = CrossValidation::fromJson(jsonText(json), "t.json");
    return read.ok() ? "no error" : read.status().message();
  };
  OrderedJson wrong = good;
  wrong["format"] = 2;
  EXPECT_THAT(errorOf(wrong), HasSubstr("t.json: format 2, this segrun reads"));
  for (const char *key : {"options", "results"}) {
    wrong = good;
    wrong[key] = 5;
    EXPECT_THAT(errorOf(wrong), HasSubstr(key));
  }
  for (const char *key : {"seed", "fold", "step", "seconds", "values"}) {
    wrong = good;
    wrong["results"][1][key] = "x";
    EXPECT_THAT(errorOf(wrong), HasSubstr(key));
  }
  wrong = good;
  wrong["results"][1]["fold"] = 0;
  EXPECT_THAT(errorOf(wrong), HasSubstr("fold 0 of seed 3 is there twice"));
  EXPECT_FALSE(CrossValidation::fromJson("{", "t.json").ok());
}

TEST(CrossValidation, GoesOnWithTheSameOptionsOnly) {
  const OrderedJson before = tableOf().options;
  EXPECT_TRUE(checkSameOptions(before, before, "r").ok());
  OrderedJson now = before;
  now["--max-steps"] = 200;
  EXPECT_THAT(
      checkSameOptions(before, now, "r").message(),
      HasSubstr("r: trained with --max-steps 100, not --max-steps 200"));
  now = before;
  now["--amp"] = false;
  EXPECT_THAT(checkSameOptions(before, now, "r").message(),
              HasSubstr("trained with --amp, now without it"));
  now = before;
  now["--epochs"] = 3;
  EXPECT_THAT(checkSameOptions(before, now, "r").message(),
              HasSubstr("trained with no --epochs, not --epochs 3"));
}

TEST(CrossValidation, TextHasARowForEachFold) {
  const std::string text = tableOf().toText();
  EXPECT_THAT(text, HasSubstr("eval_dice_score"));
  EXPECT_THAT(text, HasSubstr("         3     0       100"));
  EXPECT_THAT(text, HasSubstr("         5  mean"));
  EXPECT_THAT(text, HasSubstr("       all   std"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 + 4 + 2);
}
