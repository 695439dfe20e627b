//===- Canvas.cpp - Shapes and text as PNG or SVG -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Draw/Canvas.h"
#include "segc/Base/Html.h"

#include <algorithm>
#include <cairo-svg.h>
#include <cairo.h>
#include <cmath>
#include <cstdio>

using namespace segc;
using namespace segc::draw;

/// A fixed font, so that settings of the machine do not change pictures.
/// Debian's fontconfig depends on it (fonts-dejavu-core).
static constexpr const char *fontFamily = "DejaVu Sans";
static constexpr const char *svgFontFamily =
    "DejaVu Sans, Verdana, Liberation Sans, sans-serif";

Paint Paint::filled(Rgb colour, double opacity) {
  Paint paint;
  paint.fill = colour;
  paint.fillOpacity = opacity;
  return paint;
}

Paint Paint::stroked(Rgb colour, double lineWidth, double opacity) {
  Paint paint;
  paint.stroke = colour;
  paint.strokeOpacity = opacity;
  paint.lineWidth = lineWidth;
  return paint;
}

/// Replaces invalid UTF-8 and control characters by question marks, because
/// cairo and XML refuse them.
static std::string printableText(std::string_view text) {
  std::string printable;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                    : lead >= 0xf0 && lead < 0xf5 ? 4
                                                  : 0;
    bool valid = length > 0 && i + length <= text.size() &&
                 (lead >= 0x20 && lead != 0x7f);
    uint32_t code = lead & (0xff >> (length + 1));
    for (size_t k = 1; valid && k < length; ++k) {
      const auto byte = static_cast<uint8_t>(text[i + k]);
      valid = (byte & 0xc0) == 0x80;
      code = code << 6 | (byte & 0x3f);
    }
    // Refuses overlong forms, surrogates and values beyond U+10FFFF.
    valid = valid &&
            (length < 3 || code >= (length == 3 ? 0x800u : 0x10000u)) &&
            !(code >= 0xd800 && code < 0xe000) && code < 0x110000 &&
            code != 0xfffe && code != 0xffff;
    printable += valid ? std::string(text.substr(i, length)) : "?";
    i += valid ? length : 1;
  }
  return printable;
}

struct Canvas::Surface {
  double width, height;
  bool isSvg;
  std::string svgBytes; ///< The document that cairo writes.
  std::string svgText;  ///< Elements that are added on top of it.
  cairo_surface_t *target = nullptr;
  cairo_t *context = nullptr;

  Surface(double width, double height, double scale, bool isSvg)
      : width(width), height(height), isSvg(isSvg) {
    if (isSvg) {
      target = cairo_svg_surface_create_for_stream(
          [](void *self, const unsigned char *bytes, unsigned size) {
            static_cast<Surface *>(self)->svgBytes.append(
                reinterpret_cast<const char *>(bytes), size);
            return CAIRO_STATUS_SUCCESS;
          },
          this, width, height);
    } else {
      target = cairo_image_surface_create(
          CAIRO_FORMAT_RGB24, static_cast<int>(std::lround(width * scale)),
          static_cast<int>(std::lround(height * scale)));
    }
    context = cairo_create(target);
    if (!isSvg)
      cairo_scale(context, scale, scale);
    cairo_set_source_rgb(context, 1, 1, 1);
    cairo_paint(context);
    // Without hinting, glyphs have the same shapes and relative widths at every
    // size.
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(context, options);
    cairo_font_options_destroy(options);
  }
  Surface(const Surface &) = delete;
  ~Surface() {
    cairo_destroy(context);
    cairo_surface_destroy(target);
  }

