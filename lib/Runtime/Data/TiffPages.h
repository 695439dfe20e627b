//===- TiffPages.h - Directories of a TIFF file -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_TIFFPAGES_H
#define SEGC_LIB_RUNTIME_DATA_TIFFPAGES_H

#include "GreyPixels.h"
#include "TiffHandle.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Data/ImageLimits.h"
#include "segc/Runtime/Data/Tiff.h"

#include <array>
#include <optional>
#include <vector>

namespace segc::tiff {

/// How the pixels of a page are stored.
struct PageFormat : PixelFormat {
  uint16_t sampleFormat = SAMPLEFORMAT_UINT;
  uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  uint16_t orientation = ORIENTATION_TOPLEFT;
};

/// One page: a directory, or a plane behind the pixels of one (ImageJ).
struct PageEntry {
  uint64_t directory = 0;
  std::optional<uint64_t> plane; ///< Where its pixels begin, as they are.
};

struct PageList {
  std::vector<PageEntry> entries;
  std::vector<std::string> warnings;
};

/// What the program that wrote a stack says about it.
struct StackDescription {
  std::string source; ///< "ImageJ's description"
  int64_t images = 1;

  /// "ImageJ's description counts 4 slices".
  std::string counted() const {
    return source + " counts " + std::to_string(images) + " slices";
  }
};

/// Reads the description of the first directory; an error if it has several
/// channels, whose pages would be taken for slices.
StatusOr<StackDescription> describeStack(TIFF *tiff, const PageFormat &format,
                                         const std::string &where);

Status damaged(const std::string &where, const std::string &what,
               const MemoryFile &file);

/// Format of the current directory, which must be one that we read.
StatusOr<PageFormat> readFormat(TIFF *tiff, const std::string &where,
                                ImageUse use);

/// Walks the directories: leaves thumbnails and masks out and finds ImageJ's
/// planes. The total is held against the file and the limits.
StatusOr<PageList> listPages(TIFF *tiff, const MemoryFile &file,
                             const std::string &where, ImageUse use,
                             const ImageLimits &limits);

/// Grey of each index of the current directory's palette; an error if one is
/// coloured.
StatusOr<std::vector<uint8_t>> greyPalette(TIFF *tiff, uint16_t bits,
                                           const std::string &where);

} // namespace segc::tiff

#endif // SEGC_LIB_RUNTIME_DATA_TIFFPAGES_H
