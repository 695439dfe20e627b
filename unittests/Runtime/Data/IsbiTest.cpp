//===- IsbiTest.cpp - The U-Net pipeline ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Tiff.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tiffio.h>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

static Json pipeline(int64_t resize, int64_t pad) {
  return {{"kind", "isbi"},
          {"resize", {resize, resize}},
          {"pad_to", {pad, pad}},
          {"output", {resize, resize}},
          {"class_names", {"membrane", "background"}}};
}

namespace {
/// Ten 8x8 slices whose left half is membrane (dark) and right half is not.
struct SmallData : TemporaryFolder {
  SmallData() {
    for (int64_t i = 0; i < 10 * 64; ++i) {
      bool right = i % 8 >= 4;
      images.pixels.push_back(
          static_cast<uint8_t>((right ? 200 : 20) + i / 64));
      labels.pixels.push_back(right ? 255 : 0);
    }
  }
  Status write() const {
    SEGC_RETURN_IF_ERROR(writeTiff(*this / "train-volume.tif", images));
    SEGC_RETURN_IF_ERROR(writeTiff(*this / "train-labels.tif", labels));
    return writeTiff(*this / "test-volume.tif", images);
  }
  GrayStack images{8, 8, 10, {}}, labels{8, 8, 10, {}};
};
} // namespace

TEST(IsbiTest, SmallPipeline) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(8, 12), {});
  ASSERT_OK(opened.status());
  Dataset &set = **opened;
  EXPECT_STREQ(set.kind(), "isbi");
  EXPECT_EQ(set.count(Split::Train), 10);
  EXPECT_EQ(set.count(Split::Validation), 0);
  EXPECT_EQ(set.count(Split::Test), 10);
  EXPECT_THAT(set.imageShape(), ElementsAre(12, 12, 1));
  EXPECT_THAT(set.labelShape(), ElementsAre(8, 8));
  EXPECT_EQ(set.caseName(Split::Test, 7), "test-07");

  std::vector<float> image(144, 7);
  std::vector<int32_t> label(64, 7);
  ASSERT_OK(set.sample(Split::Train, 0, {}, image.data(), label.data()));
  EXPECT_EQ(image[0], 0); // Padding.
  const std::string name = set.caseName(Split::Train, 0);
  const int page = std::stoi(name.substr(name.size() - 2));
  EXPECT_FLOAT_EQ(image[2 * 12 + 2], float(20 + page) / 127.5f - 1);
  EXPECT_FLOAT_EQ(image[9 * 12 + 9], float(200 + page) / 127.5f - 1);
  EXPECT_EQ(label[3], 0);
  EXPECT_EQ(label[4], 1);
  EXPECT_EQ(std::accumulate(label.begin(), label.end(), 0), 32);

  EXPECT_ERROR(set.sample(Split::Test, 0, {}, image.data(), label.data()),
               InvalidArgument, "test-00", "no label");
  ASSERT_OK(set.sample(Split::Test, 0, {}, image.data(), nullptr));

  auto source = set.source(Split::Train, 0);
  ASSERT_OK(source.status());
  EXPECT_THAT(source->geometry().size, ElementsAre(8, 8, 1));
  EXPECT_EQ(source->label[4], 1);
  EXPECT_EQ(source->channel(0).at(4, 0, 0), float(200 + page));
}

