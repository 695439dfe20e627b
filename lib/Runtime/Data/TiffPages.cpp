//===- TiffPages.cpp - Directories of a TIFF file -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TiffPages.h"

#include <algorithm>

using namespace segc;
using namespace segc::tiff;

Status segc::tiff::damaged(const std::string &where, const std::string &what,
                           const MemoryFile &file) {
  return dataLoss(where + ": " + what +
                  (file.error.empty() ? "" : ": " + file.error) +
                  "; expected a complete TIFF, copy the file again");
}

//===----------------------------------------------------------------------===//
// One directory
//===----------------------------------------------------------------------===//

/// Into how many bytes a codec unpacks one at most; generous where the format
/// sets no bound of its own.
static uint64_t maxExpansion(uint16_t compression) {
  switch (compression) {
  case COMPRESSION_NONE:
    return 1;
  case COMPRESSION_PACKBITS:
    return 64;
  case COMPRESSION_LZW:
    return 4096;
  case COMPRESSION_ADOBE_DEFLATE:
  case COMPRESSION_DEFLATE:
    return 1032;
  }
  return uint64_t{1} << 20;
}

static Status checkCompression(uint16_t compression, const std::string &where) {
  // libtiff itself calls its reading of the old JPEG in TIFF unreliable.
  if (compression != COMPRESSION_OJPEG && TIFFIsCODECConfigured(compression))
    return Status::success();
  const TIFFCodec *codec = TIFFFindCODEC(compression);
  return unsupported(where + ": compression " + std::to_string(compression) +
                     (codec ? std::string(" (") + codec->name + ")" : "") +
                     ", expected none, PackBits, LZW or Deflate; save the "
                     "image again with one of those");
}

static const char *colours(uint16_t photometric) {
  switch (photometric) {
  case PHOTOMETRIC_YCBCR:
    return "YCbCr colours";
  case PHOTOMETRIC_SEPARATED:
    return "CMYK colours";
  case PHOTOMETRIC_CIELAB:
  case PHOTOMETRIC_ICCLAB:
  case PHOTOMETRIC_ITULAB:
    return "L*a*b* colours";
  case PHOTOMETRIC_MASK:
    return "a transparency mask";
  }
  return nullptr;
}

static Status checkSamples(TIFF *tiff, const PageFormat &format,
                           const std::string &where) {
  uint16_t extras = 0, *kinds = nullptr;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
  const bool rgb = format.photometric == PHOTOMETRIC_RGB;
  const int colourSamples = rgb ? 3 : 1;
  // An opacity beside the grey is no second channel.
  const bool alpha = extras == 1 && format.samples == colourSamples + 1 &&
                     kinds[0] != EXTRASAMPLE_UNSPECIFIED;
  if (format.samples == colourSamples || alpha)
    return Status::success();
  return invalidArgument(where + ": " + std::to_string(format.samples) +
                         " channels (samples) a pixel, expected one; save the "
                         "channel to segment as a grey stack of its own");
}

