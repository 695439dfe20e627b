//===- Tiff.cpp - Multi-page grey TIFF ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"
#include "segc/Base/Files.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tiffio.h>

using namespace segc;

/// No codec we read unpacks a byte into more than this many (LZW: about 2700).
static constexpr uint64_t maxExpansion = 4096;
static constexpr uint64_t maxPixels = uint64_t{1} << 33;

namespace {

/// A file in memory, and what libtiff had to say about it.
struct MemoryFile {
  std::string_view input; // When reading.
  std::string output;     // When writing.
  bool writing = false;
  uint64_t position = 0;
  std::string error;

  std::string_view bytes() const {
    return writing ? std::string_view(output) : input;
  }
};

} // namespace

static tmsize_t readProc(thandle_t handle, void *buffer, tmsize_t count) {
  auto *file = static_cast<MemoryFile *>(handle);
  std::string_view bytes = file->bytes();
  if (count <= 0 || file->position >= bytes.size())
    return 0;
  uint64_t got = std::min<uint64_t>(static_cast<uint64_t>(count),
                                    bytes.size() - file->position);
  std::memcpy(buffer, bytes.data() + file->position, got);
  file->position += got;
  return static_cast<tmsize_t>(got);
}

static tmsize_t writeProc(thandle_t handle, void *buffer, tmsize_t count) {
  auto *file = static_cast<MemoryFile *>(handle);
  if (!file->writing || count <= 0)
    return 0;
  uint64_t end = file->position + static_cast<uint64_t>(count);
  if (file->output.size() < end)
    file->output.resize(end);
  std::memcpy(file->output.data() + file->position, buffer,
              static_cast<size_t>(count));
  file->position = end;
  return count;
}

static toff_t seekProc(thandle_t handle, toff_t offset, int whence) {
  auto *file = static_cast<MemoryFile *>(handle);
  if (whence == SEEK_CUR)
    offset += file->position;
  else if (whence == SEEK_END)
    offset += file->bytes().size();
  return file->position = offset;
}

static toff_t sizeProc(thandle_t handle) {
  return static_cast<MemoryFile *>(handle)->bytes().size();
}

static int closeProc(thandle_t) { return 0; }

/// Keeps the first error; returning 1 keeps libtiff from printing it.
static int keepError(TIFF *, void *user, const char *module, const char *format,
                     va_list arguments) {
  auto *file = static_cast<MemoryFile *>(user);
  if (!file->error.empty())
    return 1;
  char text[256];
  std::vsnprintf(text, sizeof(text), format, arguments);
  file->error = text;
  return 1;
}

static int dropWarning(TIFF *, void *, const char *, const char *, va_list) {
  return 1;
}

using TiffHandle = std::unique_ptr<TIFF, void (*)(TIFF *)>;

/// Every allocation libtiff makes on its own is bounded by `mostAllocation`.
static TiffHandle openTiff(MemoryFile &file, const char *mode,
                           uint64_t mostAllocation) {
  std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions *)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFF *tiff = nullptr;
  if (options) {
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(),
                                        static_cast<tmsize_t>(mostAllocation));
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keepError, &file);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), dropWarning, nullptr);
    tiff =
        TIFFClientOpenExt("memory", mode, &file, readProc, writeProc, seekProc,
                          closeProc, sizeProc, nullptr, nullptr, options.get());
  }
  return {tiff, TIFFClose};
}

static Status damaged(const std::string &where, const std::string &what,
                      const MemoryFile &file) {
  return dataLoss(where + ": " + what +
                  (file.error.empty() ? "" : ": " + file.error) +
                  "; expected a complete TIFF, copy the file again");
}

/// Checks that the current page is one that we read, and its size.
static Status checkPage(TIFF *tiff, const std::string &where, GrayStack &stack,
                        int64_t page) {
  uint32_t width = 0, height = 0;
  uint16_t bits = 1, samples = 1, format = SAMPLEFORMAT_UINT;
  uint16_t photometric = 0, compression = COMPRESSION_NONE;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  bool hasPhotometric =
      TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) != 0;
  std::string here = where + ": page " + std::to_string(page);
  if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
    return dataLoss(here + ": size " + std::to_string(width) + "x" +
                    std::to_string(height) + ", expected 1..2^31-1");
  if (bits != 8 || samples != 1 || format != SAMPLEFORMAT_UINT)
    return invalidArgument(
        here + ": " + std::to_string(samples) + " samples of " +
        std::to_string(bits) + " bits (sample format " +
        std::to_string(format) +
        "), expected one 8-bit unsigned sample; convert it to 8-bit grey");
  if (!hasPhotometric || photometric != PHOTOMETRIC_MINISBLACK)
    return unsupported(here + ": photometric interpretation " +
                       std::to_string(photometric) +
                       ", expected 1 (grey, 0 is black)");
  if (TIFFIsTiled(tiff))
    return unsupported(here + ": stored in tiles, expected strips");
  if (compression != COMPRESSION_NONE && compression != COMPRESSION_PACKBITS &&
      compression != COMPRESSION_LZW &&
      compression != COMPRESSION_ADOBE_DEFLATE &&
      compression != COMPRESSION_DEFLATE)
    return unsupported(here + ": compression " + std::to_string(compression) +
                       ", expected none, PackBits, LZW or Deflate");
  if (page == 0) {
    stack.width = width;
    stack.height = height;
  }
  if (stack.width != width || stack.height != height)
    return invalidArgument(here + ": size " + std::to_string(width) + "x" +
                           std::to_string(height) + ", expected " +
                           std::to_string(stack.width) + "x" +
                           std::to_string(stack.height) + " like page 0");
  if (TIFFScanlineSize64(tiff) != width)
    return dataLoss(here + ": rows of " +
                    std::to_string(TIFFScanlineSize64(tiff)) +
                    " bytes, expected " + std::to_string(width));
  return Status::success();
}

