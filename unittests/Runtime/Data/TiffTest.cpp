//===- TiffTest.cpp - Multi-page grey TIFF --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"
#include "TestSupport.h"

#include <cmath>
#include <functional>
#include <tiffio.h>

using namespace segc;
using namespace segc::test;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

static GrayStack makeStack(int64_t width, int64_t height, int64_t pages) {
  GrayStack stack{width, height, pages, {}};
  for (int64_t i = 0; i < width * height * pages; ++i)
    stack.pixels.push_back(static_cast<uint8_t>(i * 37 + i / 11));
  return stack;
}

namespace {
/// A TIFF of one page that is assembled by hand: tags, then pixels.
struct RawTiff {
  bool bigEndian = false;
  uint32_t width = 4, height = 2, bits = 8, samples = 1, compression = 1;
  uint32_t photometric = 1, next = 0;
  uint32_t planes = 0;     ///< Planes of a MetaMorph stack; 0 for other files.
  std::string description; ///< Description of more than four characters.
  std::string pixels = "\x01\x02\x03\x04\x05\x06\x07\x08";

  std::string image() const {
    std::string out = bigEndian ? "MM" : "II";
    put(out, 42, 2);
    put(out, 8, 4);
    std::vector<std::array<uint32_t, 3>> tags = {
        {256, 4, width},
        {257, 4, height},
        {258, 3, bits},
        {259, 3, compression},
        {262, 3, photometric},
        {273, 4, 0},
        {277, 3, samples},
        {278, 4, height},
        {279, 4,
         std::min<uint32_t>(uint32_t(pixels.size()),
                            width * height * samples * bits / 8)}};
    if (!description.empty())
      tags.insert(tags.begin() + 5, {270, 2, 0});
    if (planes) // The rationals of the tag are the bytes at the beginning.
      tags.push_back({33629, 5, 0});
    const auto text = static_cast<uint32_t>(8 + 2 + tags.size() * 12 + 4);
    put(out, static_cast<uint32_t>(tags.size()), 2);
    for (auto [tag, type, value] : tags) {
      put(out, tag, 2);
      put(out, type, 2);
      put(out,
          type == 2   ? uint32_t(description.size() + 1)
          : type == 5 ? planes
                      : 1,
          4);
      if (type == 2)
        value = text;
      if (tag == 273)
        value = text + (description.empty() ? 0 : description.size() + 1);
      put(out, value, type == 3 ? 2 : 4);
      if (type == 3)
        put(out, 0, 2);
    }
    put(out, next, 4);
    if (!description.empty())
      out += description + '\0';
    return out + pixels;
  }

private:
  void put(std::string &out, uint32_t value, int bytes) const {
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(value >> 8 * (bigEndian ? bytes - 1 - i : i));
  }
};
} // namespace

// Written pages are read back, and writing is deterministic.
TEST(TiffTest, RoundTrip) {
  GrayStack stack = makeStack(37, 21, 5);
  StatusOr<std::string> bytes = encodeTiff(stack);
  ASSERT_OK(bytes.status());
  EXPECT_EQ(*bytes, *encodeTiff(stack));
  StatusOr<GrayStack> read = decodeTiff(*bytes, "x.tif");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->width, 37);
  EXPECT_EQ(read->height, 21);
  EXPECT_EQ(read->pages, 5);
  EXPECT_EQ(read->pixels, stack.pixels);
}

TEST(TiffTest, BothByteOrders) {
  for (bool bigEndian : {false, true}) {
    RawTiff raw;
    raw.bigEndian = bigEndian;
    StatusOr<GrayStack> read = decodeTiff(raw.image(), "x.tif");
    ASSERT_OK(read.status());
    EXPECT_EQ(read->width, 4);
    EXPECT_EQ(read->height, 2);
    EXPECT_THAT(read->pixels, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  }
}

// No prefix of a file is accepted.
TEST(TiffTest, Truncated) {
  std::string bytes = RawTiff().image();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decodeTiff(bytes.substr(0, size), "x").ok())
        << size << " bytes";
  StatusOr<std::string> deflated = encodeTiff(makeStack(64, 64, 2));
  EXPECT_ERROR(decodeTiff(deflated->substr(0, deflated->size() / 2), "half.tif")
                   .status(),
               DataLoss, "half.tif");
}

