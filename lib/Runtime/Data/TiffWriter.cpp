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

using namespace segc;
using namespace segc::tiff;

static bool writePage(TIFF *out, int64_t width, int64_t height,
                      const uint8_t *page) {
  const auto size = static_cast<tmsize_t>(width * height);
  // libtiff asks for a mutable buffer and may use it as scratch.
  std::vector<uint8_t> pixels(page, page + size);
  return TIFFSetField(out, TIFFTAG_IMAGEWIDTH, uint32_t(width)) &&
         TIFFSetField(out, TIFFTAG_IMAGELENGTH, uint32_t(height)) &&
         TIFFSetField(out, TIFFTAG_BITSPERSAMPLE, 8) &&
         TIFFSetField(out, TIFFTAG_SAMPLESPERPIXEL, 1) &&
         TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
         TIFFSetField(out, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
         TIFFSetField(out, TIFFTAG_ROWSPERSTRIP, uint32_t(height)) &&
         TIFFSetField(out, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
         TIFFSetField(out, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE) &&
         TIFFSetField(out, TIFFTAG_SOFTWARE, std::string(ownMark).c_str()) &&
         TIFFWriteEncodedStrip(out, 0, pixels.data(), size) == size &&
         TIFFWriteDirectory(out);
}

StatusOr<std::string>
segc::encodeTiff(int64_t width, int64_t height,
                 const std::vector<const uint8_t *> &pages) {
  MemoryFile file;
  file.writing = true;
  {
    TiffHandle tiff = openTiff(file, "w", 0);
    bool good = tiff != nullptr;
    for (const uint8_t *page : pages)
      good = good && writePage(tiff.get(), width, height, page);
    if (!good || !file.error.empty())
      return internalError("cannot encode a TIFF: " + file.error);
  }
  return std::move(file.output);
}

Status segc::writeTiff(const std::string &path, int64_t width, int64_t height,
                       const std::vector<const uint8_t *> &pages) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, encodeTiff(width, height, pages));
  return writeFileAtomically(path, bytes);
}