Expected<GrayStack> segc::decodeTiff(std::string_view bytes,
                                     const std::string &where) {
  MemoryFile file;
  file.input = bytes;
  // m: no memory mapping, c: strips as they are in the file.
  TiffHandle tiff = openTiff(file, "rmc", 16 * bytes.size() + (1u << 20));
  if (!tiff)
    return damaged(where, "not a TIFF file", file);
  GrayStack stack;
  SEGC_RETURN_IF_ERROR(checkPage(tiff.get(), where, stack, 0));
  stack.pages = static_cast<int64_t>(TIFFNumberOfDirectories(tiff.get()));
  if (stack.pages < 1)
    return damaged(where, "the list of its pages is broken", file);

  const uint64_t pageSize =
      static_cast<uint64_t>(stack.width) * static_cast<uint64_t>(stack.height);
  const uint64_t limit =
      std::min<uint64_t>(maxExpansion * bytes.size(), maxPixels);
  if (pageSize > limit / static_cast<uint64_t>(stack.pages))
    return dataLoss(
        where + ": " + std::to_string(stack.pages) + " pages of " +
        std::to_string(stack.width) + "x" + std::to_string(stack.height) +
        " cannot come from a file of " + std::to_string(bytes.size()) +
        " bytes (limit " + std::to_string(limit) + " pixels)");
  stack.pixels.resize(pageSize * static_cast<uint64_t>(stack.pages));

  uint8_t *row = stack.pixels.data();
  for (int64_t page = 0; page < stack.pages; ++page) {
    if (!TIFFSetDirectory(tiff.get(), static_cast<tdir_t>(page)))
      return damaged(where, "page " + std::to_string(page) + " is unreadable",
                     file);
    SEGC_RETURN_IF_ERROR(checkPage(tiff.get(), where, stack, page));
    for (int64_t y = 0; y < stack.height; ++y, row += stack.width)
      if (TIFFReadScanline(tiff.get(), row, static_cast<uint32_t>(y), 0) < 0 ||
          !file.error.empty())
        return damaged(where,
                       "page " + std::to_string(page) + ", row " +
                           std::to_string(y) + " is unreadable",
                       file);
  }
  return stack;
}

Expected<GrayStack> segc::readTiff(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, readFile(path));
  return decodeTiff(bytes, path);
}

Expected<std::string> segc::encodeTiff(const GrayStack &stack) {
  MemoryFile file;
  file.writing = true;
  {
    TiffHandle tiff = openTiff(file, "w", 0);
    bool good = tiff != nullptr;
    for (int64_t page = 0; good && page < stack.pages; ++page) {
      TIFF *out = tiff.get();
      auto size = static_cast<tmsize_t>(stack.pageSize());
      // libtiff asks for a mutable buffer and may use it as scratch.
      std::vector<uint8_t> pixels(stack.page(page), stack.page(page) + size);
      good =
          TIFFSetField(out, TIFFTAG_IMAGEWIDTH, uint32_t(stack.width)) &&
          TIFFSetField(out, TIFFTAG_IMAGELENGTH, uint32_t(stack.height)) &&
          TIFFSetField(out, TIFFTAG_BITSPERSAMPLE, 8) &&
          TIFFSetField(out, TIFFTAG_SAMPLESPERPIXEL, 1) &&
          TIFFSetField(out, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
          TIFFSetField(out, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
          TIFFSetField(out, TIFFTAG_ROWSPERSTRIP, uint32_t(stack.height)) &&
          TIFFSetField(out, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
          TIFFSetField(out, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE) &&
          TIFFWriteEncodedStrip(out, 0, pixels.data(), size) == size &&
          TIFFWriteDirectory(out);
    }
    if (!good || !file.error.empty())
      return internalError("cannot encode a TIFF: " + file.error);
  }
  return std::move(file.output);
}

Status segc::writeTiff(const std::string &path, const GrayStack &stack) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, encodeTiff(stack));
  return writeFileAtomically(path, bytes);
}