TEST(TiffTest, InconsistentSizes) {
  RawTiff raw;
  raw.width = raw.height = 1u << 30;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss,
               "1073741824x1073741824", "at most 2^40 pixels");
  raw.width = raw.height = 1u << 14;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss,
               "cannot come from a file of");
  raw.width = 0xfffffff0u;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss, "x.tif");
  raw.width = 4;
  raw.height = 3; // One row more than there are pixels.
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss, "row");
  raw.height = 0;
  EXPECT_FALSE(decodeTiff(raw.image(), "x.tif").ok());
}

// The limit applies to all pages together, with at least one byte per pixel.
TEST(TiffTest, Limits) {
  std::string bytes = *encodeTiff(makeStack(64, 64, 3));
  const uint64_t pixels = 64 * 64 * 3;
  ASSERT_OK(decodeTiff(bytes, "x.tif", ImageUse::Image, {pixels}).status());
  EXPECT_ERROR(
      decodeTiff(bytes, "x.tif", ImageUse::Image, {pixels - 1}).status(),
      Unsupported, "x.tif: 12288 bytes unpacked", "--max-image-bytes");
  RawTiff raw;
  raw.bits = 1;
  raw.width = 64;
  raw.height = 1;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif", ImageUse::Image, {63}).status(),
               Unsupported, "64 bytes unpacked");
}

// A cyclic chain of pages ends.
TEST(TiffTest, PageLoop) {
  RawTiff raw;
  raw.next = 8;
  StatusOr<GrayStack> read = decodeTiff(raw.image(), "x.tif");
  if (read.ok())
    EXPECT_EQ(read->pages, 1);
  else
    EXPECT_EQ(read.status().code(), StatusCode::DataLoss);
}

//===----------------------------------------------------------------------===//
// Kinds that libtiff writes
//===----------------------------------------------------------------------===//

namespace {
/// A file that libtiff writes. `set` sets the fields of each page in addition
/// to its size.
struct Written {
  const char *mode = "w";
  int64_t width = 20, height = 10;
  int bits = 8, samples = 1, pages = 1;
  uint32_t tile = 0;
  std::function<void(TIFF *, int page)> set = [](TIFF *, int) {};

