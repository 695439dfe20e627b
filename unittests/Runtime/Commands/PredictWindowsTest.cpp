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
#include "segc/Runtime/Data/ImageFormat.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Data/Tiff.h"

#include <cmath>
#include <numeric>

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

// The outputs of a case are all there, or none is.
TEST_F(PredictWindows, LeavesNoPartOfACase) {
  const std::vector<std::string> words = {"--data", image(1), image(2),
                                          "--save-probabilities"};
  fs::create_directories(folder + "/out/1.nii.gz/full");
  EXPECT_EQ(predict(words), 3) << output;
  EXPECT_THAT(output, HasSubstr("1 of 2 cases predicted"));
  EXPECT_FALSE(fs::exists(folder + "/out/1.npy"));
  EXPECT_TRUE(fs::exists(folder + "/out/2.npy"));
  fs::remove_all(folder + "/out");
  fs::create_directories(folder + "/out/1.npy");
  EXPECT_EQ(predict(words), 3) << output;
  EXPECT_THAT(output, HasSubstr("1.npy: a folder"));
  EXPECT_FALSE(fs::exists(folder + "/out/1.nii.gz"));
  EXPECT_TRUE(fs::exists(folder + "/out/2.nii.gz"));
}

TEST_F(PredictWindows, MeasuresItsStages) {
  const std::string profile = folder + "/profile.json";
  for (const char *model : {"FakePatches", "FakeFrozen"}) {
    EXPECT_EQ(predict({"--data", image(1), image(2), "--no-overlays",
                       "--profile", profile},
                      model),
              0)
        << output;
    auto json = parseJson(*readFile(profile), profile);
    ASSERT_TRUE(json.ok()) << json.status().message();
    std::map<std::string, int64_t> counts;
    double sum = 0;
    for (const Json &stage : (*json)["stages"]) {
      counts[stage["name"]] = stage["count"];
      sum += stage["seconds"].get<double>();
    }
    EXPECT_EQ(counts["read"], 2);
    EXPECT_EQ(counts["write"], 2);
    EXPECT_GE(counts["network"], 2);
    EXPECT_GT(sum, 0);
    // At most three stages run side by side.
    EXPECT_LE(sum, 3 * (*json)["seconds"].get<double>());
    if (std::string(model) == "FakePatches") {
      EXPECT_GT((*json)["longest_start_ms"].get<double>(), 0);
      EXPECT_EQ(counts["prepare"], 2);
    }
  }
  EXPECT_EQ(predict({"--data", image(1), "--profile", image(2)}), 2);
  EXPECT_THAT(output, HasSubstr("--profile"));
}

