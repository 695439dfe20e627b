//===- safetensors_fuzzer.cpp - Arbitrary bytes as a header ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first two bytes are the size of the data section, the rest is the header.
// Tensors of an accepted header must cover the data section without gaps or
// overlaps.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Safetensors.h"

#include <cstdlib>

using namespace segc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 2)
    return 0;
  uint64_t dataBytes = bytes[0] | uint64_t{bytes[1]} << 8;
  std::string_view text(reinterpret_cast<const char *>(bytes) + 2, size - 2);
  auto header = parseSafetensorsHeader(text, dataBytes, "fuzz");
  if (!header.ok())
    return 0;
  uint64_t covered = 0;
  for (const TensorEntry &tensor : header->tensors) {
    if (tensor.begin != covered || tensor.end < tensor.begin)
      std::abort();
    covered = tensor.end;
  }
  if (covered != dataBytes)
    std::abort();
  return 0;
}
