//===- png_fuzzer.cpp - Damaged PNG files ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: for any bytes, a decoded slice has the size that it states.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Png.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string input(reinterpret_cast<const char *>(data), size);
  for (segc::ImageUse use : {segc::ImageUse::Image, segc::ImageUse::Label}) {
    segc::StatusOr<segc::PngSlice> slice =
        segc::decodePng(input, "input.png", use, {1 << 24});
    if (slice && slice->pixels.size() !=
                     static_cast<size_t>(slice->width * slice->height))
      __builtin_trap();
  }
  return 0;
}
