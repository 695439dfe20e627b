//===- ManifestTest.cpp - Valid and invalid manifests ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Core/ModelLibrary.h"

#include <gtest/gtest.h>

using namespace segc;

/// Returns the fake model's manifest after `change`.
static StatusOr<Manifest> changed(void (*change)(Json &)) {
  auto model = ModelLibrary::load(SEGC_BINARY_DIR "/unittests/FakeModel.so");
  Json json = Json::parse((*model)->model().manifest);
  change(json);
  return parseManifest(json.dump(), "manifest");
}

static std::string errorOf(void (*change)(Json &)) {
  StatusOr<Manifest> manifest = changed(change);
  return manifest.ok() ? "no error" : manifest.status().message();
}

TEST(Manifest, ReadsTheFakeModel) {
  StatusOr<Manifest> manifest = changed([](Json &) {});
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->parameters.size(), 2u);
  EXPECT_EQ(manifest->parameters[1].offset, 64);
  EXPECT_TRUE(manifest->parameters[0].decay);
  EXPECT_EQ(manifest->entry("predict")->outputs[0].elements(), 2 * 512 * 3);
  EXPECT_EQ(manifest->classNames()[2], "posterior");
  EXPECT_EQ(manifest->optimizer.learningRate, 1e-3);
  EXPECT_TRUE(manifest->canTrain());
}

TEST(Manifest, RefusesWrongSizes) {
  EXPECT_EQ(errorOf([](Json &j) { j["parameters"][0]["elements"] = 4; }),
            "manifest.parameters[0]: shape 1x3 has 3 elements, \"elements\" "
            "says 4");
  EXPECT_EQ(errorOf([](Json &j) { j["parameters"][1]["offset"] = 4; }),
            "manifest.parameters[1]: offset 4 is not a multiple of 64");
  EXPECT_EQ(errorOf([](Json &j) { j["parameters"][1]["offset"] = 0; }),
            "manifest.parameters[1]: offset 0 lies in the tensor before, which "
            "ends at 12");
  EXPECT_EQ(errorOf([](Json &j) { j["parameter_bytes"] = 64; }),
            "manifest.parameters[1]: ends at byte 76 of a region of 64");
  EXPECT_EQ(errorOf([](Json &j) { j["parameter_count"] = 7; }),
            "manifest: parameter_count is 7, the parameters have 6");
  EXPECT_EQ(errorOf([](Json &j) { j["optimizer_bytes"] = 64; }),
            "manifest.optimizer.slots[0]: offset 0 with parameter_bytes 128 "
            "does not fit optimizer_bytes 64");
}

// The entry that augments, and the rules that it was compiled for.
TEST(Manifest, Augmentation) {
  EXPECT_EQ(
      errorOf([](Json &j) { j["augmentation"] = "v2"; }),
      "manifest: \"augmentation\" is \"v2\", and the entry augment is not "
      "there; expected both or none");
  EXPECT_EQ(
      errorOf(
          [](Json &j) { j["entries"]["augment"] = j["entries"]["predict"]; }),
      "manifest: \"augmentation\" is \"\", and the entry augment is there; "
      "expected both or none");
  StatusOr<Manifest> manifest = changed([](Json &j) {
    j["augmentation"] = "example";
    j["entries"]["augment"] = j["entries"]["predict"];
  });
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->augmentation, "example");
}

TEST(Manifest, FindsTheHead) {
  StatusOr<Manifest> manifest = changed([](Json &j) {
    j["head"] = {{"weight", "head.weight"}, {"bias", "head.bias"}};
  });
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->headWeight.value_or(RegionTensor()).elements, 3);
  EXPECT_EQ(manifest->headBias.value_or(RegionTensor()).offset, 64);
  EXPECT_EQ(errorOf([](Json &j) { j["head"] = {{"weight", "other"}}; }),
            "manifest: head: \"weight\" is \"other\", expected a parameter "
            "whose last size is the number of classes");
  EXPECT_NE(errorOf([](Json &j) {
              j["head"] = {{"weight", "head.weight"}};
              j["classes"] = 2;
            }).find("whose last size"),
            std::string::npos);
}

TEST(Manifest, SaysWhatMakesProbabilities) {
  StatusOr<Manifest> regions =
      changed([](Json &j) { j["activation"] = "sigmoid"; });
  ASSERT_TRUE(regions.ok()) << regions.status().message();
  EXPECT_TRUE(regions->sigmoid);
  StatusOr<Manifest> classes =
      changed([](Json &j) { j["activation"] = "softmax"; });
  ASSERT_TRUE(classes.ok()) << classes.status().message();
  EXPECT_FALSE(classes->sigmoid);
  StatusOr<Manifest> older = changed([](Json &j) { j.erase("activation"); });
  ASSERT_TRUE(older.ok()) << older.status().message();
  EXPECT_FALSE(older->sigmoid);
  EXPECT_EQ(errorOf([](Json &j) { j["activation"] = "tanh"; }),
            "manifest: activation \"tanh\", expected softmax or sigmoid");
}

TEST(Manifest, RefusesWrongKinds) {
  EXPECT_NE(errorOf([](Json &j) {
              j["parameters"][0]["init"]["kind"] = "magic";
            }).find("initialiser \"magic\""),
            std::string::npos);
  EXPECT_NE(errorOf([](Json &j) {
              j.erase("classes");
            }).find("field \"classes\" is missing"),
            std::string::npos);
  EXPECT_NE(errorOf([](Json &j) {
              j["format"] = 9;
            }).find("manifest format 9, this segrun reads format 1"),
            std::string::npos);
  EXPECT_NE(errorOf([](Json &j) {
              j["entries"]["predict"]["inputs"][0]["shape"] = {1 << 30, 1 << 30,
                                                               1 << 30};
            }).find("is too large"),
            std::string::npos);
}