// Augmentation depends only on its key, and transforms image and label in the
// same way.
TEST(IsbiTest, Augmentation) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  std::vector<float> image(64), again(64);
  std::vector<int32_t> label(64), labelAgain(64);
  int flipped = 0, straight = 0, different = 0;
  for (uint64_t i = 0; i < 64; ++i) {
    AugmentKey key{5, i, true};
    ASSERT_OK(
        (*opened)->sample(Split::Train, 1, key, image.data(), label.data()));
    ASSERT_OK((*opened)->sample(Split::Train, 1, key, again.data(),
                                labelAgain.data()));
    EXPECT_EQ(image, again);
    EXPECT_EQ(label, labelAgain);
    key.seed = 6;
    ASSERT_OK((*opened)->sample(Split::Train, 1, key, again.data(), nullptr));
    different += image != again;
    for (float value : image)
      EXPECT_LE(std::abs(value), 1.0f);
    ++(label[0] ? flipped : straight);
    // Membranes are dark: with one edge, the darkest pixel has label 0 and the
    // brightest has label 1.
    auto darkest = std::min_element(image.begin(), image.end()) - image.begin();
    auto brightest =
        std::max_element(image.begin(), image.end()) - image.begin();
    EXPECT_EQ(label[size_t(darkest)], 0);
    EXPECT_EQ(label[size_t(brightest)], 1);
  }
  EXPECT_EQ(different, 64);
  EXPECT_GT(flipped, 16);
  EXPECT_GT(straight, 16);
}

static std::vector<uint8_t> firstRow(const std::vector<uint8_t> &page) {
  return {page.begin(), page.begin() + 8};
}

// Probabilities are written as masks on the slices' grid, with pictures.
TEST(IsbiTest, Predictions) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4, 8), {});
  ASSERT_OK(opened.status());
  Dataset &set = **opened;
  // Class 1 is in the right half of 4x4 pixels, without ties.
  std::vector<float> probabilities;
  for (int i = 0; i < 16; ++i) {
    float one = i % 4 >= 2 ? 0.9f : 0.2f;
    probabilities.insert(probabilities.end(), {1 - one, one});
  }
  PredictionFolders folders{data / "predictions", data / "overlays"};
  ASSERT_OK(writePredictions(set, Split::Test, {1, 0}, probabilities, folders,
                             /*greyMasks=*/true));
  auto masks = readAll(TiffStack::read(data / "predictions/test-masks.tif"));
  ASSERT_OK(masks.status());
  EXPECT_EQ(masks->pages, 2);
  // Between 0.2 and 0.9 the values at a quarter and three quarters are 0.375
  // and 0.725; the threshold is 0.5.
  EXPECT_THAT(firstRow(masks->page(1)),
              ElementsAre(0, 0, 0, 0, 255, 255, 255, 255));
  auto grey =
      readAll(TiffStack::read(data / "predictions/test-masks-grey.tif"));
  ASSERT_OK(grey.status());
  EXPECT_THAT(firstRow(grey->page(0)),
              ElementsAre(0, 0, 0, 64, 191, 255, 255, 255));
  EXPECT_TRUE(std::filesystem::exists(data / "overlays/test-00.png"));
  EXPECT_TRUE(std::filesystem::exists(data / "overlays/test-01.png"));
}

// Of a stack all files are there, or none is.
TEST(IsbiTest, NoPartOfAStack) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4, 8), {});
  ASSERT_OK(opened.status());
  const std::string grey = data / "predictions/test-masks-grey.tif",
                    masks = data / "predictions/test-masks.tif";
  std::filesystem::create_directories(grey + "/full");
  const std::vector<float> probabilities(32, 0.5f);
  EXPECT_ERROR(writePredictions(**opened, Split::Test, {0, 1}, probabilities,
                                {data / "predictions", ""},
                                /*greyMasks=*/true),
               IoError, "test-masks-grey.tif");
  EXPECT_FALSE(std::filesystem::exists(masks));
  std::filesystem::remove_all(grey);
  ASSERT_OK(writePredictions(**opened, Split::Test, {0, 1}, probabilities,
                             {data / "predictions", ""}, /*greyMasks=*/true));
  EXPECT_TRUE(std::filesystem::exists(masks));
}