StatusOr<PageFormat>
segc::tiff::readFormat(TIFF *tiff, const std::string &where, ImageUse use) {
  PageFormat format;
  uint32_t width = 0, height = 0, depth = 1;
  uint16_t compression = COMPRESSION_NONE, planar = PLANARCONFIG_CONTIG;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff, TIFFTAG_IMAGEDEPTH, &depth);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &format.bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &format.samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format.sampleFormat);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &format.orientation);
  TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &format.photometric);
  if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
    return dataLoss(where + ": size " + std::to_string(width) + "x" +
                    std::to_string(height) + ", expected 1..2^31-1");
  if (uint64_t{width} * height > uint64_t{1} << 40)
    return dataLoss(where + ": size " + std::to_string(width) + "x" +
                    std::to_string(height) + ", expected at most 2^40 pixels");
  if (depth != 1)
    return unsupported(where + ": " + std::to_string(depth) +
                       " slices in one page (ImageDepth), expected one slice "
                       "a page");
  format.width = width;
  format.height = height;
  format.separatePlanes = planar == PLANARCONFIG_SEPARATE && format.samples > 1;
  if (const char *name = colours(format.photometric))
    return unsupported(where + ": " + name +
                       ", expected grey; convert it to "
                       "8-bit grey");
  SEGC_RETURN_IF_ERROR(checkSamples(tiff, format, where));
  SEGC_RETURN_IF_ERROR(checkCompression(compression, where));
  const bool real = format.sampleFormat == SAMPLEFORMAT_IEEEFP;
  const bool integer = format.sampleFormat == SAMPLEFORMAT_UINT ||
                       format.sampleFormat == SAMPLEFORMAT_INT ||
                       format.sampleFormat == SAMPLEFORMAT_VOID;
  const uint16_t b = format.bits;
  const bool known =
      real      ? b == 32 || b == 64
      : integer ? b == 8 || b == 16 || b == 32 ||
                      ((b == 1 || b == 2 || b == 4) && format.samples == 1)
                : false;
  format.isReal = real;
  format.isSigned = format.sampleFormat == SAMPLEFORMAT_INT;
  format.isRgb = format.photometric == PHOTOMETRIC_RGB;
  const bool palette = format.photometric == PHOTOMETRIC_PALETTE;
  if (!known || (palette && (real || b > 16)))
    return unsupported(where + ": pixels of " + std::to_string(b) + " bits" +
                       (real      ? " (floating point)"
                        : integer ? ""
                                  : " (complex or of an unknown format)") +
                       ", expected integers of 1, 2, 4, 8, 16 or 32 bits, f32 "
                       "or f64; convert it to 8-bit grey");
  if (palette && use == ImageUse::Image)
    SEGC_RETURN_IF_ERROR(greyPalette(tiff, b, where).status());
  return format;
}

StatusOr<std::vector<uint8_t>>
segc::tiff::greyPalette(TIFF *tiff, uint16_t bits, const std::string &where) {
  uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
    return dataLoss(where + ": indices of a palette that the file lacks");
  std::vector<uint8_t> grey;
  for (size_t i = 0; i < size_t{1} << bits; ++i) {
    if (red[i] != green[i] || red[i] != blue[i])
      return unsupported(where + ": a palette of colours, expected grey; "
                                 "convert it to 8-bit grey");
    grey.push_back(static_cast<uint8_t>(red[i] >> 8));
  }
  return grey;
}

//===----------------------------------------------------------------------===//
// All directories
//===----------------------------------------------------------------------===//

static constexpr uint64_t maxPlanes = uint64_t{1} << 20;

/// ImageJ's stacks above 4 GiB and those that it calls virtual have one
/// directory, as all of MetaMorph's have; the planes follow its pixels without
/// compression.
static Status addContiguous(TIFF *tiff, const MemoryFile &file,
                            const PageFormat &format,
                            const StackDescription &described,
                            const std::string &where, PageList &pages) {
  const int64_t images = described.images;
  uint16_t compression = COMPRESSION_NONE;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  const std::string counted = where + ": " + described.counted();
  if (compression != COMPRESSION_NONE || TIFFIsTiled(tiff) ||
      format.separatePlanes)
    return dataLoss(counted + ", the file has one page; save the stack again");
  // One plane may be cut into strips, which then follow each other.
  uint64_t begin = TIFFGetStrileOffset(tiff, 0), end = begin;
  for (uint32_t strip = 0; strip < TIFFNumberOfStrips(tiff); ++strip) {
    if (TIFFGetStrileOffset(tiff, strip) != end)
      return dataLoss(counted + ", but its page is not in one piece; save the "
                                "stack again");
    const uint64_t bytes = TIFFGetStrileByteCount(tiff, strip);
    end += std::min<uint64_t>(bytes, format.bytes() - (end - begin));
  }
  const uint64_t size = file.input.size(), plane = format.bytes();
  const uint64_t room = begin < size ? (size - begin) / plane : 0;
  if (static_cast<uint64_t>(images) > std::min(room, maxPlanes))
    return dataLoss(counted + ", the file has room for " +
                    std::to_string(room) + "; it is truncated");
  for (int64_t i = 0; i < images; ++i)
    pages.entries.push_back(
        {TIFFCurrentDirOffset(tiff), begin + static_cast<uint64_t>(i) * plane});
  return Status::success();
}

static bool isPage(TIFF *tiff) {
  uint32_t kind = 0;
  uint16_t oldKind = 0;
  TIFFGetField(tiff, TIFFTAG_SUBFILETYPE, &kind);
  TIFFGetField(tiff, TIFFTAG_OSUBFILETYPE, &oldKind);
  return !(kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) &&
         oldKind != OFILETYPE_REDUCEDIMAGE;
}

