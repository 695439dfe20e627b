//===- Tiff.h - Stacks of grey pages in TIFF --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// The format of the ISBI data and of predicted masks
// (docs/ReferenceBehaviour.md, "U-Net's data"). The reader takes grey pages of
// one size, of 1 to 16 bits, f32 or f64, in strips or tiles, in every
// compression of libtiff, BigTIFF, palettes and ImageJ's stacks whose planes
// follow one directory. It converts pixels to 0 (black) to 255 (white) as
// docs/Segrun.md describes. The writer makes pages of 8 bits in Deflate.
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

/// A file whose pages are decoded on demand. Copies share the file. Several
/// threads may decode pages.
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

  /// Are 0 for an empty stack.
  int64_t width() const;
  int64_t height() const;
  int64_t pages() const;
  int64_t pageSize() const { return width() * height(); }
  /// The tag Orientation, 1 to 8. Viewers turn pages by it; page() does not.
  int orientation() const;
  /// Returns the rows in the order of the file.
  StatusOr<std::vector<uint8_t>> page(int64_t index) const;
  const std::vector<std::string> &warnings() const;

private:
  struct File;
  std::shared_ptr<const File> file;
};

/// Encodes 8-bit grey pages of one size with Deflate as a file image.
StatusOr<std::string> encodeTiff(int64_t width, int64_t height,
                                 const std::vector<const uint8_t *> &pages);
Status writeTiff(const std::string &path, int64_t width, int64_t height,
                 const std::vector<const uint8_t *> &pages);
/// The same in 32-bit floating point, without compression.
Status writeTiff(const std::string &path, int64_t width, int64_t height,
                 const std::vector<const float *> &pages);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_TIFF_H
