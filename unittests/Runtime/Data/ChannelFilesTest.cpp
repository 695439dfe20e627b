//===- ChannelFilesTest.cpp - A file for each channel of a case -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Decathlon.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Data/Tiff.h"

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

static Json pipeline() {
  return {{"kind", "decathlon"},
          {"input_shape", {4, 4, 4}},
          {"orientation", "RAS"},
          {"class_names", {"background", "a"}}};
}

static VolumeGeometry grid() {
  VolumeGeometry grid;
  grid.size = {4, 3, 5};
  grid.spacing = {1, 2, 3};
  grid.affine = {{{0, 2, 0, 5}, {-1, 0, 0, 6}, {0, 0, 3, 7}}};
  grid.placedBy = PlacedBy::Directions;
  return grid;
}

static std::vector<uint8_t> voxels(size_t step) {
  std::vector<uint8_t> result(60);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = uint8_t(i * step % 251);
  return result;
}

static DatasetOptions twoChannels() {
  DatasetOptions options;
  options.channels = 2;
  return options;
}

static constexpr const char *endings[] = {".nii.gz", ".hdr", ".nrrd", ".mha"};

// A case of two files is the same in every format, also where the formats and
// the storage orders of its files differ; files on two grids are refused.
TEST(ChannelFilesTest, SingleFiles) {
  std::vector<float> first;
  for (const std::string ending : endings)
    for (const std::string second : endings)
      for (bool turned : {false, true}) {
        TemporaryFolder folder;
        AxisOrder order;
        if (turned)
          order = {{2, 0, 1}, {true, false, true}};
        const VolumeGeometry other = reordered(grid(), order);
        ASSERT_OK(writeVolume(folder / ("x_0000" + ending), grid(),
                              voxels(7).data()));
        ASSERT_OK(
            writeVolume(folder / ("x_0001" + second), other,
                        reordered(voxels(11), grid().size, order).data()));
        auto files = imagesIn(folder.path);
        ASSERT_OK(files.status());
        auto set = openFiles(*files, pipeline(), twoChannels());
        ASSERT_OK(set.status());
        ASSERT_EQ((*set)->count(Split::Test), 1);
        EXPECT_EQ((*set)->caseName(Split::Test, 0), "x");
        std::vector<float> image(128);
        ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
        if (first.empty())
          first = image;
        EXPECT_EQ(image, first) << ending << " and " << second;

        VolumeGeometry moved = other;
        moved.affine[1][3] += 1;
        ASSERT_OK(writeVolume(folder / ("x_0001" + second), moved,
                              voxels(11).data()));
        EXPECT_ERROR((*set)->sample(Split::Test, 0, {}, image.data(), nullptr),
                     InvalidArgument, "x_0001", "x_0000", "1 mm apart");
      }
}

TEST(ChannelFilesTest, OneNameForTwoCases) {
  TemporaryFolder folder;
  for (const char *name : {"x_0000.nii.gz", "x_0001.nii.gz", "x.nii.gz"})
    ASSERT_OK(writeVolume(folder / name, grid(), voxels(7).data()));
  auto files = imagesIn(folder.path);
  ASSERT_OK(files.status());
  EXPECT_ERROR(openFiles(*files, pipeline(), twoChannels()).status(),
               InvalidArgument, "x_0000.nii.gz and ", "x.nii.gz",
               "both are case \"x\"");
}

// Errors call the choice of a channel what their caller calls it, and name
// dataset.json where there is no choice.
TEST(ChannelFilesTest, ErrorsNameTheChoice) {
  TemporaryFolder folder;
  DecathlonIndex::Case listed;
  listed.name = "x";
  listed.channelImages = {"first.nii", "second.nii"};
  EXPECT_ERROR(caseFiles(folder.path, listed, {1, {}, "the member"}).status(),
               InvalidArgument, "case x: 2 images, the model takes one channel",
               "choose it with the member, from 0");
  EXPECT_ERROR(caseFiles(folder.path, listed, {1, 3, "the member"}).status(),
               InvalidArgument, "2 images, but the member 3 is beyond them",
               "choose one with the member 0..1");
  EXPECT_ERROR(caseFiles(folder.path, listed, {1, {}, ""}).status(),
               InvalidArgument,
               "2 images, dataset.json names 1 modality; list");

  const Json index = {{"modality", {{"0", "T1"}, {"1", "T2"}}},
                      {"labels", {{"0", "background"}, {"1", "a"}}},
                      {"training", Json::array()},
                      {"test", Json::array()}};
  ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
  DatasetOptions options;
  options.channelOption = "the member";
  EXPECT_ERROR(openDataset(folder.path, pipeline(), options).status(),
               InvalidArgument, "2 modalities (T1, T2), the model takes 1",
               "choose one with the member 0..1");
  options.channel = 2;
  EXPECT_ERROR(openDataset(folder.path, pipeline(), options).status(),
               InvalidArgument, "the member 2, but the modalities are T1, T2");
}

