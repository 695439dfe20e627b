//===- PngTest.cpp - Slices in PNG ----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Png.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <png.h>
#include <zlib.h>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A file of 2x2 pixels whose two rows are `rows`, as the standard has them.
static std::string pngOf(int bits, int colours, std::vector<std::string> rows,
                         std::vector<png_color> palette = {},
                         int interlace = PNG_INTERLACE_NONE) {
  std::string bytes;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp from, png_bytep data, size_t size) {
        static_cast<std::string *>(png_get_io_ptr(from))
            ->append(reinterpret_cast<char *>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, 2, 2, bits, colours, interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!palette.empty())
    png_set_PLTE(png, info, palette.data(), int(palette.size()));
  std::vector<png_bytep> places;
  for (std::string &row : rows)
    places.push_back(reinterpret_cast<png_bytep>(row.data()));
  png_write_info(png, info);
  png_write_image(png, places.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

static StatusOr<PngSlice> image(const std::string &bytes) {
  return decodePng(bytes, "x.png", ImageUse::Image);
}
static StatusOr<PngSlice> label(const std::string &bytes) {
  return decodePng(bytes, "x.png", ImageUse::Label);
}

/// Bytes of numbers, each of which fits one.
static std::string row(std::initializer_list<int> values) {
  return std::string(values.begin(), values.end());
}

TEST(PngTest, Grey) {
  for (int interlace : {PNG_INTERLACE_NONE, PNG_INTERLACE_ADAM7}) {
    auto slice = image(pngOf(8, PNG_COLOR_TYPE_GRAY,
                             {row({0, 7}), row({200, 255})}, {}, interlace));
    ASSERT_OK(slice.status());
    EXPECT_EQ(slice->width, 2);
    EXPECT_EQ(slice->height, 2);
    EXPECT_THAT(slice->pixels, ElementsAre(0, 7, 200, 255));
    EXPECT_THAT(slice->warnings, IsEmpty());
  }
  // Two pixels of 4 bits a byte.
  EXPECT_THAT(
      image(pngOf(4, PNG_COLOR_TYPE_GRAY, {row({0x0f}), row({0x5a})}))->pixels,
      ElementsAre(0, 255, 85, 170));
}

// 65535 is white, unless all pixels fit 8 bits.
TEST(PngTest, SixteenBits) {
  auto slice = image(pngOf(16, PNG_COLOR_TYPE_GRAY,
                           {row({0, 0, 0xff, 0xff}), row({0x80, 0x80, 0, 1})}));
  ASSERT_OK(slice.status());
  EXPECT_THAT(slice->pixels, ElementsAre(0, 255, 128, 0));
  const std::string narrow =
      pngOf(16, PNG_COLOR_TYPE_GRAY, {row({0, 0, 0, 255}), row({0, 3, 0, 1})});
  EXPECT_THAT(image(narrow)->pixels, ElementsAre(0, 255, 3, 1));
  EXPECT_THAT(label(narrow)->pixels, ElementsAre(0, 255, 3, 1));
  const std::string dark =
      pngOf(16, PNG_COLOR_TYPE_GRAY, {row({0, 0, 2, 0}), row({0, 3, 0, 1})});
  EXPECT_THAT(image(dark)->warnings,
              ElementsAre(StartsWith("16-bit pixels up to")));
  EXPECT_ERROR(label(dark).status(), InvalidArgument, "512",
               "store labels as 0 and 255");
}

TEST(PngTest, Colours) {
  const std::string grey =
      pngOf(8, PNG_COLOR_TYPE_RGB,
            {row({1, 1, 1, 2, 2, 2}), row({3, 3, 3, 255, 255, 255})});
  EXPECT_THAT(image(grey)->pixels, ElementsAre(1, 2, 3, 255));
  const std::string red =
      pngOf(8, PNG_COLOR_TYPE_RGB,
            {row({1, 1, 1, 2, 2, 2}), row({9, 3, 3, 4, 4, 4})});
  EXPECT_ERROR(image(red).status(), Unsupported, "x.png: RGB colours");
  EXPECT_ERROR(label(red).status(), Unsupported, "palette of labels");
  auto alpha = image(pngOf(
      8, PNG_COLOR_TYPE_RGB_ALPHA,
      {row({1, 1, 1, 255, 2, 2, 2, 255}), row({3, 3, 3, 255, 4, 4, 4, 255})}));
  ASSERT_OK(alpha.status());
  EXPECT_THAT(alpha->pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(alpha->warnings, IsEmpty());
  alpha = image(pngOf(8, PNG_COLOR_TYPE_GRAY_ALPHA,
                      {row({1, 255, 2, 255}), row({3, 9, 4, 255})}));
  ASSERT_OK(alpha.status());
  EXPECT_THAT(alpha->pixels, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(alpha->warnings, ElementsAre(StartsWith("its transparency")));
}

// An index is a label; an image has the palette's colours, which must be grey.
TEST(PngTest, Palettes) {
  const std::string coloured =
      pngOf(8, PNG_COLOR_TYPE_PALETTE, {row({0, 1}), row({2, 1})},
            {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}});
  EXPECT_THAT(label(coloured)->pixels, ElementsAre(0, 1, 2, 1));
  EXPECT_ERROR(image(coloured).status(), Unsupported, "palette of colours");
  const std::string grey =
      pngOf(2, PNG_COLOR_TYPE_PALETTE, {row({0x10}), row({0x90})},
            {{5, 5, 5}, {77, 77, 77}, {200, 200, 200}});
  EXPECT_THAT(image(grey)->pixels, ElementsAre(5, 77, 200, 77));
  EXPECT_THAT(label(grey)->pixels, ElementsAre(0, 1, 2, 1));
}

TEST(PngTest, Damaged) {
  const std::string good =
      pngOf(8, PNG_COLOR_TYPE_GRAY, {row({0, 7}), row({200, 255})});
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(image(good.substr(0, size)).ok()) << size;
  std::string changed = good;
  changed[good.find("IDAT") + 6] ^= 1;
  EXPECT_ERROR(image(changed).status(), DataLoss, "x.png",
               "copy the file again");
  EXPECT_ERROR(decodePng(good, "x.png", ImageUse::Image, {3}).status(),
               Unsupported, "--max-image-bytes");
  // A small file that states a large image: nothing is allocated for it.
  std::string huge = good;
  huge[18] = huge[22] = 100;
  const auto sum =
      uint32_t(crc32(0, reinterpret_cast<const Bytef *>(huge.data() + 12), 17));
  for (size_t i = 0; i < 4; ++i)
    huge[29 + i] = char(sum >> (24 - 8 * i));
  EXPECT_ERROR(
      decodePng(huge, "x.png", ImageUse::Image, {~uint64_t{0}}).status(),
      DataLoss, "cannot come from a file");
  EXPECT_ERROR(image("II*").status(), DataLoss, "not a PNG");
}

/// A U-Net's pipeline for slices.
static Json pipeline() {
  return {{"kind", "isbi"},
          {"resize", {4, 4}},
          {"pad_to", {4, 4}},
          {"output", {4, 4}},
          {"class_names", {"membrane", "background"}}};
}

// Slices are predicted, and their masks are PNGs that are told from others.
TEST(PngTest, Slices) {
  TemporaryFolder folder;
  const std::vector<uint8_t> pixels = {0, 50, 100, 150};
  for (const char *name : {"a.png", "b.png"})
    ASSERT_OK(
        writeFileAtomically(folder / name, *encodePng(2, 2, pixels.data())));
  auto files = imagesIn(folder.path);
  ASSERT_OK(files.status());
  EXPECT_THAT(*files, ElementsAre(folder / "a.png", folder / "b.png"));
  auto set = openFiles(*files, pipeline(), {});
  ASSERT_OK(set.status());
  EXPECT_EQ((*set)->count(Split::Test), 2);
  std::vector<float> image(size_t((*set)->imageShape()[0]) *
                           size_t((*set)->imageShape()[1]));
  ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
  std::vector<float> probabilities(image.size() * 2, 0.0f);
  for (size_t i = 0; i < image.size(); ++i)
    probabilities[2 * i + 1] = 1;
  ASSERT_OK(writePredictions(**set, Split::Test, {0, 1}, probabilities,
                             {folder / "masks", ""}));
  auto mask = label(*readFile(folder / "masks/a-masks.png"));
  ASSERT_OK(mask.status());
  EXPECT_THAT(mask->pixels, ElementsAre(255, 255, 255, 255));
  EXPECT_TRUE(hasOwnMark(folder / "masks/b-masks.png"));
}

// Pictures that lie beside volumes are no images, and are named; beside other
// slices they are.
TEST(PngTest, PreviewsAreNoImages) {
  TemporaryFolder folder;
  const std::vector<uint8_t> pixels(4, 1);
  ASSERT_OK(
      writeFileAtomically(folder / "a.png", *encodePng(2, 2, pixels.data())));
  EXPECT_THAT(*imagesIn(folder.path), ElementsAre(folder / "a.png"));
  Notes notes;
  ASSERT_OK(writeTiff(folder / "b.tif", 2, 2,
                      std::vector<const uint8_t *>{pixels.data()}));
  EXPECT_THAT(*imagesIn(folder.path, &notes),
              ElementsAre(folder / "a.png", folder / "b.tif"));
  EXPECT_THAT(notes.take(), IsEmpty());
  std::filesystem::remove(folder / "b.tif");
  ASSERT_OK(writeNifti(folder / "a.nii.gz", cubeOfEight(),
                       std::vector<uint8_t>(8, 1).data()));
  EXPECT_THAT(*imagesIn(folder.path, &notes), ElementsAre(folder / "a.nii.gz"));
  EXPECT_THAT(notes.take(), ElementsAre(HasSubstr("a.png: taken for a picture "
                                                  "of a volume")));
  EXPECT_THAT(*everyImageIn(folder.path),
              ElementsAre(folder / "a.nii.gz", folder / "a.png"));
}
