//===- Canvas.h - Shapes and text as PNG or SVG -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A picture is drawn once, by code that takes a Canvas; the canvas decides what
// becomes of it. Shapes are drawn by cairo, to pixels or to SVG. Text is drawn
// by cairo in pixels; in SVG it stays text, which can be found and copied, at
// the width that cairo measured. The same calls give the same bytes.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_CANVAS_H
#define SEGC_DRAW_CANVAS_H

#include "segc/Base/Status.h"
#include "segc/Draw/Image.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace segc::draw {

struct Point {
  double x = 0, y = 0;
};

struct Rect {
  double x = 0, y = 0, width = 0, height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// What paints a shape: its inside, its line, or both. Opacity 0 is nothing.
struct Paint {
  Rgb fill = {0, 0, 0};
  double fillOpacity = 0;
  Rgb stroke = {0, 0, 0};
  double strokeOpacity = 0;
  double lineWidth = 1;
  bool dashed = false;

  static Paint filled(Rgb colour, double opacity = 1);
  static Paint stroked(Rgb colour, double lineWidth = 1, double opacity = 1);
};

enum class Anchor { Start, Middle, End };

struct TextStyle {
  double size = 12;
  Rgb colour = {28, 32, 36};
  Anchor anchor = Anchor::Start;
  bool bold = false;
  bool upwards = false; ///< Turned by a quarter, to be read from the right.
};

/// A region of a picture that answers a pointer: `title` is shown over it, and
/// a click leads to `link`. `attributes` are written to the element as they
/// are. Pixels have no regions.
struct Region {
  std::string title, link, attributes;
};

inline constexpr const char *svgNamespace =
    "xmlns='http://www.w3.org/2000/svg'";

/// A picture under construction. Coordinates run from the top left.
class Canvas {
public:
  /// A picture of pixels: `scale` of them for each unit of length.
  static Canvas pixels(double width, double height, double scale = 1);
  static Canvas svg(double width, double height);
  Canvas(Canvas &&);
  Canvas &operator=(Canvas &&);
  ~Canvas();

  double width() const;
  double height() const;

  void rect(const Rect &rect, const Paint &paint);
  void circle(Point centre, double radius, const Paint &paint);
  void line(Point from, Point to, const Paint &paint);
  void polyline(const std::vector<Point> &points, const Paint &paint);
  /// A cubic curve that leaves and arrives horizontally.
  void curve(Point from, Point to, const Paint &paint);
  /// `at` is on the baseline.
  void text(Point at, std::string_view text, const TextStyle &style = {});
  double textWidth(std::string_view text, const TextStyle &style = {}) const;
  /// Pixels as squares with sides of `scale`.
  void image(Point at, const RgbImage &image, double scale = 1);

  void region(const Rect &rect, const Region &region);
  void region(Point centre, double radius, const Region &region);
  void region(const std::vector<Point> &line, const Region &region);

  /// The pixels of a picture of pixels.
  StatusOr<RgbImage> finishPixels();
  /// An <svg> element of a page; `attributes` are written to it as they are,
  /// `label` says what the picture shows to those who cannot see it. A file of
  /// its own needs `svgNamespace` among the attributes.
  StatusOr<std::string> finishSvg(std::string_view label,
                                  std::string_view attributes = "");

private:
  struct Surface;
  explicit Canvas(std::unique_ptr<Surface> surface);
  void paint(const Paint &paint);

  std::unique_ptr<Surface> surface;
};

} // namespace segc::draw

#endif // SEGC_DRAW_CANVAS_H
