//===- TiffWriter.cpp - Writing stacks of grey pages ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TiffHandle.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Tiff.h"

#include <type_traits>

using namespace segc;
using namespace segc::tiff;

template <typename T>
static bool writePage(TIFF *out, int64_t width, int64_t height, const T *page) {
  constexpr bool isFloat = std::is_same_v<T, float>;
  const int64_t count = width * height;
  const auto bytes = static_cast<tmsize_t>(count * sizeof(T));
  // libtiff asks for a mutable buffer and may use it as scratch.
  std::vector<T> pixels(page, page + count);
  return TIFFSetField(out, TIFFTAG_IMAGEWIDTH, uint32_t(width)) &&
         TIFFSetField(out, TIFFTAG_IMAGELENGTH, uint32_t(height)) &&
         TIFFSetField(out, TIFFTAG_BITSPERSAMPLE, int(8 * sizeof(T))) &&
         (!isFloat ||
          TIFFSetField(out, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_IEEEFP)) &&
         TIFFSetField(out, TIFFTAG_SAMPLESPERPIXEL, 1) &&
         TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
         TIFFSetField(out, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
         TIFFSetField(out, TIFFTAG_ROWSPERSTRIP, uint32_t(height)) &&
         // Numbers hardly pack, and more programs read them as they are.
         TIFFSetField(out, TIFFTAG_COMPRESSION,
                      isFloat ? COMPRESSION_NONE : COMPRESSION_ADOBE_DEFLATE) &&
         TIFFSetField(out, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE) &&
         TIFFSetField(out, TIFFTAG_SOFTWARE, std::string(ownMark).c_str()) &&
         TIFFWriteEncodedStrip(out, 0, pixels.data(), bytes) == bytes &&
         TIFFWriteDirectory(out);
}

template <typename T>
static StatusOr<std::string> encodePages(int64_t width, int64_t height,
                                         const std::vector<const T *> &pages) {
  MemoryFile file;
  file.writing = true;
  {
    TiffHandle tiff = openTiff(file, "w", 0);
    bool good = tiff != nullptr;
    for (const T *page : pages)
      good = good && writePage(tiff.get(), width, height, page);
    if (!good || !file.error.empty())
      return internalError("cannot encode a TIFF: " + file.error);
  }
  return std::move(file.output);
}

StatusOr<std::string>
segc::encodeTiff(int64_t width, int64_t height,
                 const std::vector<const uint8_t *> &pages) {
  return encodePages(width, height, pages);
}

Status segc::writeTiff(const std::string &path, int64_t width, int64_t height,
                       const std::vector<const uint8_t *> &pages) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, encodePages(width, height, pages));
  return writeFileAtomically(path, bytes);
}

Status segc::writeTiff(const std::string &path, int64_t width, int64_t height,
                       const std::vector<const float *> &pages) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, encodePages(width, height, pages));
  return writeFileAtomically(path, bytes);
}
