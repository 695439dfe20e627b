//===- PredictWindowsTest.cpp - segrun predict with a model of patches ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fake model gives class 2 where the normalised image is positive and class
// 0 where it is negative, each voxel from itself alone.
//
//===----------------------------------------------------------------------===//

#include "../FakePlan.h"
#include "CommandTest.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Data/Nifti.h"

using namespace segc;

namespace {
struct PredictWindows : Command {
protected:
  void SetUp() override {
    int count = 0;
    for (const auto &entry : fs::directory_iterator(data + "/imagesTr"))
      if (count++ < 2)
        fs::copy(entry.path(), image(count));
  }

public:
  std::string image(int number) const {
    return folder + "/" + std::to_string(number) + ".nii.gz";
  }
  int predict(const std::vector<std::string> &more,
              const std::string &model = "FakePatches") {
    std::vector<std::string> words = {"predict", "--model", fakeModel(model),
                                      "--output", folder + "/out"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Volume read(const std::string &path) {
    auto volume = readNifti(path);
    EXPECT_TRUE(volume.ok()) << volume.status().message();
    return std::move(*volume);
  }
  Volume mask(int number) {
    return read(folder + "/out/" + std::to_string(number) + ".nii.gz");
  }
  /// Expects class 2 above the mean of what is not zero.
  void expectMask(int number) {
    const Volume source = read(image(number)), predicted = mask(number);
    ASSERT_EQ(predicted.geometry.size, source.geometry.size);
    double sum = 0;
    int64_t nonzero = 0;
    for (size_t i = 0; i < source.voxels.size(); ++i) {
      sum += source.voxels[i];
      nonzero += source.voxels[i] != 0;
    }
    const double mean = sum / double(nonzero);
    for (size_t i = 0; i < source.voxels.size(); ++i)
      if (const double value = source.voxels[i]; std::abs(value - mean) > 1e-3)
        ASSERT_EQ(predicted.voxels[i], value > mean ? 2 : 0) << i;
  }
};
} // namespace

TEST_F(PredictWindows, WritesMasksOfAllCases) {
  ASSERT_TRUE(writeFileAtomically(folder + "/bad.nii.gz", "\x1f\x8b").ok());
  EXPECT_EQ(
      predict({"--data", image(1), folder + "/bad.nii.gz", image(2), "--tta",
               "--window-weights", "constant", "--overlap", "0.25"}),
      3)
      << output;
  EXPECT_THAT(output, HasSubstr("2 of 3 cases predicted"));
  EXPECT_THAT(output, HasSubstr("bad.nii.gz: damaged gzip"));
  expectMask(1);
  expectMask(2);
  EXPECT_TRUE(fs::exists(folder + "/out/overlays/1.png"));
}

TEST_F(PredictWindows, BoundsMemory) {
  EXPECT_EQ(predict({"--data", image(1), image(2), "--max-memory", "1000000000",
                     "--no-overlays", "--save-probabilities"}),
            0)
      << output;
  EXPECT_THAT(output, HasSubstr("windows take at most "));
  EXPECT_THAT(output, HasSubstr("sums of the windows "));
  EXPECT_THAT(output, HasSubstr("peak of resident memory: "));
  expectMask(1);
  expectMask(2);
  const auto voxels = static_cast<uint64_t>(mask(1).geometry.voxels());
  EXPECT_EQ(fs::file_size(folder + "/out/1.npy"), 128 + voxels * 3 * 4);
  EXPECT_EQ(predict({"--data", image(1), "--max-memory", "1000000"}), 1);
  EXPECT_THAT(output, HasSubstr("--max-memory 1000000: 1: "));
  EXPECT_THAT(output, HasSubstr("sums of the windows "));
}

TEST_F(PredictWindows, PostprocessesMasks) {
  EXPECT_EQ(predict({"--data", image(1), "--postprocess",
                     "min-volume=1e9:posterior", "--no-overlays"}),
            0)
      << output;
  const Volume empty = mask(1);
  for (size_t i = 0; i < empty.voxels.size(); ++i)
    ASSERT_EQ(empty.voxels[i], 0);
  EXPECT_EQ(predict({"--data", image(1), "--postprocess", "most"}), 2);
  EXPECT_THAT(output, HasSubstr("expected largest, holes"));
  // So are those of models of whole images.
  EXPECT_EQ(predict({"--data", image(1), "--postprocess", "min-volume=1e9"},
                    "FakeFrozen"),
            0)
      << output;
  const Volume whole = mask(1);
  for (size_t i = 0; i < whole.voxels.size(); ++i)
    ASSERT_EQ(whole.voxels[i], 0);
}

TEST_F(PredictWindows, AveragesCheckpoints) {
  const std::string results = folder + "/results";
  ASSERT_EQ(
      run({"train", "--model", fakeModel("FakePatches"), "--batches",
           writeBatches(folder), "--results", results, "--max-steps", "2"}),
      0)
      << output;
  EXPECT_EQ(predict({"--data", image(1), "--checkpoint", results}), 0);
  const Volume one = mask(1);
  EXPECT_EQ(predict({"--data", image(1), "--ensemble", results, results,
                     "--average", "probabilities"}),
            0)
      << output;
  const Volume two = mask(1);
  for (size_t i = 0; i < one.voxels.size(); ++i)
    ASSERT_EQ(one.voxels[i], two.voxels[i]);
  EXPECT_EQ(predict({"--data", image(1), "--ensemble", results, "--checkpoint",
                     results}),
            2);
  EXPECT_THAT(output, HasSubstr("--ensemble and --checkpoint contradict"));
}

TEST_F(PredictWindows, TakesAPlan) {
  Plan plan = fakePlan();
  plan.transpose = {2, 0, 1};
  ASSERT_TRUE(verify(plan).ok()) << verify(plan).message();
  const std::string path = folder + "/plan.json";
  ASSERT_TRUE(writeFileAtomically(path, planText(plan)).ok());
  EXPECT_EQ(predict({"--data", image(1), "--plan", path}), 0) << output;
  // By the rules of v2 the mean is that of the whole crop.
  const Volume source = read(image(1)), predicted = mask(1);
  int64_t found = 0;
  for (size_t i = 0; i < source.voxels.size(); ++i)
    found += predicted.voxels[i] == 2;
  EXPECT_GT(found, 1000);
  EXPECT_EQ(
      predict({"--data", image(1), "--plan", path, "--configuration", "2d"}),
      2);
  EXPECT_THAT(output, HasSubstr("no configuration \"2d\" with the model's "
                                "patch 8x8x8; it has 3d_fullres"));
  plan.classNames.pop_back();
  ASSERT_TRUE(writeFileAtomically(path, planText(plan)).ok());
  EXPECT_EQ(predict({"--data", image(1), "--plan", path}), 1);
  EXPECT_THAT(output, HasSubstr("2 classes, the model has 3"));
}

TEST_F(PredictWindows, NamesOptionsWithoutEffect) {
  for (const std::vector<std::string> &option :
       {std::vector<std::string>{"--tta"},
        {"--overlap", "0.5"},
        {"--window-weights", "gaussian"},
        {"--average", "logits"},
        {"--max-memory", "1000000000"},
        {"--save-probabilities"},
        {"--plan", "plan.json"}}) {
    std::vector<std::string> words = {"--data", image(1)};
    words.insert(words.end(), option.begin(), option.end());
    EXPECT_EQ(predict(words, "FakeFrozen"), 2);
    EXPECT_THAT(output, HasSubstr(option[0] + " has no effect"));
  }
  // Its samples are no whole images.
  EXPECT_EQ(
      run({"evaluate", "--model", fakeModel("FakePatches"), "--data", data}),
      1);
  EXPECT_THAT(output, HasSubstr("for which segrun reads no data set"));
}