// The probability of class 1 on the slices' grid, where masks have more than
// 0.5.
TEST(IsbiTest, Probabilities) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(4, 8), {});
  ASSERT_OK(opened.status());
  const Dataset &set = **opened;
  SegmentationWriter writer(set, {data / "predictions", ""});
  writer.saveProbabilities();
  for (int64_t index : {1, 0}) {
    std::vector<float> probabilities;
    for (int i = 0; i < 16; ++i) {
      const float one = i % 4 >= 2 ? 0.9f : 0.2f + float(index) / 10;
      probabilities.insert(probabilities.end(), {1 - one, one});
    }
    auto source = set.source(Split::Test, index);
    ASSERT_OK(source.status());
    ASSERT_OK(writer.write(set.files(Split::Test, index), *source,
                           probabilities.data()));
  }
  ASSERT_OK(writer.finish());
  const std::string path = data / "predictions/test-probabilities.tif";
  // The numbers as they are.
  const std::string bytes = *readFile(path);
  const std::vector<float> right = {0.9f, 0.9f, 0.9f};
  EXPECT_NE(bytes.find({reinterpret_cast<const char *>(right.data()),
                        right.size() * sizeof(float)}),
            std::string::npos);
  EXPECT_TRUE(hasOwnMark(path));
  auto read = readAll(TiffStack::read(path));
  ASSERT_OK(read.status());
  EXPECT_EQ(read->pages, 2);
  // 255 times 0.9f, which is less than 0.9, is less than 229.5.
  EXPECT_THAT(firstRow(read->page(0)),
              ElementsAre(51, 51, 51, 96, 185, 229, 229, 229));
}

TEST(IsbiTest, Files) {
  SmallData data;
  ASSERT_OK(data.write());
  auto opened = openFiles({data / "test-volume.tif"}, pipeline(4, 8), {});
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Test), 10);
  EXPECT_EQ((*opened)->caseName(Split::Test, 0), "test-volume-00");
  EXPECT_ERROR(
      openFiles({data / "test-volume.tif", data / "x.nii"}, pipeline(4, 8), {})
          .status(),
      InvalidArgument, "expected only slices (.tif");
  EXPECT_ERROR(openFiles({data / "test-volume.tif", data / "test-volume.tif"},
                         pipeline(4, 8), {})
                   .status(),
               InvalidArgument, "overwrite");
}

// Labels 0 and 1 have the meaning of 0 and 255 if there are no others.
TEST(IsbiTest, UnitLabels) {
  SmallData data;
  for (uint8_t &value : data.labels.pixels)
    value = value ? 1 : 0;
  ASSERT_OK(data.write());
  auto opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  std::vector<float> image(64);
  std::vector<int32_t> label(64);
  ASSERT_OK((*opened)->sample(Split::Train, 0, {}, image.data(), label.data()));
  EXPECT_EQ(std::accumulate(label.begin(), label.end(), 0), 32);
  EXPECT_THAT((*opened)->notes().take(),
              ElementsAre(testing::HasSubstr("labels are 0 and 1")));
  data.labels.pixels[5] = 255;
  ASSERT_OK(data.write());
  opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  EXPECT_ERROR((*opened)->load(Split::Train), InvalidArgument,
               "label value 255", "the file has 0, 1, 255");
}

