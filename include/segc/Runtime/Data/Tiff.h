//===- Tiff.h - Stacks of grey pages in TIFF --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// What the ISBI data and the predicted masks are stored in
// (reference-behaviour 1.2, 1.5). Read: grey pages of equal size, of 1 to 16
// bits, f32 or f64, in strips or tiles, compressed as libtiff knows it, also
// BigTIFF, palettes and stacks of ImageJ whose planes follow one directory.
// Pixels become 0 (black) to 255 (white), docs/Segrun.md says how. Written:
// 8 bits in Deflate.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_TIFF_H
#define SEGC_RUNTIME_DATA_TIFF_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace segc {

/// A file whose pages are decoded when they are asked for. Copies share it;
/// pages may be decoded from several threads.
class TiffStack {
public:
  TiffStack() = default;
  /// Decodes a file image; `where` names it in errors. InvalidArgument or
  /// Unsupported for a valid TIFF of another kind, DataLoss for a damaged one.
  static StatusOr<TiffStack> decode(std::string bytes, const std::string &where,
                                    ImageUse use = ImageUse::Image,
                                    const ImageLimits &limits = {});
  static StatusOr<TiffStack> read(const std::string &path,
                                  ImageUse use = ImageUse::Image,
                                  const ImageLimits &limits = {});

  /// All 0 for a stack that holds nothing.
  int64_t width() const;
  int64_t height() const;
  int64_t pages() const;
  int64_t pageSize() const { return width() * height(); }
  /// The tag of TIFF, 1 to 8: how viewers turn pages, which are as stored here.
  int orientation() const;
  /// Rows as they are stored.
  StatusOr<std::vector<uint8_t>> page(int64_t index) const;
  const std::vector<std::string> &warnings() const;

private:
  struct File;
  std::shared_ptr<const File> file;
};

/// The file image of 8-bit grey pages of one size, Deflate-compressed.
StatusOr<std::string> encodeTiff(int64_t width, int64_t height,
                                 const std::vector<const uint8_t *> &pages);
Status writeTiff(const std::string &path, int64_t width, int64_t height,
                 const std::vector<const uint8_t *> &pages);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_TIFF_H
