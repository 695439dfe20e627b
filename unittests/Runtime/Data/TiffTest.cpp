//===- TiffTest.cpp - Multi-page grey TIFF --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"
#include "TestSupport.h"

using namespace segc;

static GrayStack makeStack(int64_t width, int64_t height, int64_t pages) {
  GrayStack stack{width, height, pages, {}};
  for (int64_t i = 0; i < width * height * pages; ++i)
    stack.pixels.push_back(static_cast<uint8_t>(i * 37 + i / 11));
  return stack;
}

namespace {
/// A TIFF put together by hand: one page, its tags and then its pixels.
struct RawTiff {
  bool bigEndian = false;
  uint32_t width = 4, height = 2, bits = 8, samples = 1, compression = 1;
  uint32_t photometric = 1, next = 0;
  std::string pixels = "\x01\x02\x03\x04\x05\x06\x07\x08";

  std::string image() const {
    std::string out = bigEndian ? "MM" : "II";
    put(out, 42, 2);
    put(out, 8, 4);
    const std::vector<std::array<uint32_t, 3>> tags = {
        {256, 4, width},
        {257, 4, height},
        {258, 3, bits},
        {259, 3, compression},
        {262, 3, photometric},
        {273, 4, 8 + 2 + 9 * 12 + 4},
        {277, 3, samples},
        {278, 4, height},
        {279, 4, static_cast<uint32_t>(pixels.size())}};
    put(out, static_cast<uint32_t>(tags.size()), 2);
    for (const auto &[tag, type, value] : tags) {
      put(out, tag, 2);
      put(out, type, 2);
      put(out, 1, 4);
      put(out, value, type == 3 ? 2 : 4);
      if (type == 3)
        put(out, 0, 2);
    }
    put(out, next, 4);
    return out + pixels;
  }

private:
  void put(std::string &out, uint32_t value, int bytes) const {
    for (int i = 0; i < bytes; ++i)
      out += static_cast<char>(value >> 8 * (bigEndian ? bytes - 1 - i : i));
  }
};
} // namespace

// What is written is read back, and twice the same bytes are written.
TEST(TiffTest, RoundTrip) {
  GrayStack stack = makeStack(37, 21, 5);
  Expected<std::string> bytes = encodeTiff(stack);
  ASSERT_OK(bytes.status());
  EXPECT_EQ(*bytes, *encodeTiff(stack));
  Expected<GrayStack> read = decodeTiff(*bytes, "x.tif");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->width, 37);
  EXPECT_EQ(read->height, 21);
  EXPECT_EQ(read->pages, 5);
  EXPECT_EQ(read->pixels, stack.pixels);
  EXPECT_EQ(read->page(2)[3], stack.pixels[2 * 37 * 21 + 3]);
}

TEST(TiffTest, BothByteOrders) {
  for (bool bigEndian : {false, true}) {
    RawTiff raw;
    raw.bigEndian = bigEndian;
    Expected<GrayStack> read = decodeTiff(raw.image(), "x.tif");
    ASSERT_OK(read.status());
    EXPECT_EQ(read->width, 4);
    EXPECT_EQ(read->height, 2);
    EXPECT_THAT(read->pixels, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  }
}

// No prefix of a file is taken for a whole one.
TEST(TiffTest, Truncated) {
  std::string bytes = RawTiff().image();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decodeTiff(std::string_view(bytes).substr(0, size), "x").ok())
        << size << " bytes";
  Expected<std::string> deflated = encodeTiff(makeStack(64, 64, 2));
  EXPECT_ERROR(
      decodeTiff(std::string_view(*deflated).substr(0, deflated->size() / 2),
                 "half.tif")
          .status(),
      DataLoss, "half.tif");
}

TEST(TiffTest, LyingSizes) {
  RawTiff raw;
  raw.width = raw.height = 1u << 30;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss,
               "1073741824x1073741824", "cannot come from a file of");
  raw.width = 0xfffffff0u;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss, "x.tif");
  raw.width = 4;
  raw.height = 3; // One row more than there are pixels.
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), DataLoss, "row");
  raw.height = 0;
  EXPECT_FALSE(decodeTiff(raw.image(), "x.tif").ok());
}

// A chain of pages that bites its tail ends.
TEST(TiffTest, PageLoop) {
  RawTiff raw;
  raw.next = 8;
  Expected<GrayStack> read = decodeTiff(raw.image(), "x.tif");
  if (read.ok())
    EXPECT_EQ(read->pages, 1);
  else
    EXPECT_EQ(read.status().code(), StatusCode::DataLoss);
}

TEST(TiffTest, OtherKinds) {
  RawTiff raw;
  raw.bits = 16;
  raw.pixels += raw.pixels;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), InvalidArgument,
               "16 bits", "8-bit grey");
  raw = RawTiff();
  raw.samples = 3;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), InvalidArgument,
               "3 samples");
  raw = RawTiff();
  raw.photometric = 0;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), Unsupported,
               "photometric");
  raw = RawTiff();
  raw.compression = 7;
  EXPECT_ERROR(decodeTiff(raw.image(), "x.tif").status(), Unsupported,
               "compression 7");
  EXPECT_ERROR(decodeTiff("not a picture at all", "x.tif").status(), DataLoss,
               "not a TIFF");
  EXPECT_ERROR(readTiff("/no/such/file.tif").status(), NotFound,
               "/no/such/file.tif");
}