// The same files in a data set of nnU-Net v2, by the ending that it names.
TEST(ChannelFilesTest, NnunetFolder) {
  for (const std::string ending : endings) {
    TemporaryFolder folder;
    for (const char *name : {"imagesTr", "labelsTr", "imagesTs"})
      ASSERT_OK(createDirectories(folder / name));
    const std::vector<uint8_t> label(60, 1);
    for (const char *name : {"imagesTr/x", "imagesTs/y"})
      for (size_t channel : {0, 1})
        ASSERT_OK(writeVolume(folder / (std::string(name) + "_000" +
                                        std::to_string(channel) + ending),
                              grid(), voxels(7 + 4 * channel).data()));
    ASSERT_OK(
        writeVolume(folder / ("labelsTr/x" + ending), grid(), label.data()));
    const Json index = {{"channel_names", {{"0", "T1"}, {"1", "T2"}}},
                        {"labels", {{"background", 0}, {"a", 1}}},
                        {"numTraining", 1},
                        {"file_ending", ending}};
    ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
    auto set = openDataset(folder.path, pipeline(), twoChannels());
    ASSERT_OK(set.status());
    ASSERT_OK((*set)->load(Split::Train));
    ASSERT_OK((*set)->load(Split::Test));
    EXPECT_THAT((*set)->files(Split::Train, 0).images,
                ElementsAre(folder / ("imagesTr/x_0000" + ending),
                            folder / ("imagesTr/x_0001" + ending)));
    std::filesystem::remove(
        imageFiles(folder / ("imagesTs/y_0001" + ending)).back());
    set = openDataset(folder.path, pipeline(), twoChannels());
    ASSERT_OK(set.status());
    EXPECT_ERROR((*set)->load(Split::Test), NotFound, "y_0001");
  }
}

// For a network of patches slices are planes of a volume, in one file for each
// channel as well; others take no slices.
TEST(ChannelFilesTest, Slices) {
  std::vector<uint8_t> first = voxels(7), second = voxels(11);
  for (const std::string ending : {".png", ".tif"}) {
    TemporaryFolder folder;
    auto write = [&](const char *name, const std::vector<uint8_t> &pixels) {
      const std::string path = folder / (name + ending);
      return ending == ".png"
                 ? writeFileAtomically(path, *encodePng(12, 5, pixels.data()))
                 : writeTiff(path, 4, 3,
                             std::vector<const uint8_t *>{
                                 pixels.data(), pixels.data() + 12,
                                 pixels.data() + 24, pixels.data() + 36,
                                 pixels.data() + 48});
    };
    ASSERT_OK(write("x_0000", first));
    ASSERT_OK(write("x_0001", second));
    auto files = imagesIn(folder.path);
    ASSERT_OK(files.status());
    DatasetOptions options = twoChannels();
    options.planned = true;
    Json planned = pipeline();
    planned["kind"] = "nnunet";
    auto set = openFiles(*files, planned, options);
    ASSERT_OK(set.status());
    ASSERT_EQ((*set)->count(Split::Test), 1);
    auto source = (*set)->source(Split::Test, 0);
    ASSERT_OK(source.status());
    EXPECT_EQ(source->geometry().size,
              ending == ".png" ? (Size3{12, 5, 1}) : (Size3{4, 3, 5}));
    for (size_t channel : {0, 1})
      EXPECT_EQ(source->images[channel].voxels.floats(),
                std::vector<float>(channel ? second.begin() : first.begin(),
                                   channel ? second.end() : first.end()));
    options.limits.maxBytes = 59;
    set = openFiles(*files, planned, options);
    ASSERT_OK(set.status());
    EXPECT_FALSE((*set)->source(Split::Test, 0).ok());
    std::filesystem::remove(folder / ("x_0001" + ending));
    EXPECT_ERROR(openFiles({(*files)[0]}, planned, options).status(),
                 InvalidArgument, "x_0000 to x_0001");
    EXPECT_ERROR(openFiles({(*files)[0]}, pipeline(), twoChannels()).status(),
                 InvalidArgument, "pipeline \"isbi\"");
  }
}