// A file that cannot be read is a failed case; macOS metadata is ignored.
TEST(IsbiTest, OneBadFile) {
  SmallData data;
  ASSERT_OK(data.write());
  ASSERT_OK(writeFileAtomically(data / "bad.tif", "II*"));
  ASSERT_OK(
      writeFileAtomically(data / "._a.tif", std::string("\0\5\x16\7", 4)));
  const std::string good = data / "test-volume.tif", bad = data / "bad.tif";
  auto opened = openFiles({bad, data / "._a.tif", good}, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  ASSERT_EQ((*opened)->count(Split::Test), 11);
  EXPECT_EQ((*opened)->caseName(Split::Test, 0), "bad");
  std::vector<float> image(64);
  EXPECT_ERROR((*opened)->sample(Split::Test, 0, {}, image.data(), nullptr),
               DataLoss, "bad.tif");
  ASSERT_OK((*opened)->sample(Split::Test, 10, {}, image.data(), nullptr));
  EXPECT_THAT((*opened)->notes().take(),
              ElementsAre(testing::HasSubstr("macOS")));
  // A single unreadable file is a failed case too; the command reports its
  // format.
  opened = openFiles({bad}, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  EXPECT_ERROR((*opened)->sample(Split::Test, 0, {}, image.data(), nullptr),
               DataLoss, "bad.tif");
}

// Labels and slices with different orientations do not belong together.
TEST(IsbiTest, Orientations) {
  SmallData data;
  ASSERT_OK(data.write());
  TIFF *out = TIFFOpen((data / "train-labels.tif").c_str(), "w");
  for (int page = 0; page < 10; ++page) {
    for (auto [tag, value] : std::vector<std::pair<uint32_t, int>>{
             {TIFFTAG_IMAGEWIDTH, 8},
             {TIFFTAG_IMAGELENGTH, 8},
             {TIFFTAG_BITSPERSAMPLE, 8},
             {TIFFTAG_ROWSPERSTRIP, 8},
             {TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK},
             {TIFFTAG_ORIENTATION, ORIENTATION_BOTLEFT}})
      TIFFSetField(out, tag, value);
    TIFFWriteEncodedStrip(out, 0, data.labels.pixels.data(), 64);
    TIFFWriteDirectory(out);
  }
  TIFFClose(out);
  auto opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  EXPECT_ERROR((*opened)->load(Split::Train), InvalidArgument,
               "train-labels.tif: orientation 4, expected 1");
}

TEST(IsbiTest, Endings) {
  SmallData data;
  ASSERT_OK(data.write());
  for (auto [from, to] : std::vector<std::pair<const char *, const char *>>{
           {"train-volume.tif", "train-volume.TIF"},
           {"train-labels.tif", "train-labels.tiff"},
           {"test-volume.tif", "test-volume.TIFF"}})
    std::filesystem::rename(data / from, data / to);
  EXPECT_TRUE(holdsDataset(data.path));
  auto opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  ASSERT_OK((*opened)->load(Split::Train));
  EXPECT_EQ((*opened)->count(Split::Train), 10);
  EXPECT_EQ((*opened)->count(Split::Test), 10);
}

// The given part of the slices is held out, the last ones, as for volumes.
TEST(IsbiTest, TrainSplit) {
  SmallData data;
  ASSERT_OK(data.write());
  DatasetOptions options;
  options.trainSplit = 0.7;
  auto opened = openDataset(data.path, pipeline(8, 8), options);
  ASSERT_OK(opened.status());
  ASSERT_OK((*opened)->load(Split::Train));
  EXPECT_EQ((*opened)->count(Split::Train), 7);
  ASSERT_EQ((*opened)->count(Split::Validation), 3);
  EXPECT_EQ((*opened)->caseName(Split::Validation, 0), "train-07");
  data.images.pages = data.labels.pages = 1;
  ASSERT_OK(data.write());
  options.trainSplit = 0.5;
  opened = openDataset(data.path, pipeline(8, 8), options);
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Train), 0);
  options.trainSplit = 1;
  options.fold = 1;
  opened = openDataset(data.path, pipeline(8, 8), options);
  ASSERT_OK(opened.status());
  ASSERT_OK((*opened)->load(Split::Validation));
}