TEST_F(PredictWindows, PredictsNearAMask) {
  ASSERT_EQ(predict({"--data", image(1), "--no-overlays"}), 0) << output;
  const Volume whole = mask(1);
  const Size3 size = whole.geometry.size;
  // One voxel is marked; the file has its axes in another order.
  const std::string masks = folder + "/masks", profile = folder + "/p.json";
  fs::create_directories(masks);
  Size3 marked = {0, 0, 0};
  for (size_t i = 0; i < whole.voxels.size(); ++i) {
    const auto place = static_cast<int64_t>(i);
    const Size3 at = {place % size[0], place / size[0] % size[1],
                      place / size[0] / size[1]};
    bool inner = whole.voxels[i] == 2;
    for (size_t axis = 0; axis < 3; ++axis)
      inner &= at[axis] > 3 && at[axis] < size[axis] - 4;
    if (inner)
      marked = at;
  }
  ASSERT_GT(marked[0], 0);
  auto writeMask = [&](const std::vector<uint8_t> &marks) {
    AxisOrder order;
    order.source = {2, 0, 1};
    order.reversed = {true, false, false};
    VolumeGeometry grid = reordered(whole.geometry, order);
    grid.header = NiftiHeader();
    ASSERT_TRUE(writeNifti(masks + "/1.nii.gz", grid,
                           reordered(marks, size, order).data())
                    .ok());
  };
  std::vector<uint8_t> marks(whole.voxels.size());
  marks[static_cast<size_t>((marked[2] * size[1] + marked[1]) * size[0] +
                            marked[0])] = 2;
  writeMask(marks);
  const std::vector<std::string> words = {
      "--data", image(1),    "--no-overlays", "--roi",
      masks,    "--profile", profile,         "--save-probabilities"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return predict(more);
  };
  ASSERT_EQ(with({"--roi-margin", "3"}), 0) << output;
  const Volume near = mask(1);
  int64_t inside = 0, seen = 0;
  for (size_t i = 0; i < near.voxels.size(); ++i) {
    const auto place = static_cast<int64_t>(i);
    const Size3 at = {place % size[0], place / size[0] % size[1],
                      place / size[0] / size[1]};
    double square = 0;
    for (size_t axis = 0; axis < 3; ++axis)
      square += std::pow(
          double(at[axis] - marked[axis]) * whole.geometry.spacing[axis], 2);
    inside += square <= 9;
    seen += near.voxels[i] != 0;
    ASSERT_EQ(near.voxels[i], square <= 9 ? whole.voxels[i] : 0) << i;
  }
  EXPECT_EQ(inside, 123); // Of a ball on a grid of 1 mm.
  EXPECT_GT(seen, 0);
  // Windows of 8^3, each 4 behind the one before: up to four along each axis
  // have one of the 7 voxels of the ball.
  auto json = parseJson(*readFile(profile), profile);
  ASSERT_TRUE(json.ok()) << json.status().message();
  for (const Json &stage : (*json)["stages"])
    if (stage["name"] == "network") {
      EXPECT_LE(stage["count"].get<int64_t>(), 64);
      EXPECT_GE(stage["count"].get<int64_t>(), 8);
    }
  // Probabilities say so, too: all but the classes' first is 0 outside.
  const std::string array = *readFile(folder + "/out/1.npy");
  const size_t voxels = whole.voxels.size();
  std::vector<float> values(3 * voxels);
  std::memcpy(values.data(), array.data() + 128, values.size() * 4);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[voxels], 0);
  // A margin beyond the volume is all of it.
  ASSERT_EQ(with({"--roi-margin", "1e6"}), 0) << output;
  const Volume all = mask(1);
  for (size_t i = 0; i < all.voxels.size(); ++i)
    ASSERT_EQ(all.voxels[i], whole.voxels[i]) << i;
  // Where nothing is found, all is background.
  writeMask(std::vector<uint8_t>(whole.voxels.size()));
  ASSERT_EQ(with({"--max-memory", "1GiB"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("is empty: all of 1 is background"));
  EXPECT_THAT(output, HasSubstr("region of interest "));
  const Volume none = mask(1);
  for (size_t i = 0; i < none.voxels.size(); ++i)
    ASSERT_EQ(none.voxels[i], 0) << i;
}

TEST_F(PredictWindows, PredictsNearWhatAModelFinds) {
  ASSERT_EQ(predict({"--data", image(1), image(2), "--no-overlays"}), 0)
      << output;
  const Volume whole = mask(1);
  // The same model finds the same: within its foreground nothing changes.
  ASSERT_EQ(predict({"--data", image(1), image(2), "--no-overlays", "--roi",
                     fakeModel("FakePatches"), "--roi-margin", "0"}),
            0)
      << output;
  const Volume found = read(folder + "/out/roi/1.nii.gz"), near = mask(1);
  for (size_t i = 0; i < whole.voxels.size(); ++i) {
    ASSERT_EQ(found.voxels[i], whole.voxels[i]) << i;
    ASSERT_EQ(near.voxels[i], whole.voxels[i]) << i;
  }
  // A case that the model fails on is not predicted near an earlier mask.
  ASSERT_TRUE(writeFileAtomically(image(1), "\x1f\x8b").ok());
  EXPECT_EQ(predict({"--data", image(1), image(2), "--no-overlays", "--roi",
                     fakeModel("FakePatches")}),
            3)
      << output;
  EXPECT_FALSE(fs::exists(folder + "/out/roi/1.nii.gz"));
  EXPECT_TRUE(fs::exists(folder + "/out/roi/2.nii.gz"));
}

TEST_F(PredictWindows, RefusesMasksThatDoNotFit) {
  const std::string masks = folder + "/masks";
  fs::create_directories(masks);
  VolumeGeometry grid;
  grid.size = {4, 5, 6};
  const std::vector<uint8_t> marks(120, 1);
  ASSERT_TRUE(writeNifti(masks + "/1.nii.gz", grid, marks.data()).ok());
  EXPECT_EQ(predict({"--data", image(1), image(2), "--roi", masks}), 1);
  EXPECT_THAT(output, HasSubstr("masks/1.nii.gz has 4x5x6 voxels"));
  EXPECT_THAT(output, HasSubstr("2: no mask of this name"));
  EXPECT_EQ(predict({"--data", image(1), "--roi", masks, "--roi-plan", "x"}),
            2);
  EXPECT_THAT(output, HasSubstr("--roi-checkpoint and --roi-plan have no"));
  EXPECT_EQ(predict({"--data", image(1), "--roi", masks}, "FakeFrozen"), 2);
  EXPECT_THAT(output, HasSubstr("--roi has no effect"));
  EXPECT_EQ(predict({"--data", image(1), "--roi-margin", "3"}), 2);
  EXPECT_EQ(run({"predict", "--model", fakeModel("FakePatches"), "--output",
                 masks, "--data", image(1), "--roi", masks}),
            2);
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

// The fake model's regions are all where the image is above its mean.
TEST_F(PredictWindows, WritesTheLabelsOfRegions) {
  Plan plan = fakePlan();
  plan.classNames = {"background", "whole", "core", "rim"};
  plan.regions = {{1, 2, 5}, {2}, {1, 5}};
  plan.regionsClassOrder = {1, 2, 5};
  ASSERT_TRUE(verify(plan).ok()) << verify(plan).message();
  const std::string path = folder + "/plan.json";
  ASSERT_TRUE(writeFileAtomically(path, planText(plan)).ok());
  ASSERT_EQ(predict({"--data", image(1), "--plan", path, "--tta",
                     "--save-probabilities"},
                    "FakeRegions"),
            0)
      << output;
  const Volume source = read(image(1)), predicted = mask(1);
  const std::string array = *readFile(folder + "/out/1.npy");
  const size_t voxels = source.voxels.size();
  std::vector<float> values(3 * voxels);
  std::memcpy(values.data(), array.data() + 128, values.size() * 4);
  int64_t found = 0;
  for (size_t i = 0; i < voxels; ++i) {
    found += predicted.voxels[i] == 5;
    ASSERT_EQ(predicted.voxels[i], values[2 * voxels + i] > 0.5f ? 5 : 0) << i;
    ASSERT_EQ(values[i] > 0.5f, values[voxels + i] > 0.5f) << i;
  }
  EXPECT_GT(found, 1000);
  EXPECT_LT(found, static_cast<int64_t>(voxels) - 1000);
  EXPECT_TRUE(fs::exists(folder + "/out/overlays/1.png"));
  // No class is the background, not even outside of a region of interest.
  const std::string masks = folder + "/masks";
  fs::create_directories(masks);
  ASSERT_TRUE(writeNifti(masks + "/1.nii.gz", source.geometry,
                         std::vector<uint8_t>(voxels).data())
                  .ok());
  ASSERT_EQ(predict({"--data", image(1), "--plan", path, "--no-overlays",
                     "--save-probabilities", "--roi", masks},
                    "FakeRegions"),
            0)
      << output;
  EXPECT_EQ(readFile(folder + "/out/1.npy")->find_first_not_of('\0', 128),
            std::string::npos);
  // The plan says what the model's classes are.
  EXPECT_EQ(predict({"--data", image(1), "--plan", path}), 1);
  EXPECT_THAT(output, HasSubstr("regions, which may overlap, but the model"));
  plan.regions.clear();
  plan.regionsClassOrder.clear();
  ASSERT_TRUE(writeFileAtomically(path, planText(plan)).ok());
  EXPECT_EQ(predict({"--data", image(1), "--plan", path}, "FakeRegions"), 1);
  EXPECT_THAT(output, HasSubstr("no regions, but the model gives regions"));
}

// A picture is a volume of one plane, a stack one of as many as it has pages.
TEST_F(PredictWindows, PredictsSlices) {
  std::vector<uint8_t> pixels(size_t{20} * 30);
  for (size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<uint8_t>(1 + i * 7919 % 251);
  const std::string picture = folder + "/page.png",
                    stack = folder + "/stack.tif";
  const std::string encoded = *encodePng(20, 30, pixels.data());
  ASSERT_TRUE(writeFileAtomically(picture, encoded).ok());
  ASSERT_TRUE(
      writeTiff(stack, 20, 10,
                std::vector<const uint8_t *>{pixels.data(), pixels.data() + 200,
                                             pixels.data() + 400})
          .ok());
  ASSERT_EQ(predict({"--data", picture, stack, "--no-overlays"}), 0) << output;
  const double mean = std::accumulate(pixels.begin(), pixels.end(), 0.0) /
                      static_cast<double>(pixels.size());
  auto page = sliceFormatOf(picture).open(folder + "/out/page.png",
                                          ImageUse::Label, {});
  ASSERT_TRUE(page.ok()) << page.status().message();
  auto plane = (*page)->read(0);
  ASSERT_TRUE(plane.ok()) << plane.status().message();
  for (size_t i = 0; i < pixels.size(); ++i)
    ASSERT_EQ(plane->voxels[i], pixels[i] > mean ? 2 : 0) << i;
  auto pages =
      sliceFormatOf(stack).open(folder + "/out/stack.tif", ImageUse::Label, {});
  ASSERT_TRUE(pages.ok()) << pages.status().message();
  EXPECT_EQ((*pages)->pages(), 3);
  // A picture of somebody else stays.
  std::string foreign = encoded;
  foreign.replace(foreign.find("segrun"), 6, "others");
  fs::create_directories(folder + "/other");
  ASSERT_TRUE(writeFileAtomically(folder + "/other/page.png", foreign).ok());
  EXPECT_EQ(run({"predict", "--model", fakeModel("FakePatches"), "--output",
                 folder + "/other", "--data", picture, "--no-overlays"}),
            2);
  EXPECT_THAT(output, HasSubstr("exists and is no mask that segrun wrote"));
  EXPECT_EQ(*readFile(folder + "/other/page.png"), foreign);
}

// A folder is predicted whole, or what is left out is named.
TEST_F(PredictWindows, PredictsAllKindsInAFolder) {
  std::vector<uint8_t> pixels(size_t{20} * 30);
  std::iota(pixels.begin(), pixels.end(), uint8_t{1});
  const std::string images = folder + "/images";
  fs::create_directories(images);
  ASSERT_TRUE(writeFileAtomically(images + "/page.png",
                                  *encodePng(20, 30, pixels.data()))
                  .ok());
  ASSERT_TRUE(writeTiff(images + "/stack.tif", 20, 30,
                        std::vector<const uint8_t *>{pixels.data()})
                  .ok());
  ASSERT_EQ(predict({"--data", images, "--no-overlays"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("2 of 2 cases predicted"));
  EXPECT_TRUE(fs::exists(folder + "/out/page.png"));
  EXPECT_TRUE(fs::exists(folder + "/out/stack.tif"));
  fs::copy(image(1), images);
  ASSERT_EQ(predict({"--data", images, "--no-overlays"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("images/page.png: taken for a picture of a "
                                "volume beside it, and left out"));
  EXPECT_THAT(output, HasSubstr("2 of 2 cases predicted"));
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
