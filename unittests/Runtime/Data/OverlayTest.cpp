//===- OverlayTest.cpp - Pictures of predictions --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Overlay.h"
#include "TestSupport.h"

#include <png.h>
#include <set>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

TEST(OverlayTest, PngRoundTrip) {
  RgbImage image(3, 2);
  for (size_t i = 0; i < 6; ++i)
    image.pixels[i] = {uint8_t(i), uint8_t(40 * i), uint8_t(255 - i)};
  TemporaryFolder folder;
  ASSERT_OK(writePng(folder / "a.png", image));
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(
      png_image_begin_read_from_file(&header, (folder / "a.png").c_str()));
  EXPECT_EQ(header.width, 3u);
  EXPECT_EQ(header.height, 2u);
  header.format = PNG_FORMAT_RGB;
  std::vector<Rgb> read(6);
  ASSERT_TRUE(png_image_finish_read(&header, nullptr, read.data(), 0, nullptr));
  EXPECT_EQ(read, image.pixels);
  EXPECT_ERROR(writePng("/no/such/folder/a.png", image), NotFound, "a.png");
}

TEST(OverlayTest, VisibleClasses) {
  EXPECT_THAT(visibleClasses({"membrane", "background"}, 2),
              ElementsAre(true, false));
  EXPECT_THAT(visibleClasses({"background", "anterior", "posterior"}, 3),
              ElementsAre(false, true, true));
  EXPECT_THAT(visibleClasses({}, 2), ElementsAre(false, true));
}

// A 3x3 class inside a 5x5 slice is grey outside, has the full colour on the
// outline and a tint inside. The middle panel is the prediction.
TEST(OverlayTest, OutlineAndTint) {
  OverlaySlice slice;
  slice.width = slice.height = 5;
  slice.grey.assign(25, 90);
  slice.prediction.assign(25, 0);
  for (size_t y = 1; y < 4; ++y)
    for (size_t x = 1; x < 4; ++x)
      slice.prediction[y * 5 + x] = 1;
  RgbImage picture = drawPanels({slice}, {false, true}, 1);
  EXPECT_EQ(picture.width, 5 + 4 + 5);
  EXPECT_EQ(picture.height, 5);
  const Rgb grey = {90, 90, 90}, outline = picture.at(9 + 1, 1);
  const Rgb tint = picture.at(9 + 2, 2);
  EXPECT_EQ(picture.at(2, 2), grey);
  EXPECT_EQ(picture.at(9, 0), grey);
  EXPECT_NE(outline, grey);
  EXPECT_NE(tint, grey);
  for (size_t c = 0; c < 3; ++c)
    EXPECT_EQ(tint[c], (2 * 90 + outline[c]) / 3);

  slice.label = slice.prediction;
  picture = drawPanels({slice, slice}, {false, true}, 6);
  EXPECT_EQ(picture.width, 3 * 30 + 2 * 4);
  EXPECT_EQ(picture.height, 2 * 30 + 4);
  // The outline at the upper left corner of the class is two of six sub-pixels
  // wide.
  EXPECT_EQ(picture.at(34 + 6 + 1, 6 + 3), outline);
  EXPECT_EQ(picture.at(34 + 6 + 2, 6 + 2), tint);
}

// There are headings above the columns and a legend of the classes below.
TEST(OverlayTest, HeadingsAndLegend) {
  OverlaySlice slice;
  slice.width = slice.height = 100;
  slice.grey.assign(10000, 90);
  slice.prediction.assign(10000, 0);
  slice.label = slice.prediction;
  auto ink = [](const RgbImage &picture, int64_t left, int64_t right,
                int64_t top, int64_t bottom) {
    int64_t count = 0;
    for (int64_t y = top; y < bottom; ++y)
      for (int64_t x = left; x < right; ++x)
        count += picture.at(x, y) != Rgb{255, 255, 255};
    return count;
  };
  StatusOr<RgbImage> picture =
      drawOverlay({slice}, {"background", "anterior", "posterior"}, 3, 1);
  ASSERT_OK(picture.status());
  EXPECT_EQ(picture->width, 3 * 100 + 2 * 4);
  const int64_t panels = 20, below = panels + 100;
  ASSERT_GT(picture->height, below);
  for (int64_t column = 0; column < 3; ++column)
    EXPECT_GT(ink(*picture, column * 104, column * 104 + 100, 0, panels), 50);
  std::set<Rgb> colours;
  for (int64_t y = below; y < picture->height; ++y)
    for (int64_t x = 0; x < picture->width; ++x)
      colours.insert(picture->at(x, y));
  EXPECT_FALSE(colours.count(classColour(0)));
  EXPECT_TRUE(colours.count(classColour(1)));
  EXPECT_TRUE(colours.count(classColour(2)));
  // Without a label there is no third heading. Narrow panels keep the legend.
  slice = {2, 2, {0, 0, 0, 0}, {0, 0, 1, 1}, {}};
  picture = drawOverlay({slice}, {}, 2, 1);
  ASSERT_OK(picture.status());
  EXPECT_GT(ink(*picture, 0, picture->width, 22, picture->height), 50);
}

// Slices with classes are chosen; y points upwards.
TEST(OverlayTest, VolumeSlices) {
  const std::array<int64_t, 3> size = {2, 3, 10};
  std::vector<float> image(60);
  for (size_t i = 0; i < 60; ++i)
    image[i] = float(i);
  std::vector<uint8_t> prediction(60, 0), label(60, 0);
  prediction[6 * 4 + 0] = 1; // z = 4, y = 0, x = 0
  label[6 * 7 + 5] = 1;      // z = 7, y = 2, x = 1
  Voxels voxels(image);
  VoxelView view(voxels, size);
  std::vector<OverlaySlice> slices =
      volumeSlices(view, prediction.data(), label.data(), {false, true}, 5);
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_THAT(slices[0].prediction, ElementsAre(0, 0, 0, 0, 1, 0));
  EXPECT_THAT(slices[1].label, ElementsAre(0, 1, 0, 0, 0, 0));
  EXPECT_LT(slices[0].grey[4], slices[0].grey[0]);
  slices = volumeSlices(view, label.data(), nullptr, {false, false}, 4);
  EXPECT_EQ(slices.size(), 4u);
  EXPECT_TRUE(slices[0].label.empty());
}