// Predictions need neither valid labels nor training slices.
TEST(IsbiTest, TrainingDoesNotStopPredictions) {
  SmallData data;
  ASSERT_OK(data.write());
  std::vector<float> image(64);
  std::vector<int32_t> label(64);
  std::filesystem::remove(data / "train-labels.tif");
  auto opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  ASSERT_OK((*opened)->sample(Split::Test, 0, {}, image.data(), nullptr));
  ASSERT_OK((*opened)->sample(Split::Train, 0, {}, image.data(), nullptr));
  EXPECT_ERROR((*opened)->load(Split::Train), NotFound, "train-labels.tif");
  EXPECT_ERROR(
      (*opened)->sample(Split::Train, 0, {}, image.data(), label.data()),
      NotFound, "train-labels.tif");
  ASSERT_OK(writeFileAtomically(data / "train-volume.tif", "II*"));
  opened = openDataset(data.path, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  ASSERT_OK((*opened)->sample(Split::Test, 0, {}, image.data(), nullptr));
  EXPECT_ERROR((*opened)->load(Split::Train), DataLoss, "train-volume.tif");
}

// The mask is written even if its picture cannot be, because a file has the
// name of the pictures' folder.
TEST(IsbiTest, PicturesThatFailAreNotes) {
  SmallData data;
  ASSERT_OK(data.write());
  ASSERT_OK(writeFileAtomically(data / "overlays", "x"));
  auto opened = openFiles({data / "test-volume.tif"}, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  std::vector<float> probabilities(128, 0.5f);
  PredictionFolders folders{data / "predictions", data / "overlays"};
  ASSERT_OK(
      writePredictions(**opened, Split::Test, {0}, probabilities, folders));
  EXPECT_TRUE(
      std::filesystem::exists(data / "predictions/test-volume-masks.tif"));
  EXPECT_THAT((*opened)->notes().take(),
              ElementsAre(testing::HasSubstr("no picture: ")));
}

// For a name of the maximum length, names of masks and pictures are shortened.
TEST(IsbiTest, LongNames) {
  SmallData data;
  ASSERT_OK(data.write());
  const std::string name(251, 'n');
  std::filesystem::rename(data / "test-volume.tif", data / (name + ".tif"));
  auto opened = openFiles({data / (name + ".tif")}, pipeline(8, 8), {});
  ASSERT_OK(opened.status());
  std::vector<float> probabilities(128, 0.5f);
  PredictionFolders folders{data / "predictions", data / "overlays"};
  ASSERT_OK(
      writePredictions(**opened, Split::Test, {0}, probabilities, folders));
  for (const char *folder : {"predictions", "overlays"}) {
    std::filesystem::directory_iterator files(data / folder);
    const std::string written = files->path().filename().string();
    EXPECT_EQ(written.size(), 255u);
    EXPECT_EQ(written.rfind(std::string(200, 'n'), 0), 0u);
    EXPECT_EQ(++files, std::filesystem::directory_iterator());
  }
}

// Unsupported formats are recognised in a list, a folder or a data set.
TEST(IsbiTest, ForeignFiles) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder / "images");
  ASSERT_OK(writeFileAtomically(folder / "images/000.jpg", "\xff\xd8\xff"));
  EXPECT_ERROR(
      openFiles({folder / "images/000.jpg"}, pipeline(8, 8), {}).status(),
      Unsupported, "000.jpg: JPEG", "TIFF");
  EXPECT_ERROR(openDataset(folder.path, pipeline(8, 8), {}).status(),
               Unsupported, "JPEG", "(000.jpg)", "ImageMagick");
  EXPECT_ERROR(openFiles({folder / "none.jpg"}, pipeline(8, 8), {}).status(),
               NotFound, "none.jpg");
  EXPECT_ERROR(openFiles({folder.path}, pipeline(8, 8), {}).status(),
               InvalidArgument, "a folder");
  // Files without extension are recognised by their first bytes.
  SmallData data;
  ASSERT_OK(data.write());
  std::filesystem::rename(data / "test-volume.tif", data / "scan");
  ASSERT_OK(openFiles({data / "scan"}, pipeline(8, 8), {}).status());
  EXPECT_THAT(*imagesIn(data.path), ElementsAre(data / "train-labels.tif",
                                                data / "train-volume.tif"));
}

