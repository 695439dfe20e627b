//===- DecathlonTest.cpp - The V-Net pipeline -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"
#include "TestSupport.h"

#include <cmath>
#include <limits>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

static Json pipeline(int64_t size) {
  return {{"kind", "decathlon"},
          {"input_shape", {size, size, size}},
          {"normalization", "zscore"},
          {"resize_interpolator", "linear"},
          {"augment", {"flip_y", "flip_x"}},
          {"class_names", {"background", "anterior", "posterior"}}};
}

namespace {
/// Two labelled 4x4x4 volumes and one without a label.
struct SmallData : TemporaryFolder {
  SmallData() {
    for (int i = 0; i < 64; ++i) {
      voxels.push_back(float(i));
      labels.push_back(uint8_t(i % 4 == 0 ? 1 : i / 16 == 3 ? 2 : 0));
    }
    index = {{"name", "Small"},
             {"modality", {{"0", "MRI"}}},
             {"labels", {{"0", "background"}, {"1", "a"}, {"2", "p"}}},
             {"training",
              {{{"image", "./imagesTr/one.nii.gz"},
                {"label", "./labelsTr/one.nii.gz"}},
               {{"image", "./imagesTr/two.nii.gz"},
                {"label", "./labelsTr/two.nii.gz"}}}},
             {"test", {"./imagesTs/three.nii.gz"}}};
  }
  Status write() const {
    VolumeGeometry grid;
    grid.size = {4, 4, 4};
    grid.spacing = {1.5, 0.75, 2};
    grid.header = makeHeader({4, 4, 4}, 16, 32);
    for (const char *folder : {"imagesTr", "labelsTr", "imagesTs"})
      SEGC_RETURN_IF_ERROR(createDirectories(*this / folder));
    SEGC_RETURN_IF_ERROR(
        writeFileAtomically(*this / "dataset.json", index.dump()));
    std::vector<float> plain(64);
    for (size_t i = 0; i < 64; ++i)
      plain[i] = float(i);
    const std::vector<std::pair<const char *, const float *>> images = {
        {"imagesTr/one.nii.gz", plain.data()},
        {"imagesTr/two.nii.gz", voxels.data()},
        {"imagesTs/three.nii.gz", plain.data()}};
    for (const auto &[name, values] : images)
      SEGC_RETURN_IF_ERROR(writeNifti(*this / name, grid, values));
    SEGC_RETURN_IF_ERROR(
        writeNifti(*this / "labelsTr/one.nii.gz", grid, labels.data()));
    return writeNifti(*this / "labelsTr/two.nii.gz", grid, labels.data());
  }
  std::vector<float> voxels; ///< Voxels of case two.
  std::vector<uint8_t> labels;
  Json index;
};
} // namespace

TEST(DecathlonTest, SmallPipeline) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4), {});
  ASSERT_OK(opened.status());
  Dataset &set = **opened;
  EXPECT_STREQ(set.kind(), "decathlon");
  EXPECT_EQ(set.count(Split::Train), 2);
  EXPECT_EQ(set.count(Split::Test), 1);
  EXPECT_EQ(set.caseName(Split::Test, 0), "three");
  EXPECT_THAT(set.imageShape(), ElementsAre(4, 4, 4, 1));
  EXPECT_THAT(set.labelShape(), ElementsAre(4, 4, 4));
  EXPECT_EQ(set.classNames()[1], "anterior");
  ASSERT_OK(set.load(Split::Train));
  std::vector<float> image(64);
  std::vector<int32_t> label(64);
  ASSERT_OK(set.sample(Split::Train, 0, {}, image.data(), label.data()));
  // 0..63: mean 31.5, population variance (64^2 - 1) / 12.
  const double deviation = std::sqrt(4095 / 12.0);
  for (int x = 0; x < 4; ++x)
    for (int y = 0; y < 4; ++y)
      for (int z = 0; z < 4; ++z) {
        const size_t array = size_t((x * 4 + y) * 4 + z);
        const int file = (z * 4 + y) * 4 + x;
        EXPECT_NEAR(image[array], (file - 31.5) / deviation, 1e-6);
        EXPECT_EQ(label[array], data.labels[size_t(file)]);
      }
  EXPECT_ERROR(set.sample(Split::Test, 0, {}, image.data(), label.data()),
               InvalidArgument, "three", "no label");
  ASSERT_OK(set.sample(Split::Test, 0, {}, image.data(), nullptr));
}

