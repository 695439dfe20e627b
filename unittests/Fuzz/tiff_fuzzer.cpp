//===- tiff_fuzzer.cpp - Damaged TIFF files -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: a stack is as large as it says, whatever the bytes.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Tiff.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view input(reinterpret_cast<const char *>(data), size);
  segc::Expected<segc::GrayStack> stack = segc::decodeTiff(input, "input.tif");
  if (stack && stack->pixels.size() !=
                   static_cast<size_t>(stack->pageSize() * stack->pages))
    __builtin_trap();
  return 0;
}