TEST(IsbiTest, Errors) {
  SmallData data;
  auto open = [&](const Json &pipe, const DatasetOptions &options = {}) {
    auto opened = openDataset(data.path, pipe, options);
    return opened.ok() ? (*opened)->load(Split::Train) : opened.status();
  };
  EXPECT_ERROR(open(pipeline(8, 12)), NotFound, "unknown kind of data");
  EXPECT_ERROR(openDataset(data / "none", pipeline(8, 12), {}).status(),
               NotFound, "no such folder");
  ASSERT_OK(data.write());
  EXPECT_ERROR(open({{"kind", "decathlon"}}), InvalidArgument, "\"isbi\"",
               "\"decathlon\"");
  EXPECT_ERROR(open({{"kind", "isbi"}}), DataLoss, "resize");
  EXPECT_ERROR(open(pipeline(8, 4)), InvalidArgument, "pad_to");
  DatasetOptions options;
  options.fold = 5;
  EXPECT_ERROR(open(pipeline(8, 12), options), InvalidArgument, "fold 5");

  data.labels.pixels[64 + 3] = 128;
  ASSERT_OK(data.write());
  EXPECT_ERROR(open(pipeline(8, 12)), InvalidArgument, "page 1",
               "label value 128");
  data.labels.pages = 9;
  data.labels.pixels.resize(9 * 64);
  ASSERT_OK(data.write());
  EXPECT_ERROR(open(pipeline(8, 12)), InvalidArgument, "9 pages",
               "expected 10");
  std::filesystem::remove(data / "train-labels.tif");
  EXPECT_ERROR(open(pipeline(8, 12)), NotFound, "train-labels.tif");
}

// The expected figures were computed by other code in f64.
TEST(IsbiTest, RealData) {
  SKIP_WITHOUT_DATA(folder, "isbi-em");
  auto opened = openDataset(folder, pipeline(388, 572), {});
  ASSERT_OK(opened.status());
  Dataset &set = **opened;
  EXPECT_EQ(set.count(Split::Train), 30);
  EXPECT_EQ(set.count(Split::Test), 30);
  struct Case {
    const char *name;
    double mean, deviation, corner, inside;
    int64_t background;
  };
  const int64_t pixels = 388 * 388;
  for (const Case &expected :
       {Case{"train-00", 0.0761487, 0.3250824, -0.0207380, -0.2756424, 117556},
        Case{"train-29", 0.0456989, 0.3374986, -0.4143428, 0.2860190,
             125355}}) {
    int64_t index = 0;
    while (set.caseName(Split::Train, index) != expected.name)
      ++index;
    std::vector<float> image(572 * 572);
    std::vector<int32_t> label(pixels);
    ASSERT_OK(set.sample(Split::Train, index, {}, image.data(), label.data()));
    double sum = 0, squares = 0;
    for (float value : image) {
      sum += value;
      squares += double(value) * value;
    }
    const double mean = sum / pixels;
    EXPECT_NEAR(mean, expected.mean, 1e-5);
    EXPECT_NEAR(std::sqrt(squares / pixels - mean * mean), expected.deviation,
                1e-5);
    // f32 coordinates up to 512 differ from those in f64 by about 3e-5 pixels.
    EXPECT_NEAR(image[92 * 572 + 92], expected.corner, 1e-4);
    EXPECT_NEAR(image[(92 + 193) * 572 + 92 + 200], expected.inside, 1e-4);
    EXPECT_EQ(image[91 * 572 + 92], 0);
    // Labels on the threshold are rounded as in f32.
    EXPECT_EQ(std::accumulate(label.begin(), label.end(), int64_t{0}),
              expected.background);
  }
  DatasetOptions options;
  options.fold = 0;
  opened = openDataset(folder, pipeline(388, 572), options);
  ASSERT_OK(opened.status());
  EXPECT_EQ((*opened)->count(Split::Train), 24);
  EXPECT_EQ((*opened)->count(Split::Validation), 6);
  EXPECT_EQ((*opened)->caseName(Split::Validation, 0), "train-25");
}