// The first int(n * split) cases in file order are for training. Five folds are
// as published.
TEST(DecathlonTest, Splits) {
  const std::string folder = SEGC_SOURCE_DIR "/data/Task04_Hippocampus";
  DatasetOptions options;
  options.trainSplit = 0.9;
  auto opened = openDataset(folder, pipeline(32), options);
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Train), 36);
  EXPECT_EQ((*opened)->count(Split::Validation), 4);
  EXPECT_EQ((*opened)->count(Split::Test), 2);
  EXPECT_EQ((*opened)->caseName(Split::Train, 0), "hippocampus_001");
  EXPECT_EQ((*opened)->caseName(Split::Validation, 3), "hippocampus_083");
  options.fold = 4;
  opened = openDataset(folder, pipeline(32), options);
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Train), 32);
  EXPECT_EQ((*opened)->count(Split::Validation), 8);
  options = {};
  options.trainSplit = 1.5;
  EXPECT_ERROR(openDataset(folder, pipeline(32), options).status(),
               InvalidArgument, "train split 1.5");
}

// The expected figures were computed by other code in f64.
TEST(DecathlonTest, RealData) {
  auto opened =
      openDataset(SEGC_SOURCE_DIR "/data/Task04_Hippocampus", pipeline(32), {});
  ASSERT_OK(opened.status());
  Dataset &set = **opened;
  ASSERT_OK(set.load(Split::Train));
  ASSERT_OK(set.load(Split::Test));
  struct Case {
    int64_t index;
    double first, middle, last, largest;
    std::array<int, 3> counts;
  };
  for (const Case &expected : {Case{0,
                                    -0.8926766,
                                    -0.6233588,
                                    -2.2600326,
                                    2.1931220,
                                    {31142, 735, 891}},
                               Case{1,
                                    -0.5145321,
                                    0.9855000,
                                    -0.5544176,
                                    8.6210739,
                                    {30967, 864, 937}}}) {
    std::vector<float> image(32 * 32 * 32);
    std::vector<int32_t> label(image.size());
    ASSERT_OK(set.sample(Split::Train, expected.index, {}, image.data(),
                         label.data()));
    EXPECT_NEAR(image[0], expected.first, 1e-5);
    EXPECT_NEAR(image[(16 * 32 + 10) * 32 + 20], expected.middle, 1e-5);
    EXPECT_NEAR(image.back(), expected.last, 1e-5);
    EXPECT_NEAR(*std::max_element(image.begin(), image.end()), expected.largest,
                1e-5);
    std::array<int, 3> counts = {};
    for (int32_t value : label)
      ++counts[size_t(value)];
    EXPECT_EQ(counts, expected.counts);
  }
}

TEST(DecathlonTest, WholeTask) {
  SKIP_WITHOUT_DATA(folder, "Task04_Hippocampus");
  auto opened = openDataset(folder, pipeline(32), {});
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Train), 208);
  EXPECT_EQ((*opened)->count(Split::Test), 52);
  ASSERT_OK((*opened)->load(Split::Train));
  DatasetOptions options;
  options.fold = 0;
  opened = openDataset(folder, pipeline(32), options);
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Validation), 42);
}

