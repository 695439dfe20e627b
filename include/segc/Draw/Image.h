//===- Image.h - Pixels of a picture ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_IMAGE_H
#define SEGC_DRAW_IMAGE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace segc {

using Rgb = std::array<uint8_t, 3>;

/// An image of 8 bits a channel, rows from the top.
struct RgbImage {
  RgbImage() = default;
  RgbImage(int64_t width, int64_t height, Rgb fill = {0, 0, 0})
      : width(width), height(height),
        pixels(static_cast<size_t>(width * height), fill) {}

  Rgb &at(int64_t x, int64_t y) {
    return pixels[static_cast<size_t>(y * width + x)];
  }
  const Rgb &at(int64_t x, int64_t y) const {
    return pixels[static_cast<size_t>(y * width + x)];
  }

  int64_t width = 0, height = 0;
  std::vector<Rgb> pixels;
};

} // namespace segc

#endif // SEGC_DRAW_IMAGE_H