  /// Writes pages with these bytes in each plane and returns the file's bytes.
  std::string image(const std::vector<std::vector<uint8_t>> &planes) const {
    TemporaryFolder folder;
    const std::string path = folder / "x.tif";
    TIFF *out = TIFFOpen(path.c_str(), mode);
    for (int page = 0; page < pages; ++page) {
      TIFFSetField(out, TIFFTAG_IMAGEWIDTH, uint32_t(width));
      TIFFSetField(out, TIFFTAG_IMAGELENGTH, uint32_t(height));
      TIFFSetField(out, TIFFTAG_BITSPERSAMPLE, bits);
      TIFFSetField(out, TIFFTAG_SAMPLESPERPIXEL, samples);
      TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
      TIFFSetField(out, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
      if (tile) {
        TIFFSetField(out, TIFFTAG_TILEWIDTH, tile);
        TIFFSetField(out, TIFFTAG_TILELENGTH, tile);
      } else {
        TIFFSetField(out, TIFFTAG_ROWSPERSTRIP, 3);
      }
      set(out, page);
      for (size_t plane = 0; plane < planes.size(); ++plane)
        writePlane(out, planes[plane], uint16_t(plane));
      TIFFWriteDirectory(out);
    }
    TIFFClose(out);
    return *readFile(path);
  }

private:
  void writePlane(TIFF *out, std::vector<uint8_t> plane, uint16_t s) const {
    const size_t rowBytes = plane.size() / size_t(height);
    if (!tile) {
      for (uint32_t y = 0; y < uint32_t(height); ++y)
        TIFFWriteScanline(out, plane.data() + y * rowBytes, y, s);
      return;
    }
    const size_t pixel = rowBytes / size_t(width);
    for (uint32_t y = 0; y < height; y += tile)
      for (uint32_t x = 0; x < width; x += tile) {
        std::vector<uint8_t> block(tile * tile * pixel);
        for (uint32_t j = 0; j < tile && y + j < height; ++j)
          std::memcpy(block.data() + j * tile * pixel,
                      plane.data() + (y + j) * rowBytes + x * pixel,
                      std::min<size_t>(tile, size_t(width) - x) * pixel);
        TIFFWriteTile(out, block.data(), x, y, 0, s);
      }
  }
};
} // namespace

template <typename T>
static std::vector<uint8_t> bytesOf(const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// Tests pages with every codec, predictor, layout, format and byte order.
TEST(TiffTest, Storage) {
  const std::vector<uint8_t> pixels = makeStack(20, 10, 1).pixels;
  for (const char *mode : {"w", "wb", "w8"})
    for (int compression : {COMPRESSION_NONE, COMPRESSION_LZW,
                            COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS})
      for (int predictor : {1, 2})
        for (uint32_t tile : {0, 16}) {
          Written file;
          file.mode = mode;
          file.tile = tile;
          file.pages = 2;
          file.set = [&](TIFF *out, int) {
            TIFFSetField(out, TIFFTAG_COMPRESSION, compression);
            if (compression == COMPRESSION_LZW ||
                compression == COMPRESSION_ADOBE_DEFLATE)
              TIFFSetField(out, TIFFTAG_PREDICTOR, predictor);
          };
          auto read = decodeTiff(file.image({pixels}), "x.tif");
          ASSERT_OK(read.status());
          EXPECT_EQ(read->pages, 2);
          EXPECT_EQ(read->page(0), pixels);
          EXPECT_EQ(read->page(1), pixels);
        }
}

// 16-bit and 32-bit integers and f32 are scaled to grey values by their range.
TEST(TiffTest, Ranges) {
  auto read = [](auto number, double step, double offset, int format,
                 const char *mode) {
    using T = decltype(number);
    std::vector<T> values;
    for (int i = 0; i < 200; ++i)
      values.push_back(static_cast<T>(offset + step * (i % 2 ? 51 : 0)));
    Written file;
    file.mode = mode;
    file.bits = 8 * sizeof(T);
    file.set = [&](TIFF *out, int) {
      TIFFSetField(out, TIFFTAG_SAMPLEFORMAT, format);
    };
    return TiffStack::decode(file.image({bytesOf(values)}), "x.tif");
  };
  for (const char *mode : {"w", "wb"}) {
    auto second = [](const StatusOr<TiffStack> &stack) {
      return stack.ok() ? int((*(*stack).page(0))[1]) : -1;
    };
    EXPECT_EQ(second(read(uint16_t(), 1, 0, 1, mode)), 51);
    EXPECT_EQ(second(read(uint16_t(), 257, 0, 1, mode)), 51);
    EXPECT_EQ(second(read(int16_t(), 1, 0, 2, mode)), 51);
    EXPECT_EQ(second(read(uint32_t(), 1, 0, 1, mode)), 51);
    EXPECT_EQ(second(read(float(), 1, 0, 3, mode)), 51);
    EXPECT_EQ(second(read(float(), 1 / 255.0, 0, 3, mode)), 51);
    EXPECT_EQ(second(read(double(), 1 / 255.0, 0, 3, mode)), 51);
    auto dark = read(uint16_t(), 20, 0, 1, mode);
    ASSERT_OK(dark.status());
    EXPECT_THAT(dark->warnings(),
                ElementsAre(StartsWith("16-bit pixels up to 1020")));
    EXPECT_ERROR(read(int16_t(), 1, -1, 2, mode).status(), InvalidArgument,
                 "pixels from -1", "expected 0 to 255");
    EXPECT_ERROR(read(float(), 10, 0, 3, mode).status(), InvalidArgument,
                 "to 510", "0 to 1 or 0 to 255");
    EXPECT_ERROR(read(float(), NAN, 0, 3, mode).status(), NonFinite, "is nan");
  }
  // A single non-finite pixel.
  for (float odd : {NAN, INFINITY}) {
    std::vector<float> values(200, 0.5f);
    values[21] = odd;
    Written file;
    file.bits = 32;
    file.set = [](TIFF *out, int) {
      TIFFSetField(out, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP);
    };
    EXPECT_ERROR(decodeTiff(file.image({bytesOf(values)}), "x.tif").status(),
                 NonFinite, "x.tif: page 0: pixel (1, 1) is");
  }
}

// Pixels of few bits are scaled to 0..255. The first pixel is in the highest
// bits, and the last bits of a row are padding. With MinIsWhite, 0 is white.
TEST(TiffTest, FewBits) {
  RawTiff raw;
  raw.bits = 1;
  raw.width = 12;
  raw.height = 1;
  raw.pixels = std::string("\xb0\x5f", 2);
  EXPECT_THAT(decodeTiff(raw.image(), "x.tif")->pixels,
              ElementsAre(255, 0, 255, 255, 0, 0, 0, 0, 0, 255, 0, 255));
  raw.photometric = 0;
  EXPECT_THAT(decodeTiff(raw.image(), "x.tif")->pixels,
              ElementsAre(0, 255, 0, 0, 255, 255, 255, 255, 255, 0, 255, 0));
  raw.photometric = 1;
  raw.bits = 4;
  raw.width = 3;
  EXPECT_THAT(decodeTiff(raw.image(), "x.tif")->pixels,
              ElementsAre(187, 0, 85));
  raw = RawTiff();
  raw.photometric = 0;
  EXPECT_THAT(decodeTiff(raw.image(), "x.tif")->pixels,
              ElementsAre(254, 253, 252, 251, 250, 249, 248, 247));
}

// The indices of a palette are labels. Its colours are an image if they are
// grey.
TEST(TiffTest, Palettes) {
  std::vector<uint16_t> grey(256), red(256);
  for (size_t i = 0; i < 256; ++i)
    grey[i] = uint16_t(65535 - 257 * i);
  std::vector<uint8_t> pixels(200, 1);
  pixels[0] = 200;
  auto read = [&](std::vector<uint16_t> &first, ImageUse use) {
    Written file;
    file.set = [&](TIFF *out, int) {
      TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_PALETTE);
      TIFFSetField(out, TIFFTAG_COLORMAP, first.data(), grey.data(),
                   grey.data());
    };
    return decodeTiff(file.image({pixels}), "x.tif", use);
  };
  EXPECT_EQ(read(red, ImageUse::Label)->pixels, pixels);
  EXPECT_EQ(read(grey, ImageUse::Image)->pixels[0], 55);
  EXPECT_EQ(read(grey, ImageUse::Image)->pixels[1], 254);
  EXPECT_ERROR(read(red, ImageUse::Image).status(), Unsupported,
               "palette of colours");
}

// Grey images stored as RGB are read in both layouts. Colours and channels are
// refused with their name.
TEST(TiffTest, Channels) {
  std::vector<uint8_t> plane(200, 7), other(200, 9), threefold(600, 7),
      twofold(400, 7);
  auto rgb = [](int planar) {
    return [planar](TIFF *out, int) {
      TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
      TIFFSetField(out, TIFFTAG_PLANARCONFIG, planar);
    };
  };
  Written file;
  file.samples = 3;
  file.set = rgb(PLANARCONFIG_CONTIG);
  EXPECT_EQ(decodeTiff(file.image({threefold}), "x.tif")->pixels, plane);
  threefold[1] = 9;
  EXPECT_ERROR(decodeTiff(file.image({threefold}), "x.tif").status(),
               Unsupported, "page 0: RGB colours");
  file.set = rgb(PLANARCONFIG_SEPARATE);
  for (uint32_t tile : {0, 16}) {
    file.tile = tile;
    EXPECT_EQ(decodeTiff(file.image({plane, plane, plane}), "x")->pixels,
              plane);
    EXPECT_ERROR(decodeTiff(file.image({plane, plane, other}), "x").status(),
                 Unsupported, "RGB colours");
  }
  Written two;
  two.samples = 2;
  EXPECT_ERROR(decodeTiff(two.image({twofold}), "x.tif").status(),
               InvalidArgument, "2 channels");
  two.set = [](TIFF *out, int) {
    uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(out, TIFFTAG_EXTRASAMPLES, 1, &alpha);
  };
  EXPECT_EQ(decodeTiff(two.image({twofold}), "x.tif")->pixels, plane);
}

// Thumbnails and masks are skipped; a page of another size is an error.
TEST(TiffTest, Subfiles) {
  Written file;
  file.pages = 3;
  file.set = [](TIFF *out, int page) {
    if (page == 1)
      TIFFSetField(out, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  };
  auto stack =
      TiffStack::decode(file.image({std::vector<uint8_t>(200)}), "x.tif");
  ASSERT_OK(stack.status());
  EXPECT_EQ(stack->pages(), 2);
  EXPECT_THAT(stack->warnings(), ElementsAre(StartsWith("1 thumbnails")));
  file.set = [](TIFF *out, int) {
    TIFFSetField(out, TIFFTAG_SUBFILETYPE, FILETYPE_MASK);
  };
  EXPECT_ERROR(
      decodeTiff(file.image({std::vector<uint8_t>(200)}), "x.tif").status(),
      InvalidArgument, "at least one page");
}

// ImageJ stores several planes with one directory. Both byte orders are tested.
TEST(TiffTest, ImageJ) {
  for (bool bigEndian : {false, true}) {
    RawTiff raw;
    raw.bigEndian = bigEndian;
    raw.description = "ImageJ=1.53t\nimages=3\nslices=3\n";
    for (int i = 9; i < 25; ++i)
      raw.pixels += char(i);
    auto read = decodeTiff(raw.image(), "x.tif");
    ASSERT_OK(read.status());
    EXPECT_EQ(read->pages, 3);
    EXPECT_EQ(read->pixels.back(), 24);
    raw.bits = 16;
    raw.width = 2;
    read = decodeTiff(raw.image(), "x.tif");
    ASSERT_OK(read.status());
    // 0x1817 or 0x1718 of 65535.
    EXPECT_EQ(read->page(2)[3], bigEndian ? 23 : 24);
    raw.pixels.pop_back();
    EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss,
                 "counts 3 slices, the file has room for 2");
    raw.description = "ImageJ=1.53t\nimages=6\nchannels=2\nslices=3\n";
    EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), InvalidArgument,
                 "2 channels");
  }
}

