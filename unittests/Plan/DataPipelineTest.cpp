//===- DataPipelineTest.cpp - The description of a data pipeline ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/DataPipeline.h"
#include "segc/Plan/PipelineKeys.h"

#include <gmock/gmock.h>
#include <map>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;

static StatusOr<DataPipeline> read(const Json &json) {
  return DataPipeline::fromJson(json, "pipeline");
}

static std::string refusal(const Json &json) {
  return read(json).status().message();
}

static std::string invalid(const Json &json) {
  StatusOr<DataPipeline> pipeline = read(json);
  return pipeline.ok() ? validate(*pipeline).message() : "not read";
}

static const Json slices = {{"kind", "isbi"},
                            {"resize", {8, 9}},
                            {"pad_to", {12, 12}},
                            {"output", {8, 9}},
                            {"class_names", {"m", "b"}}};
static const Json patches = {
    {"kind", "nnunet"},         {"dim", 3},         {"patch", {40, 56, 40}},
    {"spacing", {1, 0.5, 1.0}}, {"modality", "CT"}, {"task", "07"},
    {"clip", {-96, 215}},       {"mean", 77.9},     {"deviation", 75.4},
    {"class_names", {"a", "b"}}};

// Every key is read into its member, and written again under its name.
TEST(DataPipelineTest, EveryKeyRoundTrips) {
  const Json volumes = {
      {"kind", "decathlon"},           {"input_shape", {32, 16, 8}},
      {"normalization", "zscore"},     {"resize_interpolator", "linear"},
      {"augment", {"flip_y"}},         {"orientation", "RAS"},
      {"class_names", {"a", "b", "c"}}};
  const Json kits = {{"kind", "kits19"},
                     {"patch", {64, 64, 64}},
                     {"spacing", {2, 1, 1}},
                     {"modality", "CT"},
                     {"clip", {-79, 304}},
                     {"mean", 101.0},
                     {"deviation", 76.9},
                     {"class_names", {"a", "b"}},
                     {"plan", "{}"},
                     {"orientation", "RAS"},
                     {"overlap", 0.25},
                     {"tta", true},
                     {"average", "logits"},
                     {"window_weights", "constant"},
                     {"postprocess", "largest"}};
  for (const Json &json : {slices, volumes, patches, kits}) {
    StatusOr<DataPipeline> pipeline = read(json);
    ASSERT_TRUE(pipeline.ok()) << pipeline.status().message();
    EXPECT_TRUE(validate(*pipeline).ok());
    EXPECT_TRUE(pipeline->unknownKeys.empty());
    Json written;
    forEachValue(*pipeline, [&](const char *name, const auto &value) {
      written[name] = value;
    });
    EXPECT_EQ(written, json);
  }
  EXPECT_EQ(**read(volumes)->frame(), AxisFrame::Ras);
  EXPECT_FALSE(read(slices)->frame()->has_value());
}

TEST(DataPipelineTest, TypesAndRanges) {
  auto with = [](Json json, const char *key, const Json &value) {
    json[key] = value;
    return refusal(json);
  };
  EXPECT_THAT(with(slices, "resize", "8x9"), HasSubstr("\"resize\""));
  EXPECT_THAT(with(slices, "resize", {8}), HasSubstr("expected 2 numbers"));
  EXPECT_THAT(with(slices, "resize", {0, 9}),
              HasSubstr("expected 1 to 65536, found 0"));
  EXPECT_THAT(with(slices, "pad_to", {70000, 9}), HasSubstr("65536"));
  EXPECT_THAT(with(slices, "kind", 3), HasSubstr("expected a string"));
  EXPECT_THAT(with(patches, "overlap", 1), HasSubstr("expected 0 to 0.95"));
  EXPECT_THAT(with(patches, "tta", 1), HasSubstr("\"tta\""));
  EXPECT_THAT(with(patches, "spacing", {1, 0, 1}),
              HasSubstr("expected more than 0, found 0"));
  EXPECT_THAT(with(patches, "spacing", {1, "a", 1}), HasSubstr("numbers"));
  EXPECT_THAT(with(patches, "dim", 4), HasSubstr("expected 2 to 3, found 4"));
  EXPECT_THAT(with(patches, "class_names", {1}), HasSubstr("class_names"));
  EXPECT_THAT(refusal(Json::array()), HasSubstr("expected an object"));
}

TEST(DataPipelineTest, UnknownKeysAreNamed) {
  Json json = slices;
  json["padto"] = 3;
  json["dim"] = 2; // Of another kind.
  EXPECT_THAT(read(json)->unknownKeys, ElementsAre("dim", "padto"));
  // A kind of another host has keys of its own.
  EXPECT_TRUE(read({{"kind", "mine"}, {"place", 3}})->unknownKeys.empty());
}

TEST(DataPipelineTest, OrientationOfWeights) {
  auto with = [](const Json &json, const std::string &recorded) {
    OrderedJson pipeline = OrderedJson::parse(json.dump());
    setOrientation(recorded, pipeline);
    return pipeline.value("orientation", "none");
  };
  EXPECT_EQ(with(patches, "RAS"), "RAS");
  EXPECT_EQ(with({{"kind", "decathlon"}, {"orientation", "RAS"}}, "file"),
            "file");
  EXPECT_EQ(with(patches, ""), "none");
  EXPECT_EQ(with(slices, "file"), "none");
  EXPECT_EQ(with({{"kind", "nnunet"}, {"plan", "{}"}}, "file"), "none");
}

TEST(DataPipelineTest, WhatDataSetsNeed) {
  auto without = [](Json json, const char *key) {
    json.erase(key);
    return invalid(json);
  };
  auto with = [](Json json, const char *key, const Json &value) {
    json[key] = value;
    return invalid(json);
  };
  EXPECT_THAT(without(slices, "output"), HasSubstr("\"output\" is missing"));
  EXPECT_THAT(with(slices, "output", {8, 8}), HasSubstr("expected 8x9"));
  EXPECT_THAT(with(slices, "pad_to", {8, 8}), HasSubstr("pad_to 8x8"));
  EXPECT_THAT(with(slices, "class_names", {"a"}), HasSubstr("expected 2"));
  const Json volumes = {{"kind", "decathlon"}, {"input_shape", {8, 8, 8}}};
  EXPECT_EQ(invalid(volumes), "");
  EXPECT_THAT(without(volumes, "input_shape"), HasSubstr("is missing"));
  EXPECT_THAT(with(volumes, "normalization", "none"), HasSubstr("zscore"));
  EXPECT_THAT(with(volumes, "augment", {"flip_z"}), HasSubstr("flip_z"));
  EXPECT_THAT(with(volumes, "orientation", "LPS"), HasSubstr("LPS"));
}

// Sizes in messages are whole numbers.
TEST(DataPipelineTest, TextOfNumbers) {
  EXPECT_EQ(numberText(4194304), "4194304");
  EXPECT_EQ(numberText(-249900000000), "-249900000000");
  EXPECT_EQ(numberText(0.5), "0.5");
  EXPECT_EQ(numberText(1e-7), "1e-07");
  EXPECT_EQ(numberText(1e30), "1e+30");
}
