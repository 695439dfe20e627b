//===- json_fuzzer.cpp - Arbitrary text as JSON ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Json.h"

#include <cstddef>
#include <cstdint>

// A value that is parsed and printed is parsed to the same value again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  segc::StatusOr<segc::Json> json = segc::parseJson(text, "input.json");
  if (!json)
    return 0;
  segc::StatusOr<segc::Json> again =
      segc::parseJson(segc::jsonText(*json, 1), "again");
  if (!again || *again != *json)
    __builtin_trap();
  return 0;
}