// Channels in the description are not read as slices.
TEST(TiffTest, DescribedChannels) {
  const std::vector<uint8_t> pixels(200, 7);
  Written file;
  file.pages = 6;
  auto read = [&](const char *description) {
    file.set = [=](TIFF *out, int page) {
      if (page == 0)
        TIFFSetField(out, TIFFTAG_IMAGEDESCRIPTION, description);
    };
    return decodeTiff(file.image({pixels}), "x.tif").status();
  };
  EXPECT_ERROR(read("<?xml?><OME><Image><Pixels ID=\"0\" SizeC=\"2\" "
                    "SizeZ=\"3\"><Channel/></Pixels></Image></OME>"),
               InvalidArgument, "an OME stack of 2 channels");
  ASSERT_OK(read("<?xml?><OME><Image><Pixels ID=\"0\" SizeC=\"1\" "
                 "SizeZ=\"6\"><Channel/></Pixels></Image></OME>"));
  EXPECT_ERROR(read("{\"shape\": [2, 3, 10, 20], \"axes\": \"CZYX\"}"),
               InvalidArgument, "2 channels");
  ASSERT_OK(read("{\"shape\": [6, 10, 20], \"axes\": \"ZYX\"}"));
  ASSERT_OK(read("{\"shape\": [2], \"axes\": \"ZC\"}"));
  ASSERT_OK(read("{\"shape\": 1"));
}