static Status checkLikeFirst(const PageFormat &format, const PageFormat &first,
                             const std::string &here) {
  if (format.width != first.width || format.height != first.height)
    return invalidArgument(here + ": size " + std::to_string(format.width) +
                           "x" + std::to_string(format.height) + ", expected " +
                           std::to_string(first.width) + "x" +
                           std::to_string(first.height) + " like page 0");
  if (format.bits != first.bits || format.sampleFormat != first.sampleFormat)
    return invalidArgument(here + ": pixels of " + std::to_string(format.bits) +
                           " bits, expected the type of page 0 (" +
                           std::to_string(first.bits) + " bits)");
  return Status::success();
}

StatusOr<PageList> segc::tiff::listPages(TIFF *tiff, const MemoryFile &file,
                                         const std::string &where, ImageUse use,
                                         const ImageLimits &limits) {
  PageList pages;
  PageFormat first;
  StackDescription described;
  int64_t skipped = 0;
  uint16_t turned = ORIENTATION_TOPLEFT;
  uint64_t stored = 0, possible = 0;
  auto checkTotal = [&]() -> Status {
    // A pixel of fewer bits is unpacked to a byte.
    const uint64_t pixels = static_cast<uint64_t>(first.width) *
                            static_cast<uint64_t>(first.height) *
                            pages.entries.size();
    SEGC_RETURN_IF_ERROR(limits.check(std::max(stored, pixels), where));
    if (stored <= possible)
      return Status::success();
    return dataLoss(where + ": " + std::to_string(pages.entries.size()) +
                    " pages of " + std::to_string(first.width) + "x" +
                    std::to_string(first.height) +
                    " cannot come from a file of " +
                    std::to_string(file.input.size()) + " bytes");
  };
  do {
    if (!isPage(tiff)) {
      ++skipped;
      continue;
    }
    const std::string here =
        where + ": page " + std::to_string(pages.entries.size());
    SEGC_ASSIGN_OR_RETURN(PageFormat format, readFormat(tiff, here, use));
    uint16_t compression = COMPRESSION_NONE;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    possible =
        std::max(possible, maxExpansion(compression) * file.input.size());
    if (pages.entries.empty()) {
      first = format;
      SEGC_ASSIGN_OR_RETURN(described, describeStack(tiff, format, where));
    }
    SEGC_RETURN_IF_ERROR(checkLikeFirst(format, first, here));
    if (turned == ORIENTATION_TOPLEFT)
      turned = format.orientation;
    pages.entries.push_back({TIFFCurrentDirOffset(tiff), std::nullopt});
    stored += format.bytes();
    SEGC_RETURN_IF_ERROR(checkTotal());
  } while (TIFFReadDirectory(tiff));
  if (!file.error.empty())
    return damaged(where, "the list of its pages is broken", file);
  if (pages.entries.empty())
    return invalidArgument(where + ": thumbnails or masks alone, expected at "
                                   "least one page");
  const int64_t images = described.images;
  if (images > 1 && pages.entries.size() == 1) {
    TIFFSetSubDirectory(tiff, pages.entries[0].directory);
    pages.entries.clear();
    SEGC_RETURN_IF_ERROR(
        addContiguous(tiff, file, first, described, where, pages));
    stored = first.bytes() * static_cast<uint64_t>(images);
    SEGC_RETURN_IF_ERROR(checkTotal());
  }
  const auto found = static_cast<int64_t>(pages.entries.size());
  if (images > 1 && images != found)
    pages.warnings.push_back(described.counted() + ", " +
                             std::to_string(found) + " pages are read");
  if (use == ImageUse::Label && first.photometric == PHOTOMETRIC_MINISWHITE)
    pages.warnings.push_back("0 is white (MinIsWhite), so the labels are what "
                             "is shown, not what is stored");
  if (turned != ORIENTATION_TOPLEFT)
    pages.warnings.push_back(
        "orientation " + std::to_string(turned) +
        " (turned or mirrored) does not count: pixels are read, and masks "
        "written, as they are stored");
  if (skipped > 0)
    pages.warnings.push_back(std::to_string(skipped) +
                             " thumbnails or masks left out");
  return pages;
}
