//===- TiffDescriptions.cpp - Image descriptions in TIFF files ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TiffPages.h"
#include "segc/Base/Json.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace segc;
using namespace segc::tiff;

/// The number behind `key` in a description, `absent` without the key, 0 if it
/// is no number.
static int64_t numberBehind(const std::string &text, const std::string &key,
                            int64_t absent) {
  const size_t at = text.find(key);
  return at == std::string::npos
             ? absent
             : std::strtoll(text.c_str() + at + key.size(), nullptr, 10);
}

static Status checkChannels(const std::string &where, const char *stack,
                            int64_t channels) {
  if (channels <= 1)
    return Status::success();
  return invalidArgument(where + ": " + stack + " of " +
                         std::to_string(channels) +
                         " channels, expected one; save the channel to "
                         "segment as a stack of its own");
}

/// Lines of key=number.
static StatusOr<StackDescription> describeImageJ(const std::string &text,
                                                 const std::string &where) {
  SEGC_RETURN_IF_ERROR(checkChannels(where, "an ImageJ stack",
                                     numberBehind(text, "\nchannels=", 1)));
  StackDescription stack;
  stack.source = "ImageJ's description";
  for (const char *key : {"\nimages=", "\nslices="})
    if (stack.images == 1)
      stack.images = std::max<int64_t>(numberBehind(text, key, 1), 1);
  return stack;
}

/// Channels of the first series of OME's XML. The samples of a pixel count as
/// channels there.
static int64_t omeChannels(const std::string &text, const PageFormat &format) {
  const size_t begin = text.find("<Pixels");
  if (begin == std::string::npos)
    return 1;
  const std::string pixels = text.substr(begin, text.find('>', begin) - begin);
  return numberBehind(pixels, " SizeC=\"", 1) / format.samples;
}

/// tifffile notes {"shape": [2, 3, 128, 128], "axes": "CZYX"}. Of a series that
/// it calls truncated all but the first page lack directories.
static StatusOr<StackDescription> describeTifffile(const std::string &text,
                                                   const PageFormat &format,
                                                   const std::string &where) {
  StackDescription stack;
  stack.source = "tifffile's description";
  StatusOr<Json> json = parseJson(text, "description");
  if (!json.ok() || !json->is_object())
    return stack;
  const Json shape = json->value("shape", Json()),
             axes = json->value("axes", Json());
  if (!shape.is_array())
    return stack;
  double pixels = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t size =
        shape[i].is_number_unsigned() && shape[i].get<uint64_t>() <= INT32_MAX
            ? shape[i].get<int64_t>()
            : 0;
    pixels *= double(size);
    if (axes.is_string() && axes.get<std::string>().find('C') == i)
      SEGC_RETURN_IF_ERROR(checkChannels(where, "a stack of tifffile", size));
  }
  const double page =
      double(format.width) * double(format.height) * format.samples;
  if (json->value("truncated", Json()) == true && pixels < 0x1p62)
    stack.images = std::max<int64_t>(1, static_cast<int64_t>(pixels / page));
  return stack;
}

/// The planes of a MetaMorph stack (STK): as many as its UIC2 tag has entries.
static int64_t metaMorphPlanes(TIFF *tiff) {
  constexpr uint32_t uic2 = 33629;
  uint32_t count = 0;
  void *entries = nullptr;
  const TIFFField *field = TIFFFindField(tiff, uic2, TIFF_ANY);
  const bool counted = field && TIFFFieldPassCount(field) &&
                       TIFFFieldReadCount(field) == TIFF_VARIABLE2;
  return counted && TIFFGetField(tiff, uic2, &count, &entries) ? count : 1;
}

StatusOr<StackDescription> segc::tiff::describeStack(TIFF *tiff,
                                                     const PageFormat &format,
                                                     const std::string &where) {
  StackDescription stack;
  stack.source = "MetaMorph's tag";
  stack.images = std::max<int64_t>(metaMorphPlanes(tiff), 1);
  const char *description = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_IMAGEDESCRIPTION, &description))
    return stack;
  const std::string text = description;
  if (text.rfind("ImageJ=", 0) == 0)
    return describeImageJ(text, where);
  if (text.find("<OME") != std::string::npos)
    SEGC_RETURN_IF_ERROR(
        checkChannels(where, "an OME stack", omeChannels(text, format)));
  else if (text.rfind("{", 0) == 0)
    return describeTifffile(text, format, where);
  return stack;
}
