//===- PngReader.cpp - Reading slices in PNG ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "GreyPixels.h"
#include "ImageFile.h"
#include "segc/Runtime/Data/Png.h"

#include <array>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <png.h>

using namespace segc;

namespace {

/// A file in memory and the objects of libpng, which jumps out of its functions
/// on errors: what must be released lies here and not in the functions.
struct Decoder {
  explicit Decoder(std::string_view bytes) : rest(bytes) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &fail, &ignore);
    info = png ? png_create_info_struct(png) : nullptr;
    if (png)
      png_set_read_fn(png, this, &take);
  }
  Decoder(const Decoder &) = delete;
  Decoder &operator=(const Decoder &) = delete;
  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }

  /// Each false after an error, whose text is in `error`.
  bool readHeader();
  bool readPixels();

  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf stop;
  std::array<char, 128> error{};
  std::vector<uint8_t> pixels; ///< To be sized between the two.
  std::vector<uint8_t *> rows; ///< Of pixels.

private:
  [[noreturn]] static void fail(png_structp png, png_const_charp message) {
    auto *self = static_cast<Decoder *>(png_get_error_ptr(png));
    std::strncpy(self->error.data(), message, self->error.size() - 1);
    std::longjmp(self->stop, 1);
  }
  static void ignore(png_structp, png_const_charp) {}
  static void take(png_structp png, png_bytep result, size_t count) {
    auto *self = static_cast<Decoder *>(png_get_io_ptr(png));
    if (count > self->rest.size())
      png_error(png, "the file ends before the image");
    std::memcpy(result, self->rest.data(), count);
    self->rest.remove_prefix(count);
  }

  std::string_view rest;
};

} // namespace

bool Decoder::readHeader() {
  if (!png || !info || setjmp(stop))
    return false;
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
  // Texts and profiles may unpack to much and say nothing about pixels.
  png_set_chunk_malloc_max(png, 8 << 20);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, info);
  if (png_get_bit_depth(png, info) == 16 &&
      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
    png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  return true;
}

bool Decoder::readPixels() {
  if (setjmp(stop))
    return false;
  png_read_image(png, rows.data());
  png_read_end(png, nullptr);
  return true;
}

static Status damaged(const std::string &where, const Decoder &decoder) {
  return dataLoss(where + ": " + decoder.error.data() +
                  "; expected a complete PNG, copy the file again");
}

/// The grey of each index; an error if one is coloured.
static StatusOr<std::vector<uint8_t>> greyPalette(Decoder &decoder,
                                                  const std::string &where) {
  png_colorp colours = nullptr;
  int count = 0;
  if (!png_get_PLTE(decoder.png, decoder.info, &colours, &count))
    return dataLoss(where + ": indices of a palette that the file lacks");
  std::vector<uint8_t> grey(256, 0);
  for (int i = 0; i < count; ++i) {
    const png_color &colour = colours[i];
    if (colour.red != colour.green || colour.red != colour.blue)
      return unsupported(where + ": a palette of colours, expected grey; "
                                 "convert it to 8-bit grey");
    grey[static_cast<size_t>(i)] = colour.red;
  }
  return grey;
}

/// Whether an opacity beside the grey or the colour says something.
static bool isTransparent(const PixelFormat &format,
                          const std::vector<uint8_t> &raw) {
  if (format.samples != 2 && format.samples != 4)
    return false;
  const double opaque = (1 << format.bits) - 1;
  const uint64_t pixels = static_cast<uint64_t>(format.width) *
                          static_cast<uint64_t>(format.height);
  for (uint64_t i = 1; i <= pixels; ++i)
    if (pixelValue(format, raw.data(), i * format.samples - 1) != opaque)
      return true;
  return false;
}

static Status checkSize(const PixelFormat &format, size_t packedBytes,
                        const std::string &where, const ImageLimits &limits) {
  // Both sizes have 31 bits and a pixel at most 64: no overflow. A pixel of
  // fewer bits is unpacked to a byte.
  const uint64_t pixels = static_cast<uint64_t>(format.width) *
                          static_cast<uint64_t>(format.height);
  if (format.width > int64_t{1} << 24 || format.height > int64_t{1} << 24)
    return dataLoss(where + ": size " + std::to_string(format.width) + "x" +
                    std::to_string(format.height) +
                    ", expected at most 2^24 a side");
  // Deflate cannot unpack a byte into more.
  if (format.bytes() / 1032 > packedBytes)
    return dataLoss(where + ": " + std::to_string(format.width) + "x" +
                    std::to_string(format.height) +
                    " pixels cannot come from a file of " +
                    std::to_string(packedBytes) + " bytes");
  return limits.check(std::max(format.bytes(), pixels), where);
}

StatusOr<PngSlice> segc::decodePng(const std::string &bytes,
                                   const std::string &where, ImageUse use,
                                   const ImageLimits &limits) {
  if (png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0,
                  std::min<size_t>(bytes.size(), 8)) != 0 ||
      bytes.size() < 8) {
    const std::string foreign = foreignFormat(bytes, where);
    return foreign.empty() ? dataLoss(where + ": not a PNG file")
                           : unsupported(where + ": " + foreign);
  }
  Decoder decoder(bytes);
  if (!decoder.readHeader())
    return damaged(where, decoder);
  const int colours = png_get_color_type(decoder.png, decoder.info);
  PixelFormat format;
  format.width = png_get_image_width(decoder.png, decoder.info);
  format.height = png_get_image_height(decoder.png, decoder.info);
  format.bits = png_get_bit_depth(decoder.png, decoder.info);
  format.samples = png_get_channels(decoder.png, decoder.info);
  const bool palette = colours == PNG_COLOR_TYPE_PALETTE;
  format.isRgb = !palette && (colours & PNG_COLOR_MASK_COLOR);
  SEGC_RETURN_IF_ERROR(checkSize(format, bytes.size(), where, limits));
  std::vector<uint8_t> greys;
  if (palette && use == ImageUse::Image) {
    SEGC_ASSIGN_OR_RETURN(greys, greyPalette(decoder, where));
  }
  SEGC_RETURN_IF_ERROR(allocate(decoder.pixels, format.bytes(), where));
  for (int64_t y = 0; y < format.height; ++y)
    decoder.rows.push_back(decoder.pixels.data() +
                           static_cast<uint64_t>(y) * format.rowBytes());
  if (!decoder.readPixels())
    return damaged(where, decoder);

  PngSlice slice;
  slice.width = format.width;
  slice.height = format.height;
  if (isTransparent(format, decoder.pixels))
    slice.warnings.push_back("its transparency does not count; the grey of "
                             "transparent pixels does");
  double factor = 1;
  if (!palette) {
    GreyScale range(format, use);
    if (!range.isFixed())
      SEGC_RETURN_IF_ERROR(range.add(format, decoder.pixels, where));
    SEGC_ASSIGN_OR_RETURN(factor, range.factor(where, slice.warnings));
  }
  slice.pixels.reserve(static_cast<size_t>(format.width * format.height));
  const bool grey = forEachPixel(format, decoder.pixels, [&](double value) {
    slice.pixels.push_back(greys.empty() ? greyLevel(value, factor)
                                         : greys[static_cast<size_t>(value)]);
  });
  if (!grey)
    return unsupported(
        where + ": RGB colours, expected grey" +
        (use == ImageUse::Label ? " or a palette of labels" : "") +
        "; convert it to 8-bit grey");
  return slice;
}