// Image and label are mirrored in the same way. Each of the four mirrorings
// occurs, and none along z.
TEST(DecathlonTest, Augmentation) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4), {});
  ASSERT_OK(opened.status());
  std::vector<float> plain(64), image(64), again(64);
  std::vector<int32_t> plainLabel(64), label(64);
  ASSERT_OK(
      (*opened)->sample(Split::Train, 0, {}, plain.data(), plainLabel.data()));
  std::array<int, 4> seen = {};
  for (uint64_t i = 0; i < 200; ++i) {
    AugmentKey key{1, i, true};
    ASSERT_OK(
        (*opened)->sample(Split::Train, 0, key, image.data(), label.data()));
    ASSERT_OK((*opened)->sample(Split::Train, 0, key, again.data(), nullptr));
    EXPECT_EQ(image, again);
    int matches = 0;
    for (size_t flip = 0; flip < 4; ++flip) {
      bool same = true;
      for (size_t x = 0; x < 4; ++x)
        for (size_t y = 0; y < 4; ++y)
          for (size_t z = 0; z < 4; ++z) {
            size_t from =
                ((flip & 1 ? 3 - x : x) * 4 + (flip & 2 ? 3 - y : y)) * 4 + z;
            size_t to = (x * 4 + y) * 4 + z;
            same &= image[to] == plain[from] && label[to] == plainLabel[from];
          }
      matches += same;
      seen[flip] += same;
    }
    EXPECT_EQ(matches, 1);
  }
  // 50 expected, standard deviation 6.
  EXPECT_THAT(seen, testing::Each(testing::Gt(25)));
}

// A prediction that equals the label on the network's grid is resampled to the
// source grid, with its position in space.
TEST(DecathlonTest, Predictions) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4), {});
  ASSERT_OK(opened.status());
  std::vector<float> image(64), probabilities(64 * 3, 0.0f);
  std::vector<int32_t> label(64);
  ASSERT_OK((*opened)->sample(Split::Train, 1, {}, image.data(), label.data()));
  for (size_t i = 0; i < 64; ++i)
    probabilities[i * 3 + size_t(label[i])] = 1;
  auto source = (*opened)->source(Split::Train, 1);
  ASSERT_OK(source.status());
  EXPECT_EQ((*opened)->preprocessor().labelsOnGrid(probabilities.data(),
                                                   source->geometry()),
            data.labels);
  PredictionFolders folders{data / "out/predictions", data / "out/overlays"};
  ASSERT_OK(
      writePredictions(**opened, Split::Train, {1}, probabilities, folders));
  auto written = readNifti(data / "out/predictions/two.nii.gz");
  ASSERT_OK(written.status());
  EXPECT_EQ(written->geometry.header.sform[2][3], 42);
  const std::vector<float> values = written->voxels.floats();
  EXPECT_EQ(std::vector<uint8_t>(values.begin(), values.end()), data.labels);
  EXPECT_TRUE(std::filesystem::exists(data / "out/overlays/two.png"));

  auto files = openFiles({data / "imagesTs/three.nii.gz"}, pipeline(4), {});
  ASSERT_OK(files.status());
  EXPECT_EQ((*files)->caseName(Split::Test, 0), "three");
  ASSERT_OK((*files)->sample(Split::Test, 0, {}, image.data(), nullptr));
}

// load() reports damaged cases by name.
TEST(DecathlonTest, BadCases) {
  auto load = [](void (*change)(SmallData &)) {
    SmallData data;
    change(data);
    Status status = data.write();
    if (!status.ok())
      return status;
    auto opened = openDataset(data.path, pipeline(4), {});
    return opened.ok() ? (*opened)->load(Split::Train) : opened.status();
  };
  ASSERT_OK(load([](SmallData &) {}));
  EXPECT_ERROR(load([](SmallData &d) {
                 d.voxels[21] = std::numeric_limits<float>::quiet_NaN();
               }),
               NonFinite, "case two", "nan", "(1, 1, 1)");
  EXPECT_ERROR(load([](SmallData &d) {
                 d.voxels[0] = std::numeric_limits<float>::infinity();
               }),
               NonFinite, "case two", "inf");
  EXPECT_ERROR(load([](SmallData &d) { d.voxels.assign(64, 5); }),
               InvalidArgument, "case two", "same value");
  EXPECT_ERROR(load([](SmallData &d) { d.labels[63] = 3; }), InvalidArgument,
               "case one", "value 3", "(3, 3, 3)", "0..2");
}