// tifffile writes only the first directory if it truncates.
TEST(TiffTest, TruncatedByTifffile) {
  RawTiff raw;
  raw.description = "{\"shape\": [3, 2, 4], \"truncated\": true}";
  for (int i = 9; i < 25; ++i)
    raw.pixels += char(i);
  auto read = decodeTiff(raw.image(), "x.tif");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->pages, 3);
  EXPECT_EQ(read->pixels.back(), 24);
  raw.description = "{\"shape\": [9999999, 9999999, 9999999, 9999999, 4], "
                    "\"truncated\": true}";
  ASSERT_OK(decodeTiff(raw.image(), "x.tif").status());
}

// MetaMorph stores the planes of a stack with one directory too.
TEST(TiffTest, MetaMorph) {
  RawTiff raw;
  raw.planes = 2;
  for (int i = 9; i < 17; ++i)
    raw.pixels += char(i);
  auto read = decodeTiff(raw.image(), "x.stk");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->pages, 2);
  EXPECT_EQ(read->pixels.back(), 16);
  raw.pixels.pop_back();
  EXPECT_ERROR(decodeTiff(raw.image(), "x.stk").status(), DataLoss,
               "MetaMorph's tag counts 2 slices");
}

// Labels are not scaled like grey values: 300 of 65535 is not 1.
TEST(TiffTest, LabelRanges) {
  Written file;
  file.bits = 16;
  auto read = [&](uint16_t value) {
    std::vector<uint16_t> values(200);
    values[7] = value;
    return TiffStack::decode(file.image({bytesOf(values)}), "x.tif",
                             ImageUse::Label);
  };
  for (uint16_t value : {1, 255, 65535})
    ASSERT_OK(read(value).status());
  EXPECT_EQ((*read(65535)->page(0))[7], 255);
  EXPECT_ERROR(read(300).status(), InvalidArgument, "to 300",
               "labels as 0 and 255");
  RawTiff white;
  white.photometric = 0;
  auto inverted = TiffStack::decode(white.image(), "x.tif", ImageUse::Label);
  ASSERT_OK(inverted.status());
  EXPECT_THAT(inverted->warnings(),
              ElementsAre(StartsWith("0 is white (MinIsWhite)")));
}

