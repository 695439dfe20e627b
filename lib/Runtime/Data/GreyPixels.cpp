//===- GreyPixels.cpp - Stored pixels as grey values ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GreyPixels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;

template <typename T>
static double numberAt(const uint8_t *row, uint64_t index) {
  T value;
  std::memcpy(&value, row + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

double segc::pixelValue(const PixelFormat &format, const uint8_t *row,
                        uint64_t index) {
  if (format.isReal)
    return format.bits == 32 ? numberAt<float>(row, index)
                             : numberAt<double>(row, index);
  switch (format.bits) {
  default:
    break;
  case 8:
    return format.isSigned ? numberAt<int8_t>(row, index)
                           : numberAt<uint8_t>(row, index);
  case 16:
    return format.isSigned ? numberAt<int16_t>(row, index)
                           : numberAt<uint16_t>(row, index);
  case 32:
    return format.isSigned ? numberAt<int32_t>(row, index)
                           : numberAt<uint32_t>(row, index);
  }
  // 1, 2 or 4 bits, the first pixel in the highest.
  const uint64_t bit = index * format.bits;
  return row[bit / 8] >> (8 - format.bits - bit % 8) &
         ((1u << format.bits) - 1);
}

bool segc::forEachPixel(const PixelFormat &format,
                        const std::vector<uint8_t> &raw,
                        const std::function<void(double)> &f) {
  const uint64_t samples = format.separatePlanes ? 1 : format.samples;
  const uint64_t next = format.separatePlanes ? format.planeBytes() : 0;
  for (int64_t y = 0; y < format.height; ++y) {
    const uint8_t *row =
        raw.data() + static_cast<uint64_t>(y) * format.rowBytes();
    for (uint64_t x = 0; x < static_cast<uint64_t>(format.width); ++x) {
      const double value = pixelValue(format, row, x * samples);
      for (uint64_t c = 1; format.isRgb && c < 3; ++c)
        if (pixelValue(format, row + c * next,
                       x * samples + (format.separatePlanes ? 0 : c)) != value)
          return false;
      f(value);
    }
  }
  return true;
}

Status GreyScale::add(const PixelFormat &page, const std::vector<uint8_t> &raw,
                      const std::string &where) {
  Status finite;
  int64_t place = 0;
  forEachPixel(page, raw, [&](double value) {
    if (!std::isfinite(value) && finite.ok())
      finite = Status(StatusCode::NonFinite,
                      where + ": pixel (" + std::to_string(place % page.width) +
                          ", " + std::to_string(place / page.width) + ") is " +
                          std::to_string(value) +
                          ", expected numbers; repair the image");
    ++place;
    low = std::min(low, value);
    high = std::max(high, value);
  });
  return finite;
}

StatusOr<double> GreyScale::factor(const std::string &where,
                                   std::vector<std::string> &warnings) const {
  if (isFixed())
    return 255.0 / ((1 << format.bits) - 1);
  const bool real = format.isReal;
  if (real && low >= 0 && high <= 1)
    return 255.0;
  if (low >= 0 && high <= 255)
    return 1.0;
  if (real || format.bits != 16 || low < 0 ||
      (use == ImageUse::Label && high != 65535))
    return invalidArgument(
        where + ": pixels from " + std::to_string(low) + " to " +
        std::to_string(high) +
        (real ? ", expected 0 to 1 or 0 to 255"
              : ", expected 0 to 255, or 0 to 65535 in 16 bits") +
        (use == ImageUse::Image ? "; map the range of the image to grey values"
                                : "; store labels as 0 and 255"));
  if (high < 65535.0 / 4)
    warnings.push_back(
        "16-bit pixels up to " + std::to_string(int64_t(high)) +
        " become dark: 65535 is white; spread the range of the image if the "
        "model was trained on brighter ones");
  return 255.0 / 65535;
}

uint8_t segc::greyLevel(double value, double factor) {
  return static_cast<uint8_t>(
      std::lround(std::clamp(value * factor, 0.0, 255.0)));
}
