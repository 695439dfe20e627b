//===- Overlay.cpp - Pictures of predictions ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Overlay.h"
#include "OutputNames.h"
#include "ViewRows.h"
#include "segc/Base/Files.h"
#include "segc/Draw/Plot.h"

#include <algorithm>
#include <cmath>

using namespace segc;

/// Colours of Okabe and Ito, the strongest first.
static constexpr std::array<Rgb, 7> palette = {{{230, 159, 0},
                                                {86, 180, 233},
                                                {0, 158, 115},
                                                {204, 121, 167},
                                                {240, 228, 66},
                                                {213, 94, 0},
                                                {0, 114, 178}}};

Rgb segc::classColour(size_t label) { return palette[label % palette.size()]; }

std::vector<bool>
segc::visibleClasses(const std::vector<std::string> &classNames,
                     int64_t classes) {
  std::vector<bool> visible(static_cast<size_t>(classes), true);
  auto found = std::find(classNames.begin(), classNames.end(), "background");
  size_t hidden = found == classNames.end()
                      ? 0
                      : static_cast<size_t>(found - classNames.begin());
  if (hidden < visible.size())
    visible[hidden] = false;
  return visible;
}

namespace {

/// One panel: a slice in the picture at (left, top).
struct Panel {
  RgbImage &picture;
  const OverlaySlice &slice;
  const std::vector<bool> &visible;
  int64_t left, top, scale;

  void draw(const std::vector<uint8_t> &labels) const {
    for (int64_t y = 0; y < slice.height; ++y)
      for (int64_t x = 0; x < slice.width; ++x)
        drawPixel(labels, x, y);
  }

private:
  void drawPixel(const std::vector<uint8_t> &labels, int64_t x,
                 int64_t y) const {
    const size_t place = static_cast<size_t>(y * slice.width + x);
    const uint8_t grey = slice.grey[place];
    const int label = labels.empty() ? 0 : labels[place];
    const bool tinted = !labels.empty() && visible[size_t(label)];
    const Rgb colour = classColour(size_t(label));
    auto differs = [&](int64_t nx, int64_t ny) {
      return nx >= 0 && ny >= 0 && nx < slice.width && ny < slice.height &&
             labels[static_cast<size_t>(ny * slice.width + nx)] != label;
    };
    // An outline is a third of a pixel thick, on the class's own side.
    const int64_t thick = std::max<int64_t>(1, scale / 3);
    bool west = tinted && differs(x - 1, y), east = tinted && differs(x + 1, y);
    bool north = tinted && differs(x, y - 1);
    bool south = tinted && differs(x, y + 1);
    Rgb inside = {grey, grey, grey};
    for (size_t c = 0; tinted && c < 3; ++c)
      inside[c] = static_cast<uint8_t>((2 * grey + colour[c]) / 3);
    for (int64_t j = 0; j < scale; ++j) {
      Rgb *row = &picture.at(left + x * scale, top + y * scale + j);
      const bool outline =
          (north && j < thick) || (south && j >= scale - thick);
      std::fill_n(row, scale, outline ? colour : inside);
      if (west)
        std::fill_n(row, thick, colour);
      if (east)
        std::fill_n(row + scale - thick, thick, colour);
    }
  }
};

} // namespace

/// Between panels.
static constexpr int64_t gap = 4;

RgbImage segc::drawPanels(const std::vector<OverlaySlice> &slices,
                          const std::vector<bool> &visible, int64_t scale) {
  int64_t width = 0, height = 0;
  for (const OverlaySlice &slice : slices) {
    int64_t panels = slice.label.empty() ? 2 : 3;
    width = std::max(width, panels * slice.width * scale + (panels - 1) * gap);
    height += slice.height * scale + (height ? gap : 0);
  }
  RgbImage picture(width, height, {255, 255, 255});
  int64_t top = 0;
  for (const OverlaySlice &slice : slices) {
    const int64_t step = slice.width * scale + gap;
    Panel{picture, slice, visible, 0, top, scale}.draw({});
    Panel{picture, slice, visible, step, top, scale}.draw(slice.prediction);
    if (!slice.label.empty())
      Panel{picture, slice, visible, 2 * step, top, scale}.draw(slice.label);
    top += slice.height * scale + gap;
  }
  return picture;
}

static std::vector<draw::LegendEntry>
classLegend(const std::vector<std::string> &classNames,
            const std::vector<bool> &visible) {
  std::vector<draw::LegendEntry> legend;
  for (size_t i = 0; i < visible.size(); ++i)
    if (visible[i])
      legend.push_back(
          {i < classNames.size() ? classNames[i] : "class " + std::to_string(i),
           classColour(i), draw::LegendEntry::Box});
  return legend;
}