// Pages with another orientation are read as they are stored, with a warning.
TEST(TiffTest, Orientation) {
  const std::vector<uint8_t> pixels = makeStack(20, 10, 1).pixels;
  Written file;
  file.pages = 2;
  int second = ORIENTATION_BOTRIGHT;
  file.set = [&](TIFF *out, int page) {
    TIFFSetField(out, TIFFTAG_ORIENTATION,
                 page ? second : int(ORIENTATION_BOTRIGHT));
  };
  auto stack = TiffStack::decode(file.image({pixels}), "x.tif");
  ASSERT_OK(stack.status());
  EXPECT_EQ(stack->orientation(), 3);
  EXPECT_EQ(*stack->page(0), pixels);
  EXPECT_THAT(stack->warnings(), ElementsAre(StartsWith("orientation 3")));
  // Some programs write the orientation only to the first page.
  second = ORIENTATION_TOPLEFT;
  ASSERT_OK(decodeTiff(file.image({pixels}), "x.tif").status());
}

TEST(TiffTest, OtherKinds) {
  RawTiff raw;
  raw.bits = 24;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), Unsupported,
               "24 bits", "8-bit grey");
  raw = RawTiff();
  raw.samples = 3;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), InvalidArgument,
               "3 channels");
  raw = RawTiff();
  raw.photometric = 5;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), Unsupported, "CMYK");
  raw = RawTiff();
  raw.compression = 6;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), Unsupported,
               "compression 6");
  EXPECT_ERROR(decodeTiff("not a picture at all", "x.tif").status(), DataLoss,
               "not a TIFF");
  EXPECT_ERROR(decodeTiff("\x89PNG\r\n\x1a\n", "x.tif").status(), Unsupported,
               "PNG by its content", ".png");
  EXPECT_ERROR(TiffStack::read("/no/such/file.tif").status(), NotFound,
               "/no/such/file.tif");
}
