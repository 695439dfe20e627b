//===- Canvas.h - Shapes and text as PNG or SVG -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Code that draws a picture takes a Canvas; the canvas decides on the format.
// Shapes are drawn by cairo, to pixels or to SVG. Text is drawn by cairo in
// pixels; in SVG it stays text, which can be found and copied, at the width
// that cairo measured. The same calls give the same bytes.
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

/// Fill and line of a shape. Opacity 0 draws nothing.
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
  bool upwards = false; ///< Rotated by 90 degrees, reading upwards.
};

/// An interactive region of an SVG picture: `title` is its tooltip, `link` the
/// target of a click. `attributes` are written to the element verbatim. PNG
/// pictures have no regions.
struct Region {
  std::string title, link, attributes;
};

inline constexpr const char *svgNamespace =
    "xmlns='http://www.w3.org/2000/svg'";

/// A picture under construction. The origin is at the top left.
class Canvas {
public:
  /// Creates a raster picture with `scale` pixels for each unit of length.
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
  /// Draws a cubic curve with horizontal tangents at both ends.
  void curve(Point from, Point to, const Paint &paint);
  /// Draws text whose baseline starts at `at`.
  void text(Point at, std::string_view text, const TextStyle &style = {});
  double textWidth(std::string_view text, const TextStyle &style = {}) const;
  /// Draws the pixels of an image as squares with sides of `scale`.
  void image(Point at, const RgbImage &image, double scale = 1);

  void region(const Rect &rect, const Region &region);
  void region(Point centre, double radius, const Region &region);
  void region(const std::vector<Point> &line, const Region &region);

  /// Returns the pixels of a raster picture.
  StatusOr<RgbImage> finishPixels();
  /// Returns an <svg> element. `attributes` are written to it verbatim; `label`
  /// describes the picture for screen readers. A separate file needs
  /// `svgNamespace` among the attributes.
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
