//===- GreyPixels.h - Stored pixels as grey values --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What pages of TIFF and PNG have in common: how numbers of any type become
// grey from 0 (black) to 255 (white), or labels (docs/Formats.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_GREYPIXELS_H
#define SEGC_LIB_RUNTIME_DATA_GREYPIXELS_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace segc {

/// How the pixels of a page are stored, in this machine's byte order.
struct PixelFormat {
  int64_t width = 0, height = 0;
  uint16_t bits = 1, samples = 1; ///< Those below 8 bits fill bytes from above.
  bool isSigned = false, isReal = false;
  bool isRgb = false;          ///< The first three samples are a colour.
  bool separatePlanes = false; ///< A plane for each sample.

  uint64_t rowBytes() const {
    const uint64_t values = separatePlanes ? 1 : samples;
    return (static_cast<uint64_t>(width) * values * bits + 7) / 8;
  }
  uint64_t planeBytes() const {
    return rowBytes() * static_cast<uint64_t>(height);
  }
  uint64_t bytes() const {
    return planeBytes() * (separatePlanes ? samples : 1);
  }
};

/// Value `index` of a row.
double pixelValue(const PixelFormat &format, const uint8_t *row,
                  uint64_t index);

/// Calls f with each pixel's value; false if a pixel has a colour.
bool forEachPixel(const PixelFormat &format, const std::vector<uint8_t> &raw,
                  const std::function<void(double)> &f);

/// Finds by what stored numbers become 0 to 255.
class GreyScale {
public:
  GreyScale(PixelFormat format, ImageUse use) : format(format), use(use) {}

  /// Types whose numbers span 0..255 or less need no look at the numbers.
  bool isFixed() const { return format.bits <= 8 && !format.isSigned; }
  /// Looks at the numbers of a page; `where` names it in errors.
  Status add(const PixelFormat &page, const std::vector<uint8_t> &raw,
             const std::string &where);
  /// The factor; an error if the range has none.
  StatusOr<double> factor(const std::string &where,
                          std::vector<std::string> &warnings) const;

private:
  PixelFormat format;
  ImageUse use;
  double low = std::numeric_limits<double>::infinity(),
         high = -std::numeric_limits<double>::infinity();
};

/// A number times the factor, within 0..255.
uint8_t greyLevel(double value, double factor);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_GREYPIXELS_H
