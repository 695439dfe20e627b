//===- Tiff.cpp - Reading stacks of grey pages ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"
#include "ForeignFormats.h"
#include "GreyPixels.h"
#include "ImageFile.h"
#include "TiffPages.h"

#include <algorithm>
#include <cstring>

using namespace segc;
using namespace segc::tiff;

struct TiffStack::File {
  std::string bytes, where;
  ImageUse use = ImageUse::Image;
  ImageLimits limits;
  int64_t width = 0, height = 0;
  int orientation = ORIENTATION_TOPLEFT;
  PageList list;
  double scale = 1; ///< From a stored number to 0..255.

  TiffHandle open(MemoryFile &memory) const {
    memory.input = bytes;
    // m: no memory mapping, c: strips as they are in the file.
    return openTiff(memory, "rmc", 16 * bytes.size() + (1u << 20));
  }
  std::string page(int64_t index) const {
    return where + ": page " + std::to_string(index);
  }

  Status readStrips(TIFF *tiff, const PageFormat &format, uint8_t *raw) const;
  Status readTiles(TIFF *tiff, const PageFormat &format,
                   std::vector<uint8_t> &raw) const;
  Status readRaw(TIFF *tiff, const MemoryFile &memory, const PageEntry &entry,
                 const PageFormat &format, std::vector<uint8_t> &raw) const;
  /// Calls f(format, tiff, raw) with the page as it is stored.
  template <typename F>
  Status withPage(int64_t index, F f) const;
  Status findScale(const PageFormat &first);
};

//===----------------------------------------------------------------------===//
// Unpacking a page
//===----------------------------------------------------------------------===//

Status TiffStack::File::readStrips(TIFF *tiff, const PageFormat &format,
                                   uint8_t *raw) const {
  uint32_t rows = 0;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
  const auto height = static_cast<uint64_t>(format.height);
  const uint64_t step = std::min<uint64_t>(rows ? rows : height, height);
  uint32_t strip = 0;
  for (int plane = 0; plane < (format.separatePlanes ? format.samples : 1);
       ++plane)
    for (uint64_t y = 0; y < height; y += step, ++strip) {
      const auto bytes =
          static_cast<tmsize_t>(std::min(step, height - y) * format.rowBytes());
      if (TIFFReadEncodedStrip(tiff, strip, raw, bytes) != bytes)
        return dataLoss("rows from " + std::to_string(y) + " are unreadable");
      raw += bytes;
    }
  return Status::success();
}

Status TiffStack::File::readTiles(TIFF *tiff, const PageFormat &format,
                                  std::vector<uint8_t> &raw) const {
  uint32_t width = 0, height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height);
  const uint64_t tileRow = TIFFTileRowSize64(tiff), size = TIFFTileSize64(tiff);
  const uint64_t pixelBits =
      uint64_t{format.bits} * (format.separatePlanes ? 1 : format.samples);
  if (width == 0 || height == 0 || size != tileRow * height ||
      tileRow != (width * pixelBits + 7) / 8 || width * pixelBits % 8 != 0)
    return dataLoss("tiles of " + std::to_string(width) + "x" +
                    std::to_string(height) + ", expected multiples of 16");
  // A tile may be larger than its page, within reason.
  if (size > 4 * format.planeBytes() + (1u << 22))
    return dataLoss("tiles of " + std::to_string(size) +
                    " bytes in a page of " +
                    std::to_string(format.planeBytes()));
  std::vector<uint8_t> buffer;
  SEGC_RETURN_IF_ERROR(allocate(buffer, size, "a tile"));
  uint32_t tile = 0;
  for (uint64_t plane = 0; plane < raw.size(); plane += format.planeBytes())
    for (int64_t y = 0; y < format.height; y += height)
      for (int64_t x = 0; x < format.width; x += width, ++tile) {
        if (TIFFReadEncodedTile(tiff, tile, buffer.data(),
                                static_cast<tmsize_t>(size)) !=
            static_cast<tmsize_t>(size))
          return dataLoss("tile " + std::to_string(tile) + " is unreadable");
        const uint64_t at = static_cast<uint64_t>(x) * pixelBits / 8;
        const uint64_t part = std::min(tileRow, format.rowBytes() - at);
        for (int64_t row = 0;
             row < std::min<int64_t>(height, format.height - y); ++row)
          std::memcpy(
              raw.data() + plane +
                  static_cast<uint64_t>(y + row) * format.rowBytes() + at,
              buffer.data() + static_cast<uint64_t>(row) * tileRow, part);
      }
  return Status::success();
}

Status TiffStack::File::readRaw(TIFF *tiff, const MemoryFile &memory,
                                const PageEntry &entry,
                                const PageFormat &format,
                                std::vector<uint8_t> &raw) const {
  SEGC_RETURN_IF_ERROR(allocate(raw, format.bytes(), "pixels"));
  if (entry.plane) {
    // listPages has found room for it.
    std::memcpy(raw.data(), bytes.data() + *entry.plane, raw.size());
    const uint64_t size = format.bits / 8;
    if (TIFFIsByteSwapped(tiff) && size > 1)
      for (uint64_t i = 0; i + size <= raw.size(); i += size)
        std::reverse(raw.begin() + static_cast<std::ptrdiff_t>(i),
                     raw.begin() + static_cast<std::ptrdiff_t>(i + size));
    return Status::success();
  }
  if (TIFFIsTiled(tiff))
    SEGC_RETURN_IF_ERROR(readTiles(tiff, format, raw));
  else if (static_cast<uint64_t>(TIFFScanlineSize64(tiff)) != format.rowBytes())
    return dataLoss("rows of " + std::to_string(TIFFScanlineSize64(tiff)) +
                    " bytes, expected " + std::to_string(format.rowBytes()));
  else
    SEGC_RETURN_IF_ERROR(readStrips(tiff, format, raw.data()));
  return memory.error.empty() ? Status::success() : dataLoss("damaged pixels");
}

