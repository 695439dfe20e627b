//===- tiff_fuzzer.cpp - Damaged TIFF files -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: for any bytes, a decoded stack has the size that it states.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string input(reinterpret_cast<const char *>(data), size);
  for (segc::ImageUse use : {segc::ImageUse::Image, segc::ImageUse::Label}) {
    segc::StatusOr<segc::TiffStack> stack =
        segc::TiffStack::decode(input, "input.tif", use, {1 << 24});
    // A few pages suffice, because all are read in the same way.
    for (int64_t i = 0; stack && i < std::min<int64_t>(stack->pages(), 4);
         ++i) {
      auto page = stack->page(i);
      if (page &&
          page->size() != static_cast<size_t>(stack->width() * stack->height()))
        __builtin_trap();
    }
  }
  return 0;
}