  void setFont(const TextStyle &style) const {
    cairo_select_font_face(context, fontFamily, CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD
                                      : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(context, style.size);
  }
  double widthOf(const std::string &text, const TextStyle &style) const {
    setFont(style);
    cairo_text_extents_t extents;
    cairo_text_extents(context, text.c_str(), &extents);
    return extents.x_advance;
  }

  void addText(Point at, const std::string &text, const TextStyle &style,
               double textWidth);
  void addRegion(const std::string &shape, const Region &region);
};

template <typename... Values>
static std::string formatted(const char *format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

static std::string cssColour(Rgb colour) {
  return formatted("#%02x%02x%02x", colour[0], colour[1], colour[2]);
}

void Canvas::Surface::addText(Point at, const std::string &text,
                              const TextStyle &style, double textWidth) {
  const char *anchors[] = {"start", "middle", "end"};
  svgText += formatted("<text x='%.1f' y='%.1f' font-size='%g' fill='%s'", at.x,
                       at.y, style.size, cssColour(style.colour).c_str());
  if (style.anchor != Anchor::Start)
    svgText +=
        formatted(" text-anchor='%s'", anchors[static_cast<int>(style.anchor)]);
  if (style.bold)
    svgText += " font-weight='bold'";
  if (style.upwards)
    svgText += formatted(" transform='rotate(-90 %.1f %.1f)'", at.x, at.y);
  svgText += formatted(" textLength='%.1f' lengthAdjust='spacingAndGlyphs'>",
                       textWidth) +
             escapeHtml(text) + "</text>\n";
}

/// `shape` is the beginning of an element: "<rect x='1' ...".
void Canvas::Surface::addRegion(const std::string &shape,
                                const Region &region) {
  if (!isSvg)
    return;
  std::string element =
      shape + " " + region.attributes +
      (region.title.empty()
           ? "/>"
           : "><title>" + escapeHtml(region.title) + "</title></" +
                 shape.substr(1, shape.find(' ') - 1) + ">");
  if (!region.link.empty())
    element = "<a href='" + escapeHtml(region.link) + "'>" + element + "</a>";
  svgText += element + "\n";
}

Canvas::Canvas(std::unique_ptr<Surface> surface)
    : surface(std::move(surface)) {}
Canvas::Canvas(Canvas &&) = default;
Canvas &Canvas::operator=(Canvas &&) = default;
Canvas::~Canvas() = default;

Canvas Canvas::pixels(double width, double height, double scale) {
  return Canvas(std::make_unique<Surface>(width, height, scale, false));
}
Canvas Canvas::svg(double width, double height) {
  return Canvas(std::make_unique<Surface>(width, height, 1, true));
}

double Canvas::width() const { return surface->width; }
double Canvas::height() const { return surface->height; }

/// Paints and clears the current path.
void Canvas::paint(const Paint &paint) {
  cairo_t *context = surface->context;
  auto setSource = [&](Rgb colour, double opacity) {
    cairo_set_source_rgba(context, colour[0] / 255.0, colour[1] / 255.0,
                          colour[2] / 255.0, opacity);
  };
  if (paint.fillOpacity > 0) {
    setSource(paint.fill, paint.fillOpacity);
    cairo_fill_preserve(context);
  }
  if (paint.strokeOpacity > 0) {
    setSource(paint.stroke, paint.strokeOpacity);
    cairo_set_line_width(context, paint.lineWidth);
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
    const double dashes[] = {6, 4};
    cairo_set_dash(context, dashes, paint.dashed ? 2 : 0, 0);
    cairo_stroke_preserve(context);
  }
  cairo_new_path(context);
}

void Canvas::rect(const Rect &rect, const Paint &painted) {
  cairo_rectangle(surface->context, rect.x, rect.y, rect.width, rect.height);
  paint(painted);
}

void Canvas::circle(Point centre, double radius, const Paint &painted) {
  cairo_arc(surface->context, centre.x, centre.y, radius, 0, 2 * M_PI);
  paint(painted);
}

void Canvas::line(Point from, Point to, const Paint &painted) {
  polyline({from, to}, painted);
}

void Canvas::polyline(const std::vector<Point> &points, const Paint &painted) {
  for (const Point &point : points)
    cairo_line_to(surface->context, point.x, point.y);
  paint(painted);
}

void Canvas::curve(Point from, Point to, const Paint &painted) {
  const double middle = (from.x + to.x) / 2;
  cairo_move_to(surface->context, from.x, from.y);
  cairo_curve_to(surface->context, middle, from.y, middle, to.y, to.x, to.y);
  paint(painted);
}

double Canvas::textWidth(std::string_view text, const TextStyle &style) const {
  return surface->widthOf(printableText(text), style);
}

void Canvas::text(Point at, std::string_view text, const TextStyle &style) {
  const std::string printable = printableText(text);
  if (printable.empty())
    return;
  const double length = surface->widthOf(printable, style);
  if (surface->isSvg)
    return surface->addText(at, printable, style, length);
  cairo_t *context = surface->context;
  cairo_save(context);
  cairo_translate(context, at.x, at.y);
  if (style.upwards)
    cairo_rotate(context, -M_PI / 2);
  cairo_move_to(context,
                style.anchor == Anchor::Start    ? 0
                : style.anchor == Anchor::Middle ? -length / 2
                                                 : -length,
                0);
  cairo_set_source_rgb(context, style.colour[0] / 255.0,
                       style.colour[1] / 255.0, style.colour[2] / 255.0);
  cairo_show_text(context, printable.c_str());
  cairo_restore(context);
  cairo_new_path(context);
}

void Canvas::image(Point at, const RgbImage &image, double scale) {
  cairo_surface_t *pixels = cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, static_cast<int>(image.width),
      static_cast<int>(image.height));
  if (unsigned char *rows = cairo_image_surface_get_data(pixels)) {
    const int stride = cairo_image_surface_get_stride(pixels);
    for (int64_t y = 0; y < image.height; ++y) {
      auto *row = reinterpret_cast<uint32_t *>(rows + y * stride);
      for (int64_t x = 0; x < image.width; ++x) {
        const Rgb &colour = image.at(x, y);
        row[x] = uint32_t{colour[0]} << 16 | uint32_t{colour[1]} << 8 |
                 uint32_t{colour[2]};
      }
    }
    cairo_surface_mark_dirty(pixels);
  }
  cairo_t *context = surface->context;
  cairo_save(context);
  cairo_translate(context, at.x, at.y);
  cairo_scale(context, scale, scale);
  cairo_set_source_surface(context, pixels, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST);
  cairo_paint(context);
  cairo_restore(context);
  cairo_surface_destroy(pixels);
}

void Canvas::region(const Rect &rect, const Region &region) {
  surface->addRegion(
      formatted("<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' "
                "fill-opacity='0'",
                rect.x, rect.y, rect.width, rect.height),
      region);
}

void Canvas::region(Point centre, double radius, const Region &region) {
  surface->addRegion(
      formatted("<circle cx='%.1f' cy='%.1f' r='%.1f' fill-opacity='0'",
                centre.x, centre.y, radius),
      region);
}

void Canvas::region(const std::vector<Point> &line, const Region &region) {
  std::string points;
  for (const Point &point : line)
    points +=
        formatted("%s%.1f,%.1f", points.empty() ? "" : " ", point.x, point.y);
  surface->addRegion("<polyline fill='none' points='" + points + "'", region);
}

static Status checked(cairo_status_t status) {
  return status == CAIRO_STATUS_SUCCESS
             ? Status::success()
             : internalError(std::string("cannot draw a picture: ") +
                             cairo_status_to_string(status));
}

StatusOr<RgbImage> Canvas::finishPixels() {
  SEGC_RETURN_IF_ERROR(checked(cairo_status(surface->context)));
  cairo_surface_flush(surface->target);
  const unsigned char *rows = cairo_image_surface_get_data(surface->target);
  if (!rows)
    return internalError("cannot draw a picture: its canvas has no pixels");
  const int stride = cairo_image_surface_get_stride(surface->target);
  RgbImage image(cairo_image_surface_get_width(surface->target),
                 cairo_image_surface_get_height(surface->target));
  for (int64_t y = 0; y < image.height; ++y) {
    const auto *row = reinterpret_cast<const uint32_t *>(rows + y * stride);
    for (int64_t x = 0; x < image.width; ++x)
      image.at(x, y) = {static_cast<uint8_t>(row[x] >> 16),
                        static_cast<uint8_t>(row[x] >> 8),
                        static_cast<uint8_t>(row[x])};
  }
  return image;
}

/// The part of cairo's document between <svg ...> and </svg>, without the id,
/// which counts the surfaces of the process and would not be unique in a page
/// of several pictures.
static std::string svgShapes(const std::string &document) {
  const size_t begin = document.find('>', document.find("<svg"));
  const size_t end = document.rfind("</svg>");
  if (begin == std::string::npos || end == std::string::npos)
    return "";
  std::string shapes = document.substr(begin + 1, end - begin - 1);
  const size_t id = shapes.find(" id=\"surface");
  if (id != std::string::npos)
    shapes.erase(id, shapes.find('"', id + 5) + 1 - id);
  return shapes;
}

StatusOr<std::string> Canvas::finishSvg(std::string_view label,
                                        std::string_view attributes) {
  SEGC_RETURN_IF_ERROR(checked(cairo_status(surface->context)));
  cairo_surface_finish(surface->target);
  SEGC_RETURN_IF_ERROR(checked(cairo_surface_status(surface->target)));
  return formatted("<svg width='%g' height='%g' "
                   "viewBox='0 0 %g %g' font-family='%s' "
                   "role='img' aria-label='",
                   surface->width, surface->height, surface->width,
                   surface->height, svgFontFamily) +
         escapeHtml(label) + "' " + std::string(attributes) + ">" +
         svgShapes(surface->svgBytes) + surface->svgText + "</svg>\n";
}