template <typename F>
Status TiffStack::File::withPage(int64_t index, F f) const {
  const PageEntry &entry = list.entries[static_cast<size_t>(index)];
  MemoryFile memory;
  TiffHandle tiff = open(memory);
  if (!tiff || !TIFFSetSubDirectory(tiff.get(), entry.directory))
    return damaged(page(index), "is unreadable", memory);
  SEGC_ASSIGN_OR_RETURN(PageFormat format,
                        readFormat(tiff.get(), page(index), use));
  std::vector<uint8_t> raw;
  Status status = readRaw(tiff.get(), memory, entry, format, raw);
  if (status.code() == StatusCode::DataLoss)
    return damaged(page(index), status.message(), memory);
  SEGC_RETURN_IF_ERROR(status.withContext(page(index)));
  return f(format, tiff.get(), std::move(raw));
}

//===----------------------------------------------------------------------===//
// From stored numbers to grey
//===----------------------------------------------------------------------===//

Status TiffStack::File::findScale(const PageFormat &first) {
  if (first.photometric == PHOTOMETRIC_PALETTE)
    return Status::success();
  GreyScale range(first, use);
  for (int64_t i = 0;
       !range.isFixed() && i < static_cast<int64_t>(list.entries.size()); ++i)
    SEGC_RETURN_IF_ERROR(withPage(
        i, [&](const PageFormat &format, TIFF *, std::vector<uint8_t> raw) {
          return range.add(format, raw, page(i));
        }));
  SEGC_ASSIGN_OR_RETURN(scale, range.factor(where, list.warnings));
  return Status::success();
}

StatusOr<std::vector<uint8_t>> TiffStack::page(int64_t index) const {
  std::vector<uint8_t> pixels;
  SEGC_RETURN_IF_ERROR(file->withPage(
      index,
      [&](const PageFormat &format, TIFF *tiff,
          std::vector<uint8_t> raw) -> Status {
        const bool inverted = format.photometric == PHOTOMETRIC_MINISWHITE;
        const bool palette = format.photometric == PHOTOMETRIC_PALETTE;
        if (format.samples == 1 && format.bits == 8 && file->scale == 1 &&
            !inverted && !palette) {
          pixels = std::move(raw);
          return Status::success();
        }
        std::vector<uint8_t> colours;
        if (palette && file->use == ImageUse::Image) {
          SEGC_ASSIGN_OR_RETURN(
              colours, greyPalette(tiff, format.bits, file->page(index)));
        }
        pixels.reserve(static_cast<size_t>(pageSize()));
        const bool grey = forEachPixel(format, raw, [&](double value) {
          if (!colours.empty())
            value = colours[static_cast<size_t>(value)];
          const uint8_t rounded = greyLevel(value, file->scale);
          pixels.push_back(inverted ? 255 - rounded : rounded);
        });
        return grey ? Status::success()
                    : unsupported(file->page(index) +
                                  ": RGB colours, expected grey; convert it to "
                                  "8-bit grey");
      }));
  return pixels;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

StatusOr<TiffStack> TiffStack::decode(std::string bytes,
                                      const std::string &where, ImageUse use,
                                      const ImageLimits &limits) {
  auto file = std::make_shared<File>();
  file->bytes = std::move(bytes);
  file->where = where;
  file->use = use;
  file->limits = limits;
  MemoryFile memory;
  TiffHandle tiff = file->open(memory);
  if (!tiff) {
    std::string foreign = foreignFormat(file->bytes, where);
    return foreign.empty() ? damaged(where, "not a TIFF file", memory)
                           : unsupported(where + ": " + foreign);
  }
  SEGC_ASSIGN_OR_RETURN(file->list,
                        listPages(tiff.get(), memory, where, use, limits));
  TIFFSetSubDirectory(tiff.get(), file->list.entries[0].directory);
  SEGC_ASSIGN_OR_RETURN(PageFormat format,
                        readFormat(tiff.get(), file->page(0), use));
  file->width = format.width;
  file->height = format.height;
  file->orientation = format.orientation;
  SEGC_RETURN_IF_ERROR(file->findScale(format));
  TiffStack stack;
  stack.file = std::move(file);
  return stack;
}

StatusOr<TiffStack> TiffStack::read(const std::string &path, ImageUse use,
                                    const ImageLimits &limits) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(path, limits));
  return decode(std::move(bytes), path, use, limits);
}

int64_t TiffStack::width() const { return file ? file->width : 0; }
int64_t TiffStack::height() const { return file ? file->height : 0; }
int TiffStack::orientation() const { return file ? file->orientation : 1; }
int64_t TiffStack::pages() const {
  return file ? static_cast<int64_t>(file->list.entries.size()) : 0;
}
const std::vector<std::string> &TiffStack::warnings() const {
  static const std::vector<std::string> none;
  return file ? file->list.warnings : none;
}
