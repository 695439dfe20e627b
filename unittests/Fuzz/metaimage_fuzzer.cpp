//===- metaimage_fuzzer.cpp - Damaged MetaImage files ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: for any bytes, a decoded volume has the size that it states.
//
//===----------------------------------------------------------------------===//

#include "VolumeFuzzer.h"
#include "segc/Runtime/Data/MetaImage.h"

#include <cstddef>
#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string input(reinterpret_cast<const char *>(data), size);
  segc::StatusOr<segc::Volume> volume =
      segc::decodeMetaImage(std::move(input), "/nowhere/input.mha", {1 << 24});
  segc::fuzz::checkVolume(volume);
  return 0;
}
