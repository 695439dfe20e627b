//===- splits_json_fuzzer.cpp - Arbitrary text as folds -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: accepted folds are never none.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/SplitsFile.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  auto folds = segc::parseSplits(text, "splits_final.json");
  if (folds && folds->empty())
    __builtin_trap();
  return 0;
}
