//===- ChartsTest.cpp - Axes, curves, ratios, rooflines -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/LineChart.h"
#include "segc/Draw/RatioChart.h"
#include "segc/Draw/Roofline.h"
#include "segc/Draw/Units.h"

#include <gmock/gmock.h>

using namespace segc;
using namespace segc::draw;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Units, ThreeDigitsAndAUnit) {
  EXPECT_EQ(shortNumber(0), "0");
  EXPECT_EQ(bytesText(1.25 * 1024 * 1024), "1.25 MiB");
  EXPECT_EQ(timeText(1.25e-3), "1.25 ms");
  EXPECT_EQ(rateText(256e9), "256 GFLOP/s");
}

TEST(Axis, Ticks) {
  EXPECT_EQ(axisTicks(0, 1),
            (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(axisTicks(0, 97).size(), 5u);
  EXPECT_TRUE(axisTicks(1, 1).empty());
  EXPECT_TRUE(axisTicks(-1e308, 1e308).empty());
  EXPECT_THAT(logarithmicTicks(0.8, 12), ElementsAre(1, 2, 5, 10));
  EXPECT_THAT(logarithmicTicks(0.1, 1000), ElementsAre(0.1, 1, 10, 100, 1000));
  EXPECT_THAT(logarithmicTicks(0.8, 3), ElementsAre(1, 1.5, 2, 2.5, 3));
  EXPECT_TRUE(logarithmicTicks(0, 1).empty());
  EXPECT_EQ(byteTicks(3 * 1024 * 1024.0).back().second, "3.00 MiB");
}

TEST(Axis, Fractions) {
  Axis axis;
  axis.low = 1;
  axis.high = 100;
  EXPECT_DOUBLE_EQ(axis.fraction(50.5), 0.5);
  axis.logarithmic = true;
  EXPECT_DOUBLE_EQ(axis.fraction(10), 0.5);
  axis.high = 1;
  EXPECT_DOUBLE_EQ(axis.fraction(1), 0.5);
}

// The legend has rows above the area, so that it covers no data.
TEST(Plot, LegendIsAboveTheArea) {
  Canvas canvas = Canvas::pixels(300, 200);
  std::vector<LegendEntry> legend(8, {"a rather long name", {0, 0, 0}});
  const Rect bounds = {0, 0, 300, 200};
  const Plot plain(canvas, bounds, "title", {"x"}, {"y"}, {});
  const Plot plot(canvas, bounds, "title", {"x"}, {"y"}, legend);
  const double height = legendHeight(canvas, plot.area().width, legend);
  EXPECT_GT(height, 60);
  EXPECT_DOUBLE_EQ(plot.area().y - plain.area().y, height);
  EXPECT_DOUBLE_EQ(plot.area().bottom(), plain.area().bottom());
  EXPECT_DOUBLE_EQ(plot.x(0), plot.area().x);
  EXPECT_DOUBLE_EQ(plot.y(1), plot.area().y);
}

/// Draws the chart as SVG and as pixels with the same function.
template <typename Chart>
static std::string drawBoth(const Chart &chart, RgbImage &pixels,
                            void (*draw)(Canvas &, const Rect &,
                                         const Chart &)) {
  Canvas svg = Canvas::svg(400, 300), raster = Canvas::pixels(400, 300);
  draw(svg, {0, 0, 400, 300}, chart);
  draw(raster, {0, 0, 400, 300}, chart);
  pixels = *raster.finishPixels();
  return *svg.finishSvg("a chart");
}

static bool shows(const RgbImage &image, Rgb colour) {
  return std::find(image.pixels.begin(), image.pixels.end(), colour) !=
         image.pixels.end();
}

TEST(LineChart, CurvesAxesAndLegend) {
  LineChart chart;
  chart.title = "Loss";
  chart.xLabel = "training step";
  chart.yLabel = "loss";
  chart.series = {{"train", {200, 0, 0}, {{0, 1}, {50, 0.5}, {100, 0}}},
                  {"validation", {0, 0, 200}, {{100, 0.2}}}};
  RgbImage pixels;
  std::string svg = drawBoth(chart, pixels, drawLineChart);
  for (const char *text : {">Loss<", ">training step<", ">loss<", ">train<",
                           ">validation<", ">0.5<", ">100<"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_TRUE(shows(pixels, {200, 0, 0}));
  EXPECT_TRUE(shows(pixels, {0, 0, 200})) << "a single point is seen";
}

// Equal ratios of x are as far apart, with the ticks that the axis has.
TEST(LineChart, LogarithmicAxis) {
  LineChart chart;
  Axis axis;
  axis.label = "GPUs";
  axis.logarithmic = true;
  axis.low = 1;
  axis.high = 64;
  axis.ticks = {{1, "1"}, {8, "eight"}, {64, "64"}};
  chart.horizontal = axis;
  chart.series = {{"efficiency", {200, 0, 0}, {{1, 1}, {8, 0.9}, {64, 0.8}}}};
  RgbImage pixels;
  std::string svg = drawBoth(chart, pixels, drawLineChart);
  for (const char *text : {">GPUs<", ">eight<", ">64<"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_DOUBLE_EQ(axis.fraction(8), 0.5);
}

// An empty chart, a constant curve at a value so large that adding 1 does not
// change it, and more points than pixels.
TEST(LineChart, Extremes) {
  LineChart chart;
  RgbImage pixels;
  EXPECT_THAT(drawBoth(chart, pixels, drawLineChart), HasSubstr("<svg"));
  chart.series = {{"flat", {0, 0, 0}, {{1, 3.2e20}, {2, 3.2e20}}}};
  EXPECT_LT(drawBoth(chart, pixels, drawLineChart).size(), 20000u);
  chart.series[0].points.clear();
  for (int i = 0; i < 100000; ++i)
    chart.series[0].points.push_back({i * 1.0, i % 7 * 1.0});
  EXPECT_LT(drawBoth(chart, pixels, drawLineChart).size(), 60000u);
}

TEST(RatioChart, BarsLegendAndAxis) {
  RatioChart chart;
  chart.title = "a machine";
  chart.label = "times faster";
  chart.series = {"torch", "openvino"};
  chart.groups = {{"vnet", {{0, 3.25}, {1, 0.5}}}, {"unet", {{1, 2}}}};
  RgbImage pixels;
  std::string svg = drawBoth(chart, pixels, drawRatioChart);
  for (const char *text :
       {">a machine<", ">times faster<", ">torch<", ">openvino<", ">vnet<",
        ">unet<", ">3.25<", ">0.50<"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_TRUE(shows(pixels, palette[0]));
  EXPECT_TRUE(shows(pixels, palette[1]));
}

TEST(Roofline, FamiliesRoofAndRegions) {
  Roofline roofline;
  roofline.title = "Roofline of predict";
  roofline.roofName = "model";
  roofline.flopsPerSecond = 256e9;
  roofline.bytesPerSecond = 24e9;
  roofline.points = {
      {"conv_transpose_input_grad", 10, 1e11, 0.25, true, {"#0", "#e0k0", ""}},
      {"conv", 20, 2e11, 0.5, false, {"#1", "#e0k1", ""}}};
  RgbImage pixels;
  std::string svg = drawBoth(roofline, pixels, drawRoofline);
  for (const char *text :
       {">input gradients: 25 % of the time<",
        ">convolutions: 50 % of the time<", ">modelled<",
        ">model: 256 GFLOP/s, 24.0 GB/s<", ">100 GFLOP/s<", "FLOP per byte",
        "href='#e0k1'", "<title>#0</title>"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_THAT(svg, Not(HasSubstr("other kernels")));
  EXPECT_TRUE(shows(pixels, limitColour));
}
