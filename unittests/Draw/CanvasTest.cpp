//===- CanvasTest.cpp - Shapes and text -----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/Canvas.h"

#include <gmock/gmock.h>

using namespace segc;
using namespace segc::draw;
using testing::HasSubstr;
using testing::Not;

static constexpr Rgb red = {255, 0, 0}, white = {255, 255, 255};

static int64_t countOf(const RgbImage &image, Rgb colour) {
  return std::count(image.pixels.begin(), image.pixels.end(), colour);
}

TEST(Canvas, PixelsOfShapes) {
  Canvas canvas = Canvas::pixels(20, 10, 2);
  canvas.rect({5, 2, 10, 4}, Paint::filled(red));
  StatusOr<RgbImage> image = canvas.finishPixels();
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->width, 40);
  EXPECT_EQ(image->height, 20);
  EXPECT_EQ(countOf(*image, red), 20 * 8);
  EXPECT_EQ(image->at(10, 4), red);
  EXPECT_EQ(image->at(9, 4), white);
}

// A last row that the picture covers partially is white too.
TEST(Canvas, BackgroundIsWhite) {
  StatusOr<RgbImage> image = Canvas::pixels(3, 2.5, 1.5).finishPixels();
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(countOf(*image, white), image->width * image->height);
}

// Text is drawn whatever fonts the machine has, in the width that was measured.
TEST(Canvas, TextIsMeasuredAndDrawn) {
  Canvas canvas = Canvas::pixels(200, 30);
  TextStyle style;
  style.colour = {0, 0, 0};
  const double width = canvas.textWidth("loss", style);
  EXPECT_GT(width, 15);
  EXPECT_LT(width, 60);
  EXPECT_NEAR(canvas.textWidth("lossloss", style), 2 * width, 1e-9);
  canvas.text({10, 20}, "loss", style);
  StatusOr<RgbImage> image = canvas.finishPixels();
  ASSERT_TRUE(image.ok());
  int64_t last = 0, inked = 0;
  for (int64_t y = 0; y < image->height; ++y)
    for (int64_t x = 0; x < image->width; ++x)
      if (image->at(x, y) != white) {
        ++inked;
        last = std::max(last, x);
      }
  EXPECT_GT(inked, 60);
  EXPECT_NEAR(static_cast<double>(last), 10 + width, 3);
}

TEST(Canvas, ImagesAreSquares) {
  RgbImage small(2, 1, red);
  small.at(1, 0) = {0, 0, 255};
  Canvas canvas = Canvas::pixels(10, 5);
  canvas.image({2, 1}, small, 3);
  StatusOr<RgbImage> image = canvas.finishPixels();
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(countOf(*image, red), 9);
  EXPECT_EQ(countOf(*image, {0, 0, 255}), 9);
}

/// Draws a picture with all elements and returns it as SVG.
static StatusOr<std::string> picture() {
  Canvas canvas = Canvas::svg(100, 50);
  canvas.circle({20, 20}, 5, Paint::filled(red, 0.5));
  canvas.line({0, 0}, {10, 10}, Paint::stroked(red));
  canvas.text({10, 40}, "a < b & \x80"
                        "c\n");
  canvas.region(Rect{1, 2, 3, 4}, {"title <1>", "#k'1", "data-k='1'"});
  canvas.region({{0, 0}, {1, 1}}, {"", "", "class='edge'"});
  return canvas.finishSvg("what \"it\" shows", "class='p'");
}

TEST(Canvas, SvgKeepsTextAndRegions) {
  StatusOr<std::string> svg = picture();
  ASSERT_TRUE(svg.ok());
  EXPECT_THAT(*svg, HasSubstr("<path"));
  EXPECT_THAT(*svg, HasSubstr(">a &lt; b &amp; ?c?</text>"));
  EXPECT_THAT(*svg, HasSubstr("viewBox='0 0 100 50'"));
  EXPECT_THAT(*svg, HasSubstr("class='p'>"));
  EXPECT_THAT(*svg, Not(HasSubstr("what \"it\"")));
  EXPECT_THAT(*svg, HasSubstr("data-k='1'><title>title &lt;1&gt;</title>"));
  EXPECT_THAT(*svg, Not(HasSubstr("#k'1")));
  EXPECT_THAT(*svg, HasSubstr("points='0.0,0.0 1.0,1.0' class='edge'/>"));
  // Without ids, several pictures on a page do not conflict.
  EXPECT_THAT(*svg, Not(HasSubstr(" id=")));
  EXPECT_THAT(*svg, Not(HasSubstr("<?xml")));
}

TEST(Canvas, SameCallsSameBytes) { EXPECT_EQ(*picture(), *picture()); }

TEST(Canvas, TooLargeIsAnError) {
  StatusOr<RgbImage> image = Canvas::pixels(1e6, 10).finishPixels();
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.status().message(), HasSubstr("cannot draw a picture"));
}