TEST(DecathlonTest, BadFiles) {
  SmallData data;
  ASSERT_OK(data.write());
  auto status = [&] {
    auto opened = openDataset(data.path, pipeline(4), {});
    return opened.ok() ? (*opened)->load(Split::Train) : opened.status();
  };
  VolumeGeometry other;
  other.size = {4, 4, 3};
  other.header = makeHeader({4, 4, 3}, 2, 8);
  ASSERT_OK(
      writeNifti(data / "labelsTr/two.nii.gz", other, data.labels.data()));
  EXPECT_ERROR(status(), InvalidArgument, "case two", "4x4x3", "4x4x4");
  std::filesystem::remove(data / "labelsTr/two.nii.gz");
  EXPECT_ERROR(status(), NotFound, "case two", "labelsTr/two.nii.gz",
               "missing");
  EXPECT_ERROR(openFiles({data / "none.nii"}, pipeline(4), {}).status(),
               NotFound, "none.nii");
}

TEST(DecathlonTest, BadIndex) {
  auto parse = [](const Json &change) {
    Json index = SmallData().index;
    index.merge_patch(change);
    return parseDecathlonIndex(index.dump(), "dataset.json").status();
  };
  ASSERT_OK(parse(Json::object()));
  for (const char *path : {"../secret.nii.gz", "/etc/passwd", "a/../../b.nii",
                           "", ".", "..", "imagesTs/"})
    EXPECT_ERROR(parse({{"test", {path}}}), DataLoss, "leads out of");
  // A name may begin with dots; ".." alone is the parent folder.
  ASSERT_OK(parse({{"test", {"..a.nii", ".b.nii"}}}));
  EXPECT_ERROR(parse({{"training", {{{"image", "../a"}, {"label", "b"}}}}}),
               DataLoss, "training[0]", "../a");
  EXPECT_ERROR(parse({{"training", {{{"image", "a.nii"}}}}}), DataLoss, "label",
               "missing");
  EXPECT_ERROR(parse({{"labels", {{"1", true}}}}), DataLoss, "\"1\" is true");
  EXPECT_ERROR(parse({{"labels", {{"a", 1}}}}), DataLoss, "1 is \"a\"");
  EXPECT_ERROR(parse({{"labels", 3}}), DataLoss, "labels");
  EXPECT_ERROR(parse({{"labels", nullptr}}), DataLoss, "labels");
  EXPECT_ERROR(parse({{"modality", {{"2", "MRI"}}}}), DataLoss, "modality");
  EXPECT_ERROR(parse({{"test", {{{"image", "../a.nii"}}}}}), DataLoss,
               "leads out of");
  // File names are derived from the name of a case.
  EXPECT_ERROR(
      parse({{"training", nullptr},
             {"dataset",
              {{"../a", {{"images", {"a.nii"}}, {"label", "b.nii"}}}}}}),
      DataLoss, "../a", "name of a case");
  EXPECT_ERROR(parse({{"test", {"x/a.nii", "y/a.nii.gz"}}}), DataLoss,
               "two cases are named \"a\"");
  EXPECT_ERROR(parseDecathlonIndex("{", "d.json").status(), DataLoss, "d.json");
  EXPECT_ERROR(parseDecathlonIndex("[]", "d.json").status(), DataLoss,
               "object");
}

TEST(DecathlonTest, WrongPipeline) {
  SmallData data;
  ASSERT_OK(data.write());
  auto open = [&](const Json &change) {
    Json pipe = pipeline(4);
    pipe.merge_patch(change);
    return openDataset(data.path, pipe, {}).status();
  };
  EXPECT_ERROR(open({{"kind", "isbi"}}), InvalidArgument, "decathlon", "isbi");
  EXPECT_ERROR(open({{"class_names", {"a", "b"}}}), InvalidArgument, "3 labels",
               "2 classes");
  EXPECT_ERROR(open({{"input_shape", {4, 4}}}), DataLoss, "input_shape");
  EXPECT_ERROR(open({{"normalization", "none"}}), InvalidArgument, "zscore");
  EXPECT_ERROR(open({{"augment", {"flip_z"}}}), InvalidArgument, "flip_z");
  data.index["modality"]["0"] = "CT";
  ASSERT_OK(data.write());
  EXPECT_ERROR(open(Json::object()), Unsupported, "CT", "MRI");
}