StatusOr<RgbImage> segc::drawOverlay(const std::vector<OverlaySlice> &slices,
                                     const std::vector<std::string> &classNames,
                                     int64_t classes, int64_t scale) {
  const std::vector<bool> visible = visibleClasses(classNames, classes);
  const RgbImage panels = drawPanels(slices, visible, scale);
  const std::vector<draw::LegendEntry> legend =
      classLegend(classNames, visible);
  // Narrow panels leave room for one entry of the legend at least.
  const double minWidth = 240, heading = 20, margin = 6;
  const auto panelWidth = static_cast<double>(panels.width);
  const double width = std::max(panelWidth, minWidth);
  const double legendHeight = draw::legendHeight(draw::Canvas::pixels(1, 1),
                                                 width - 2 * margin, legend);
  // Text and legend are drawn on canvases of their own, so that the panels pass
  // through none.
  draw::Canvas above = draw::Canvas::pixels(width, heading);
  const char *titles[] = {"image", "prediction", "truth"};
  const bool hasTruth = !slices.empty() && !slices.front().label.empty();
  const double step =
      slices.empty() ? 0
                     : static_cast<double>(slices.front().width * scale + gap);
  draw::TextStyle style;
  style.anchor = draw::Anchor::Middle;
  for (int i = 0; i < (hasTruth ? 3 : 2); ++i)
    above.text({step * (i + 0.5) - gap / 2.0, heading - margin}, titles[i],
               style);
  draw::Canvas below = draw::Canvas::pixels(width, legendHeight + 2 * margin);
  draw::drawLegend(below, {margin, margin, width - 2 * margin, legendHeight},
                   legend);
  SEGC_ASSIGN_OR_RETURN(const RgbImage titled, above.finishPixels());
  SEGC_ASSIGN_OR_RETURN(const RgbImage explained, below.finishPixels());
  RgbImage picture(titled.width,
                   titled.height + panels.height + explained.height,
                   {255, 255, 255});
  auto out = std::copy(titled.pixels.begin(), titled.pixels.end(),
                       picture.pixels.begin());
  for (int64_t y = 0; y < panels.height; ++y, out += picture.width)
    std::copy_n(panels.pixels.begin() + y * panels.width, panels.width, out);
  std::copy(explained.pixels.begin(), explained.pixels.end(), out);
  return picture;
}

/// All voxels; beyond a million every n-th.
static std::vector<float> someVoxels(const VoxelView &image) {
  const auto &[width, height, depth] = image.size;
  const int64_t step = 1 + image.voxels() / 1'000'000;
  std::vector<float> values;
  if (step == 1) {
    values.resize(static_cast<size_t>(image.voxels()));
    for (int64_t row = 0; row < height * depth; ++row)
      readRow(image, row % height, row / height, values.data() + row * width);
    return values;
  }
  for (int64_t i = 0; i < image.voxels(); i += step)
    values.push_back(
        image.at(i % width, i / width % height, i / width / height));
  return values;
}

/// The 0.5 and 99.5 percentiles.
static std::pair<float, float> greyWindow(const VoxelView &image) {
  std::vector<float> sorted = someVoxels(image);
  const size_t count = sorted.size();
  // What is below a percentile stays in front of it.
  auto known = sorted.begin();
  auto at = [&](double share) {
    const auto place =
        sorted.begin() + static_cast<std::ptrdiff_t>(share * double(count - 1));
    std::nth_element(known, place, sorted.end());
    known = place;
    return *place;
  };
  float low = at(0.005);
  return {low, at(0.995)};
}

/// `count` of the planes z where something can be seen, evenly spread.
static std::vector<int64_t> choosePlanes(const std::array<int64_t, 3> &size,
                                         const uint8_t *prediction,
                                         const uint8_t *label,
                                         const std::vector<bool> &visible,
                                         int64_t count) {
  const int64_t plane = size[0] * size[1];
  std::vector<int64_t> planes, all;
  for (int64_t z = 0; z < size[2]; ++z) {
    bool seen = false;
    for (int64_t i = z * plane; i < (z + 1) * plane && !seen; ++i)
      seen = visible[prediction[i]] || (label && visible[label[i]]);
    if (seen)
      planes.push_back(z);
    all.push_back(z);
  }
  if (planes.empty())
    planes = all;
  std::vector<int64_t> chosen;
  const auto found = static_cast<int64_t>(planes.size());
  count = std::min(count, found);
  for (int64_t i = 0; i < count; ++i)
    chosen.push_back(
        planes[static_cast<size_t>((2 * i + 1) * found / (2 * count))]);
  return chosen;
}

std::vector<OverlaySlice> segc::volumeSlices(const VoxelView &image,
                                             const uint8_t *prediction,
                                             const uint8_t *label,
                                             const std::vector<bool> &visible,
                                             int64_t count) {
  const Size3 &size = image.size;
  auto [low, high] = greyWindow(image);
  const float range = high > low ? high - low : 1.0f;
  std::vector<OverlaySlice> slices;
  for (int64_t z : choosePlanes(size, prediction, label, visible, count)) {
    OverlaySlice slice;
    slice.width = size[0];
    slice.height = size[1];
    std::vector<float> row(static_cast<size_t>(size[0]));
    for (int64_t y = size[1] - 1; y >= 0; --y) {
      readRow(image, y, z, row.data());
      for (int64_t x = 0; x < size[0]; ++x) {
        const int64_t voxel = (z * size[1] + y) * size[0] + x;
        const float level = (row[static_cast<size_t>(x)] - low) / range;
        slice.grey.push_back(static_cast<uint8_t>(
            std::lround(255 * std::clamp(level, 0.0f, 1.0f))));
        slice.prediction.push_back(prediction[voxel]);
        if (label)
          slice.label.push_back(label[voxel]);
      }
    }
    slices.push_back(std::move(slice));
  }
  return slices;
}

std::string segc::overlayPath(const std::string &folder,
                              const std::string &caseName) {
  return folder + "/" + outputName(caseName, ".png");
}

Status segc::writeOverlay(const std::string &folder,
                          const std::string &caseName,
                          const std::vector<OverlaySlice> &slices,
                          const std::vector<std::string> &classNames,
                          int64_t classes) {
  int64_t longest = 1;
  for (const OverlaySlice &slice : slices)
    longest = std::max({longest, slice.width, slice.height});
  const int64_t scale = std::max<int64_t>(1, 256 / longest);
  SEGC_RETURN_IF_ERROR(createDirectories(folder));
  SEGC_ASSIGN_OR_RETURN(const RgbImage picture,
                        drawOverlay(slices, classNames, classes, scale));
  return writePng(overlayPath(folder, caseName), picture);
}
