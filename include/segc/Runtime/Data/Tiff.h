//===- Tiff.h - Multi-page grey TIFF ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// What the ISBI data and the predicted masks are stored in
// (reference-behaviour 1.2, 1.5): pages of equal size in strips, one 8-bit
// sample a pixel, 0 is black. Read: uncompressed, PackBits, LZW and Deflate.
// Written: Deflate.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_TIFF_H
#define SEGC_RUNTIME_DATA_TIFF_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

/// Pages of 8-bit grey, one after the other, each in rows from the top.
struct GrayStack {
  int64_t width = 0, height = 0, pages = 0;
  std::vector<uint8_t> pixels;

  int64_t pageSize() const { return width * height; }
  const uint8_t *page(int64_t index) const {
    return pixels.data() + index * pageSize();
  }
};

/// Decodes a file image; `where` names it in errors. InvalidArgument or
/// Unsupported for a valid TIFF of another kind, DataLoss for a damaged one.
/// Sizes are held against the file's size before memory is taken.
Expected<GrayStack> decodeTiff(std::string_view bytes,
                               const std::string &where);
Expected<GrayStack> readTiff(const std::string &path);

/// The file image of `stack`, Deflate-compressed.
Expected<std::string> encodeTiff(const GrayStack &stack);
Status writeTiff(const std::string &path, const GrayStack &stack);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_TIFF_H
