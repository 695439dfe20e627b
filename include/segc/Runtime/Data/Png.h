//===- Png.h - Images in PNG ------------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slices of 1 to 16 bits are read as grey or as labels (docs/Formats.md); masks
// of 8 bits and pictures are written.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PNG_H
#define SEGC_RUNTIME_DATA_PNG_H

#include "segc/Base/Status.h"
#include "segc/Draw/Image.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// A slice with a grey value from 0 (black) to 255 (white), or a label, for
/// each pixel.
struct PngSlice {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> pixels;
  std::vector<std::string> warnings;
};

/// Decodes the bytes of a file; `where` names it in errors.
StatusOr<PngSlice> decodePng(const std::string &bytes, const std::string &where,
                             ImageUse use, const ImageLimits &limits = {});

/// Pictures and grey masks carry the mark of segrun (OwnFiles.h).
StatusOr<std::string> encodePng(const RgbImage &image);
StatusOr<std::string> encodePng(int64_t width, int64_t height,
                                const uint8_t *grey);
Status writePng(const std::string &path, const RgbImage &image);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PNG_H
